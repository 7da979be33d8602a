#include "cluster/expand.h"

#include <algorithm>
#include <filesystem>
#include <gtest/gtest.h>

#include "base/ids.h"
#include "providers/existing/existing_provider.h"

#include "tests/unit/kube/kube_ports.h"

namespace slipway {
namespace {

/// Takes files and Secrets, and runs nothing: a join ends once its host was handed what it needs.
class HandedOver final : public HostWriter, public ClusterWriter {
 public:
  Result<ScriptOutcome> run(const HostAccess&, const Script&, Deadline) override { return none(); }
  Result<void> put(const HostAccess&, const RemoteFile& file, Deadline) override {
    files[file.path] = file.content;
    return {};
  }
  Result<void> wait_until_up(const HostAccess&, Deadline) override { return none(); }
  void forget(const MachineName&) override {}
  Result<Value> apply(const Value& object, Deadline) override {
    token = text_at(object.at("stringData"), "token-id") + "." + text_at(object.at("stringData"), "token-secret");
    return object;
  }
  Result<Value> patch(const ObjectKey&, const Value&, Deadline) override { return none(); }
  Result<void> remove(const ObjectKey& key, Deadline) override {
    removed.push_back(describe(key));
    return {};
  }
  Result<void> evict(const std::string&, const std::string&, Deadline) override { return none(); }

  std::vector<std::string> removed;
  std::map<std::string, std::string> files;
  std::string token;

 private:
  static Error none() { return fail(ErrorKind::bad_input, "nothing runs here"); }
};

/// A cluster of somebody else's hosts, as expand sees it; `joined` are known to state as control planes.
class ExpandTest : public ::testing::Test {
 protected:
  void make(const std::vector<std::string>& joined) {
    Result<Spec> spec = parse_spec("test.yaml", R"(name: lab
provider: existing
network: {pods: 10.244.0.0/16, services: 10.96.0.0/16, endpoint: 10.99.5.10}
pools:
  control: {role: control-plane, hosts: [{name: c1, address: 10.99.5.11}, {name: c2, address: 10.99.5.12}, {name: c3, address: 10.99.5.13}]}
  workers: {role: worker, hosts: [{name: w1, address: 10.99.5.21}]}
)");
    ASSERT_TRUE(spec) << describe(spec.error());
    spec_ = std::move(*spec);
    for (CertificateKeyPair* authority : {&identity_.cluster_ca, &identity_.front_proxy_ca, &identity_.etcd_ca})
      *authority = *make_authority({.common_name = "test"});
    identity_.service_account = *make_key_pair();
    for (const std::string& name : joined) {
      StepRecord record;
      record.machine = name;
      record.applied = true;
      const bool first = name == joined.front();
      state_.steps.emplace(StepId(first ? "kubernetes/init" : "kubernetes/join/" + name), record);
    }
    membership_ = *settle_members(spec_, state_);
    provider_ = *make_existing_provider(spec_);
    const std::string folder = std::filesystem::temp_directory_path() / ("slipway-expand-" + random_hex(6));
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
    const Result<void> expanded =
        expand(graph_, {spec_, state_, membership_, identity_, platform_, *provider_, SLIPWAY_SOURCE});
    ASSERT_TRUE(expanded) << describe(expanded.error());
    const Result<void> finished = graph_.finish();
    ASSERT_TRUE(finished) << describe(finished.error());
  }

  bool waits(const std::string& step, const std::string& for_step) const {
    const Node& node = graph_.nodes()[*graph_.find(StepId(step))];
    const size_t other = *graph_.find(StepId(for_step));
    return std::find(node.needs.begin(), node.needs.end(), other) != node.needs.end();
  }

