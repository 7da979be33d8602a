#include "cluster/node_step.h"

#include <gtest/gtest.h>

#include "tests/unit/kube/kube_ports.h"

namespace slipway {
namespace {

using testing::FakeApi;
using testing::KubePorts;
using testing::RecordingRecorder;
using testing::yaml;

const ObjectKey key{"v1", "Node", "", "w-1"};
constexpr const char* uninitialised = "node.cloudprovider.kubernetes.io/uninitialized";

class Cloud final : public InsideAccess {
 public:
  Result<std::map<std::string, std::string>> files() const override { return std::map<std::string, std::string>{}; }
  std::string node_id(const std::string& id) const override { return "lab:///" + id; }
};

class Nodes : public ::testing::Test {
 protected:
  Nodes() : client(api.client()) {
    inputs.set("access", to_value(HostAccess{}));
    inputs.set("joined", true);
    inputs.set("id", "server-7");
  }
  void put(const std::string& spec, const std::string& labels = "{}") {
    api.put(yaml("{apiVersion: v1, kind: Node, metadata: {name: w-1, labels: " + labels + "}, spec: " + spec + "}"));
    api.set_status(key, yaml("{conditions: [{type: Ready, status: 'True'}]}"));
  }
  NodeStep step(bool with_cloud) const {
    return NodeStep({.machine = MachineName("w-1"),
                     .labels = {{"pool", "w"}},
                     .taints = {{"only", "gpu", "NoSchedule"}},
                     .cloud = with_cloud ? &cloud : nullptr});
  }
  /// Plans, applies, and says which fields the plan named; nothing may be left to do afterwards.
  std::vector<std::string> settle(bool with_cloud) {
    const NodeStep node = step(with_cloud);
    const Diff diff = plan(node);
    if (diff.action != Action::none) {
      KubePorts ports(*client);
      ports.clock.on_sleep = on_sleep;
      const Result<Outputs> done = node.apply(ports.writer, diff, inputs, recorder);
      EXPECT_TRUE(done.ok()) << describe(done.error());
    }
    EXPECT_EQ(plan(node).action, Action::none);
    std::vector<std::string> fields;
    for (const FieldChange& change : diff.fields) fields.push_back(change.field);
    return fields;
  }
  Diff plan(const NodeStep& node) {
    KubePorts ports(*client);
    const Result<Observation> seen = node.observe(ports.reader, inputs);
    EXPECT_TRUE(seen.ok()) << describe(seen.error());
    return node.diff(*seen, inputs);
  }
  std::vector<std::string> taints() const {
    std::vector<std::string> keys;
    for (const Value& taint : api.find(key)->at("spec").value("taints", Value::array()))
      keys.push_back(text_at(taint, "key"));
    return keys;
  }

  FakeApi api;
  std::unique_ptr<KubeClient> client;
  Cloud cloud;
  Inputs inputs;
  RecordingRecorder recorder;
  std::function<void()> on_sleep;
};

using Texts = std::vector<std::string>;

TEST_F(Nodes, WithoutACloudControllerOnlyOurLabelsAndTaintsAreKept) {
  put("{taints: [{key: theirs, effect: NoExecute}]}");
  EXPECT_EQ(settle(false), (Texts{"label/pool", "taint/only"}));
  EXPECT_EQ(taints(), (Texts{"theirs", "only"}));
  EXPECT_FALSE(api.find(key)->at("spec").contains("providerID"));
}

TEST_F(Nodes, ANodeThatIsThereIsHandedToACloudControllerThatCameLater) {
  put("{}");
  EXPECT_EQ(settle(true), (Texts{"label/pool", "taint/only", "provider id", std::string("taint/") + uninitialised}));
  EXPECT_EQ(api.find(key)->at("spec").at("providerID"), "lab:///server-7");
  EXPECT_EQ(taints(), (Texts{"only", uninitialised}));
}

TEST_F(Nodes, ANewNodeThatTheKubeletTaintedGetsOnlyItsId) {
  put(std::string("{taints: [{key: only, value: gpu, effect: NoSchedule}, {key: ") + uninitialised +
          ", value: 'true', effect: NoSchedule}]}",
      "{pool: w}");
  EXPECT_EQ(settle(true), Texts{"provider id"});
  EXPECT_EQ(taints(), (Texts{"only", uninitialised}));
}

TEST_F(Nodes, OneThatTheCloudControllerHasSeenIsLeftToIt) {
  put("{providerID: 'lab:///server-7', taints: [{key: only, value: gpu, effect: NoSchedule}]}",
      "{pool: w, node.kubernetes.io/instance-type: m1.small}");
  EXPECT_EQ(settle(true), Texts{});
}

TEST_F(Nodes, AWaitForACloudControllerThatIsGoneIsEnded) {
  put(std::string("{providerID: 'lab:///server-7', taints: [{key: only, value: gpu, effect: NoSchedule}, {key: ") +
          uninitialised + ", value: 'true', effect: NoSchedule}]}",
      "{pool: w}");
  EXPECT_EQ(settle(false), Texts{std::string("taint/") + uninitialised});
  EXPECT_EQ(taints(), Texts{"only"});
  EXPECT_EQ(api.find(key)->at("spec").at("providerID"), "lab:///server-7") << "it cannot be changed, and does no harm";
}

TEST_F(Nodes, TheNodeOfAFormerServerGoesAndTheMachineRegistersAnew) {
  put("{providerID: 'lab:///server-3'}", "{node.kubernetes.io/instance-type: m1.small}");
  on_sleep = [&] {
    if (!api.find(key)) put(std::string("{taints: [{key: ") + uninitialised + ", value: 'true', effect: NoSchedule}]}");
  };
  const Texts fields = settle(true);
  EXPECT_NE(std::find(fields.begin(), fields.end(), "provider id"), fields.end());
  EXPECT_EQ(api.find(key)->at("spec").at("providerID"), "lab:///server-7");
}

}  // namespace
}  // namespace slipway
