#include "cluster/upgrade.h"

#include <algorithm>
#include <filesystem>
#include <gtest/gtest.h>

#include "base/ids.h"
#include "providers/existing/existing_provider.h"

namespace slipway {
namespace {

/// Three control planes and five workers of somebody else's, on their way from 1.35.8 to 1.36.4.
class UpgradeGraph : public ::testing::Test {
 protected:
  void expand(size_t max_unavailable) {
    Result<Spec> spec = parse_spec("test.yaml", R"(name: lab
provider: existing
network: {pods: 10.244.0.0/16, services: 10.96.0.0/16, endpoint: 10.99.5.10}
kubernetes: {version: 1.36.4}
pools:
  control: {role: control-plane, hosts: [{name: c1, address: 10.99.5.11}, {name: c2, address: 10.99.5.12}, {name: c3, address: 10.99.5.13}]}
  workers: {role: worker, hosts: [{name: w1, address: 10.99.5.21}, {name: w2, address: 10.99.5.22}, {name: w3, address: 10.99.5.23}, {name: w4, address: 10.99.5.24}, {name: w5, address: 10.99.5.25}]}
)");
    ASSERT_TRUE(spec) << describe(spec.error());
    spec_ = std::move(*spec);
    for (CertificateKeyPair* authority : {&identity_.cluster_ca, &identity_.front_proxy_ca, &identity_.etcd_ca})
      *authority = *make_authority({.common_name = "test"});
    membership_ = *settle_members(spec_, state_);
    provider_ = *make_existing_provider(spec_);
    const std::string folder = std::filesystem::temp_directory_path() / ("slipway-upgrade-" + random_hex(6));
    {
      const Result<std::unique_ptr<StateStore>> store =
          StateStore::open({.directory = folder, .cluster = "lab", .key_file = folder + "/key"});
      ASSERT_TRUE(store) << describe(store.error());
      Result<Platform> platform =
          load_platform(**store, spec_, membership_, identity_.cluster_ca, *provider_, SLIPWAY_SOURCE, false);
      ASSERT_TRUE(platform) << describe(platform.error());
      platform_ = std::move(*platform);
    }
    std::filesystem::remove_all(folder);
    const Result<void> expanded = expand_upgrade(
        graph_, {spec_, state_, membership_, identity_, platform_, *provider_, SLIPWAY_SOURCE},
        {.release = {.running = "1.35.8", .to = "1.36.4", .run = "upgrade-1"}, .max_unavailable = max_unavailable});
    ASSERT_TRUE(expanded) << describe(expanded.error());
    const Result<void> finished = graph_.finish();
    ASSERT_TRUE(finished) << describe(finished.error());
  }
  const Node& node(const std::string& step) const { return graph_.nodes()[*graph_.find(StepId(step))]; }
  bool waits(const std::string& step, const std::string& for_step) const {
    const size_t other = *graph_.find(StepId(for_step));
    return std::find(node(step).needs.begin(), node(step).needs.end(), other) != node(step).needs.end();
  }
  std::vector<std::vector<std::string>> waves(size_t max_unavailable) const {
    std::vector<std::vector<std::string>> names;
    for (const auto& wave : upgrade_waves(membership_, max_unavailable)) {
      names.emplace_back();
      for (const Member* member : wave) names.back().push_back(member->name.text());
    }
    return names;
  }

  Spec spec_;
  State state_;
  Identity identity_;
  Platform platform_;
  Membership membership_;
  std::unique_ptr<Provider> provider_;
  Graph graph_;
};

using Waves = std::vector<std::vector<std::string>>;

TEST_F(UpgradeGraph, ControlPlanesGoOneByOneThenWorkersInWaves) {
  expand(2);
  EXPECT_EQ(waves(1), (Waves{{"c1"}, {"c2"}, {"c3"}, {"w1"}, {"w2"}, {"w3"}, {"w4"}, {"w5"}}));
  EXPECT_EQ(waves(2), (Waves{{"c1"}, {"c2"}, {"c3"}, {"w1", "w2"}, {"w3", "w4"}, {"w5"}}));
  EXPECT_EQ(waves(9), (Waves{{"c1"}, {"c2"}, {"c3"}, {"w1", "w2", "w3", "w4", "w5"}}));
  EXPECT_EQ(waves(0), waves(1));
}

TEST_F(UpgradeGraph, EachWaveWaitsForTheOneBeforeAndTheFirstForAllImages) {
  expand(2);
  for (const char* machine : {"c1", "c2", "c3", "w1", "w5"})
    EXPECT_TRUE(waits("upgrade/c1", std::string("upgrade/") + machine + "/images")) << machine;
  EXPECT_TRUE(waits("upgrade/c2", "upgrade/c1"));
  EXPECT_TRUE(waits("upgrade/c3", "upgrade/c2"));
  for (const char* machine : {"w1", "w2"}) EXPECT_TRUE(waits(std::string("upgrade/") + machine, "upgrade/c3"));
  EXPECT_FALSE(waits("upgrade/w2", "upgrade/w1")) << "of one wave";
  for (const char* before : {"w1", "w2"})
    for (const char* after : {"w3", "w4"})
      EXPECT_TRUE(waits(std::string("upgrade/") + after, std::string("upgrade/") + before));
  EXPECT_TRUE(waits("upgrade/w5", "upgrade/w4"));
}

TEST_F(UpgradeGraph, HasNothingButMachinesArtifactsAndItsOwnSteps) {
  expand(1);
  for (const Node& each : graph_.nodes()) {
    const std::string& id = each.info.id.text();
    EXPECT_TRUE(id.starts_with("machine/") || id.starts_with("artifact/") || id.starts_with("upgrade/")) << id;
    EXPECT_FALSE(each.info.leaving) << id;
  }
  EXPECT_TRUE(graph_.find(StepId("artifact/binary/kubectl")));
  EXPECT_NE(node("upgrade/w1").info.title.find("wave 4 of 8"), std::string::npos) << node("upgrade/w1").info.title;
}

TEST_F(UpgradeGraph, WhatWasFetchedOfTheFormerReleaseIsNotTakenForTheNext) {
  StepRecord kubelet;
  kubelet.outputs = {{"version", "1.35.8"}, {"path", "/a"}, {"sha256", "b"}};
  state_.steps.emplace(StepId("artifact/binary/kubelet"), kubelet);
  kubelet.outputs["version"] = "1.36.4";
  state_.steps.emplace(StepId("artifact/binary/kubeadm"), kubelet);
  state_.steps.emplace(StepId("artifact/binary/containerd"), kubelet);
  forget_former_artifacts(state_, "1.36.4");
  EXPECT_FALSE(state_.steps.contains(StepId("artifact/binary/kubelet")));
  EXPECT_TRUE(state_.steps.contains(StepId("artifact/binary/kubeadm")));
  EXPECT_TRUE(state_.steps.contains(StepId("artifact/binary/containerd")));
}

}  // namespace
}  // namespace slipway
