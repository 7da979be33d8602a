#include "kube/drain.h"

#include <gtest/gtest.h>

#include "fake_api.h"

namespace slipway::testing {
namespace {

Deadline soon() { return Deadline::in(Seconds(5)); }
const RunId run("run-1");

class Draining : public ::testing::Test {
 protected:
  Draining() : client(api.client()) {
    api.put(yaml("{apiVersion: v1, kind: Node, metadata: {name: w-1}, spec: {}}"));
    set_ready("True");
  }
  void set_ready(const std::string& status) {
    api.set_status(node, {{"conditions", {{{"type", "Ready"}, {"status", status}}}}});
  }
  void put_pod(const std::string& name, const std::string& owner, const std::string& extra = "") {
    const std::string owners =
        owner.empty() ? "" : ", ownerReferences: [{kind: " + owner + ", name: o, controller: true}]";
    api.put(yaml("{apiVersion: v1, kind: Pod, metadata: {name: " + name +
                 ", namespace: default, labels: {app: " + name + "}" + owners + extra + "}, spec: {nodeName: w-1}}"));
    pods.push_back(name);
  }
  /// The kubelet: ends every pod that is being deleted.
  void end_pods() {
    for (const std::string& name : pods) {
      const ObjectKey key{"v1", "Pod", "default", name};
      const std::optional<Value> pod = api.find(key);
      if (pod && (*pod)["metadata"].contains("deletionTimestamp")) api.erase(key);
    }
  }
  Result<DrainReport> drain_node(bool bare_pods = false) {
    return drain(*client, *client, clock, "w-1", {.until = clock.now() + Seconds(20), .bare_pods = bare_pods});
  }

  const ObjectKey node{"v1", "Node", "", "w-1"};
  FakeApi api;
  std::unique_ptr<KubeClient> client;
  TickingClock clock;
  std::vector<std::string> pods;
};

using Names = std::vector<std::string>;

TEST_F(Draining, EvictsWhatCanRunElsewhereAndWaitsForItsEnd) {
  put_pod("web", "ReplicaSet");
  put_pod("agent", "DaemonSet");
  put_pod("etcd", "Node", ", annotations: {kubernetes.io/config.mirror: x}");
  api.put(yaml("{apiVersion: v1, kind: Pod, metadata: {name: elsewhere, namespace: default}, spec: {nodeName: w-2}}"));
  clock.on_sleep = [&] { end_pods(); };
  const Result<DrainReport> report = drain_node();
  ASSERT_TRUE(report.ok()) << describe(report.error());
  EXPECT_EQ(report->evicted, Names{"default/web"});
  EXPECT_EQ(report->stayed, (Names{"default/agent", "default/etcd"}));
  EXPECT_FALSE(api.find({"v1", "Pod", "default", "web"}).has_value());
  EXPECT_TRUE(api.find({"v1", "Pod", "default", "elsewhere"}).has_value());
}

TEST_F(Draining, ABudgetIsRespectedUntilItAllows) {
  put_pod("db", "StatefulSet");
  api.put(
      yaml("{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: guard, namespace: default}, spec: "
           "{selector: "
           "{matchLabels: {app: db}}}}"));
  clock.on_sleep = [&] {
    if (clock.sleeps == 3)
      api.set_status({"policy/v1", "PodDisruptionBudget", "default", "guard"}, {{"disruptionsAllowed", 1}});
    end_pods();
  };
  EXPECT_TRUE(drain_node().ok());
}

TEST_F(Draining, WhoBlocksIsNamedWhenTheTimeIsUp) {
  put_pod("db", "StatefulSet");
  put_pod("slow", "ReplicaSet");
  api.put(
      yaml("{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: guard, namespace: default}, spec: "
           "{selector: "
           "{matchLabels: {app: db}}}}"));
  const Result<DrainReport> report = drain_node();
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().kind, ErrorKind::timeout);
  EXPECT_NE(report.error().found.find("default/db: HTTP 429: Cannot evict pod as it would violate"), std::string::npos);
  EXPECT_NE(report.error().found.find("budget guard needs 1 healthy pods"), std::string::npos) << report.error().found;
  EXPECT_NE(report.error().found.find("default/slow: is ending since"), std::string::npos) << report.error().found;
}

TEST_F(Draining, PodsThatNobodyWouldMakeAgainNeedConsent) {
  put_pod("lonely", "");
  const Result<DrainReport> refused = drain_node();
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().kind, ErrorKind::approval_needed);
  EXPECT_EQ(refused.error().found, "default/lonely");
  EXPECT_FALSE(api.find({"v1", "Pod", "default", "lonely"})->at("metadata").contains("deletionTimestamp"));
  clock.on_sleep = [&] { end_pods(); };
  EXPECT_TRUE(drain_node(true).ok());
}

TEST_F(Draining, OfANodeThatDoesNotAnswerNoEndIsWaitedFor) {
  set_ready("Unknown");
  put_pod("web", "ReplicaSet");
  const Result<DrainReport> report = drain_node();
  ASSERT_TRUE(report.ok()) << describe(report.error());
  EXPECT_EQ(report->unconfirmed, Names{"default/web"});
}

TEST_F(Draining, ANodeThatDiesMeanwhileIsNotWaitedForAnyLonger) {
  put_pod("web", "ReplicaSet");
  clock.on_sleep = [&] {
    if (clock.sleeps == 3) set_ready("Unknown");
  };
  const Result<DrainReport> report = drain_node();
  ASSERT_TRUE(report.ok()) << describe(report.error());
  EXPECT_EQ(report->evicted, Names{"default/web"});
  EXPECT_EQ(report->unconfirmed, Names{"default/web"});
}

TEST_F(Draining, ANodeThatIsGoneHasNothingToDrain) {
  api.erase(node);
  EXPECT_TRUE(drain_node().ok());
  EXPECT_TRUE(uncordon(*client, *client, "w-1", soon()).ok());
  EXPECT_TRUE(delete_node(*client, "w-1", soon()).ok());
  EXPECT_EQ(cordon(*client, *client, "w-1", run, soon()).error().kind, ErrorKind::not_found);
}

TEST_F(Draining, OurCordonCarriesTheRunAndIsUndoneByAnyLaterOne) {
  ASSERT_EQ(cordon(*client, *client, "w-1", run, soon()).value(), Cordon::ours);
  EXPECT_EQ(api.find(node)->at("spec").at("unschedulable"), true);
  EXPECT_EQ(api.find(node)->at("metadata").at("annotations").at(cordon_annotation), "run-1");
  ASSERT_EQ(cordon(*client, *client, "w-1", RunId("run-2"), soon()).value(), Cordon::ours);
  ASSERT_TRUE(uncordon(*client, *client, "w-1", soon()).ok());
  EXPECT_FALSE(api.find(node)->at("spec").contains("unschedulable"));
  EXPECT_FALSE(api.find(node)->at("metadata").at("annotations").contains(cordon_annotation));
}

TEST_F(Draining, AUsersCordonStays) {
  api.edit(node, {{"spec", {{"unschedulable", true}}}}, "kubectl-cordon");
  EXPECT_EQ(cordon(*client, *client, "w-1", run, soon()).value(), Cordon::users);
  ASSERT_TRUE(uncordon(*client, *client, "w-1", soon()).ok());
  EXPECT_EQ(api.find(node)->at("spec").at("unschedulable"), true);
}

}  // namespace
}  // namespace slipway::testing