  Spec spec_;
  State state_;
  Identity identity_;
  Platform platform_;
  Membership membership_;
  std::unique_ptr<Provider> provider_;
  Graph graph_;
};

TEST_F(ExpandTest, ANewControlPlaneWaitsUntilTheJoinedOnesKnowOfIt) {
  make({"c1", "c2"});
  for (const char* other : {"c1", "c2"}) {
    EXPECT_TRUE(waits("kubernetes/join/c3", std::string("host/") + other + "/apiserver-certificate"));
    EXPECT_TRUE(waits("kubernetes/join/c3", std::string("host/") + other + "/control-plane"));
    EXPECT_TRUE(waits("kubernetes/join/c3", std::string("host/") + other + "/upkeep"));
  }
  EXPECT_FALSE(waits("kubernetes/join/c2", "host/c1/apiserver-certificate"));
  EXPECT_FALSE(waits("kubernetes/join/w1", "host/c1/apiserver-certificate"));
}

TEST_F(ExpandTest, OfThreeAtOnceTheFirstIsPreparedBeforeTheOthersJoin) {
  make({});
  EXPECT_TRUE(waits("kubernetes/join/c2", "host/c1/apiserver-certificate"));
  EXPECT_FALSE(waits("kubernetes/join/c3", "host/c2/apiserver-certificate"));
}

TEST_F(ExpandTest, SecretsAreWrittenAgainOnceEveryApiServerWritesWithTheNewKey) {
  identity_.encryption.stage = EncryptionStage::written;
  make({"c1", "c2", "c3"});
  for (const char* machine : {"c1", "c2", "c3"})
    EXPECT_TRUE(waits("kubernetes/encryption", std::string("host/") + machine + "/upkeep"));
}

TEST_F(ExpandTest, WithoutAChangeOfTheKeyNoSecretIsTouched) {
  make({"c1"});
  EXPECT_FALSE(graph_.find(StepId("kubernetes/encryption")));
}

TEST_F(ExpandTest, CertificatesAreIssuedOneControlPlaneAtATime) {
  make({"c1"});
  for (const char* machine : {"c1", "c2", "c3"})
    for (const char* step : {"/apiserver-certificate", "/upkeep"}) {
      const StepInfo& info = graph_.nodes()[*graph_.find(StepId(std::string("host/") + machine + step))].info;
      EXPECT_EQ(std::count(info.lanes.begin(), info.lanes.end(), "control-plane-join"), 1);
    }
}

TEST_F(ExpandTest, AHostThatIsNewerThanTheApiServerDoesNotJoin) {
  make({"c1"});
  testing::FakeApi api;
  api.release = "1.35.8";
  const std::unique_ptr<KubeClient> client = api.client();
  testing::KubePorts ports(*client);
  for (const char* machine : {"c2", "w1"}) {
    HandedOver handed;
    Writer writer{ports.writer.read, handed, ports.others, handed, ports.others, ports.writer.clock};
    Inputs inputs;
    inputs.set("access", to_value(HostAccess{.machine = MachineName(machine),
                                             .address = "10.99.5.12",
                                             .jump = {},
                                             .jump_host_keys = {},
                                             .host_keys = {}}));
    testing::RecordingRecorder recorder;
    const Result<Outputs> joined =
        graph_.nodes()[*graph_.find(StepId(std::string("kubernetes/join/") + machine))].step->apply(
            writer, {.action = Action::create}, inputs, recorder);
    ASSERT_FALSE(joined);
    EXPECT_EQ(joined.error().kind, ErrorKind::bad_input);
    EXPECT_EQ(joined.error().found, "kubelet 1.36.4, API server 1.35.8");
    EXPECT_TRUE(handed.token.empty() && handed.files.empty() && handed.removed.empty()) << "nothing was touched";
  }
}

TEST_F(ExpandTest, EachHostIsHandedItsOwnJoinConfiguration) {
  make({"c1"});
  testing::FakeApi api;
  const std::unique_ptr<KubeClient> client = api.client();
  testing::KubePorts ports(*client);
  for (const auto& [machine, address] :
       {std::pair<std::string, std::string>{"c2", "10.99.5.12"}, {"w1", "10.99.5.21"}}) {
    HandedOver handed;
    Writer writer{ports.writer.read, handed, ports.others, handed, ports.others, ports.writer.clock};
    const Node& node = graph_.nodes()[*graph_.find(StepId("kubernetes/join/" + machine))];
    Inputs inputs;
    inputs.set(
        "access",
        to_value(HostAccess{
            .machine = MachineName(machine), .address = address, .jump = {}, .jump_host_keys = {}, .host_keys = {}}));
    testing::RecordingRecorder recorder;
    (void)node.step->apply(writer, {.action = Action::create}, inputs, recorder);
    const std::string configuration = handed.files["/run/slipway/join/kubeadm-join.yaml"];
    EXPECT_NE(configuration.find("name: " + machine + "\n"), std::string::npos) << configuration;
    EXPECT_NE(configuration.find("node-ip, value: \"" + address + "\""), std::string::npos) << configuration;
    EXPECT_NE(configuration.find("tlsBootstrapToken: " + handed.token + "\n"), std::string::npos) << configuration;
    EXPECT_EQ(configuration.find("advertiseAddress: " + address) != std::string::npos, machine == "c2");
    EXPECT_EQ(configuration.find('@'), std::string::npos) << configuration;
    ASSERT_FALSE(handed.removed.empty());
    EXPECT_EQ(handed.removed.front(), "Node " + machine) << "the one of a machine that is no more";
  }
}

}  // namespace
}  // namespace slipway
