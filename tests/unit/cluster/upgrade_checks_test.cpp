#include "cluster/upgrade_checks.h"

#include <gtest/gtest.h>

namespace slipway {
namespace {

const UpgradeQuestion first{
    .release = {.running = "1.35.8", .to = "1.36.4", .run = "upgrade-1"}, .begun = false, .spec_path = "a.yaml"};
const UpgradeQuestion again{.release = first.release, .begun = true, .spec_path = "a.yaml"};

Value node(const std::string& name, const std::string& version = "v1.35.8", bool ready = true) {
  return {{"metadata", {{"name", name}, {"labels", {{"kubernetes.io/hostname", name}}}}},
          {"spec", Value::object()},
          {"status",
           {{"nodeInfo", {{"kubeletVersion", version}}},
            {"conditions", {{{"type", "Ready"}, {"status", ready ? "True" : "False"}}}}}}};
}
Value control_plane(const std::string& name) {
  Value made = node(name);
  made["spec"]["taints"] = {{{"key", "node-role.kubernetes.io/control-plane"}, {"effect", "NoSchedule"}}};
  return made;
}
Value pod(const std::string& name, const std::string& on, const std::string& owner = "ReplicaSet") {
  Value made = {{"metadata", {{"name", name}, {"namespace", "default"}, {"labels", {{"app", "a"}}}}},
                {"spec", {{"nodeName", on}}},
                {"status", {{"phase", "Running"}}}};
  if (!owner.empty()) made["metadata"]["ownerReferences"] = {{{"kind", owner}, {"controller", true}}};
  return made;
}
Value budget(int expected, int wanted) {
  return {{"metadata", {{"name", "guard"}, {"namespace", "default"}}},
          {"spec", {{"selector", {{"matchLabels", {{"app", "a"}}}}}}},
          {"status", {{"expectedPods", expected}, {"desiredHealthy", wanted}}}};
}

std::string summaries(const std::vector<Error>& problems) {
  std::string text;
  for (const Error& problem : problems) text += (text.empty() ? "" : "; ") + problem.summary;
  return text;
}

TEST(UpgradeNodes, AWholeClusterHasNoProblem) {
  EXPECT_EQ(summaries(node_problems(first, {"c", "w"}, {node("c"), node("w")}, "1.35.8")), "");
}
TEST(UpgradeNodes, OneThatIsNotReadyOrNotThereIsNamed) {
  const std::vector<Error> problems =
      node_problems(first, {"c", "w", "x"}, {node("c"), node("w", "v1.35.8", false)}, "1.35.8");
  ASSERT_EQ(summaries(problems), "machines are no nodes of the cluster; nodes are not Ready");
  EXPECT_EQ(problems[0].found, "x");
  EXPECT_EQ(problems[1].found, "w");
}
TEST(UpgradeNodes, OneThatTheUpgradeIsAtWorkOnMayBeInAnyCondition) {
  Value at_work = node("w", "v1.35.8", false);
  at_work["metadata"]["annotations"] = {{"slipway.dev/cordoned-by", "upgrade-1"}};
  EXPECT_EQ(summaries(node_problems(again, {"c", "w"}, {node("c", "v1.36.4"), at_work}, "1.36.4")), "");
  EXPECT_EQ(summaries(node_problems(first, {"c", "w"}, {node("c"), at_work}, "1.35.8")), "nodes are not Ready");
  EXPECT_EQ(summaries(node_problems(again, {"w"}, {node("w", "v1.35.8", false)}, "1.36.4")), "nodes are not Ready");
}
TEST(UpgradeNodes, AKubeletNewerThanTheApiServerIsRefused) {
  const std::vector<Error> problems = node_problems(first, {"c", "w"}, {node("c"), node("w", "v1.36.4")}, "1.35.8");
  ASSERT_EQ(summaries(problems), "kubelets are newer than the API server");
  EXPECT_EQ(problems[0].found, "w v1.36.4");
}
TEST(UpgradeNodes, AKubeletThatWouldBeFourMinorsBehindIsRefused) {
  EXPECT_EQ(summaries(node_problems(first, {"c"}, {node("c"), node("theirs", "v1.33.0")}, "1.35.8")), "");
  EXPECT_EQ(summaries(node_problems(first, {"c"}, {node("c"), node("theirs", "v1.32.9")}, "1.35.8")),
            "kubelets would be too old for the API server");
}
TEST(UpgradeNodes, AnApiServerOfAThirdReleaseIsNotWhatTheStateKnows) {
  EXPECT_EQ(summaries(node_problems(first, {}, {}, "1.35.7")),
            "the API server is of another release than the state knows");
  EXPECT_EQ(summaries(node_problems(first, {}, {}, "1.36.4")),
            "the API server is of another release than the state knows");
  EXPECT_EQ(summaries(node_problems(again, {}, {}, "1.36.4")), "");
}

TEST(UpgradeEtcd, EveryMemberAnswers) {
  const std::vector<EtcdSeat> well = {
      {.name = "a", .healthy = true}, {.name = "b", .healthy = true}, {.name = "c", .healthy = true}};
  EXPECT_TRUE(etcd_problems(first, well, 3).empty());
  EXPECT_FALSE(etcd_problems(first, well, 2).empty()) << "a member too many";
  std::vector<EtcdSeat> two = well;
  two[1].healthy = false;
  const std::vector<Error> problems = etcd_problems(first, two, 3);
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems[0].found, "silent: b");
  EXPECT_TRUE(etcd_problems(again, two, 3).empty()) << "the one that is at work";
  two[2].healthy = false;
  EXPECT_FALSE(etcd_problems(again, two, 3).empty());
}

TEST(UpgradeBackup, IsRecentOrApproved) {
  const WallTime now{std::chrono::hours(1000)};
  EXPECT_TRUE(backup_age_problems(first, now - std::chrono::hours(6), now).empty());
  for (const std::optional<WallTime> newest : {std::optional<WallTime>(), std::optional(now - std::chrono::hours(7))}) {
    const std::vector<Error> problems = backup_age_problems(first, newest, now);
    ASSERT_EQ(problems.size(), 1u);
    EXPECT_EQ(problems[0].kind, ErrorKind::approval_needed);
    EXPECT_NE(problems[0].advice.find("--accept backup"), std::string::npos);
    EXPECT_TRUE(backup_age_problems(again, newest, now).empty());
  }
}

TEST(UpgradeDrain, ABudgetThatSparesNothingIsShown) {
  const std::vector<Value> nodes = {control_plane("c"), node("w1"), node("w2")};
  const std::vector<Value> pods = {pod("a-1", "w1"), pod("a-2", "w2")};
  EXPECT_EQ(summaries(drain_problems(first, nodes, pods, {budget(2, 1)})), "");
  const std::vector<Error> problems = drain_problems(first, nodes, pods, {budget(2, 2)});
  ASSERT_EQ(summaries(problems), "a disruption budget never lets a pod go");
  EXPECT_EQ(problems[0].found, "PodDisruptionBudget default/guard: 2 of 2 pods must stay");
}
TEST(UpgradeDrain, ABudgetThatNoOtherNodeCanHelpIsShown) {
  const std::vector<Value> pods = {pod("a-1", "w1"), pod("a-2", "w1")};
  EXPECT_EQ(summaries(drain_problems(first, {control_plane("c"), node("w1")}, pods, {budget(2, 1)})),
            "a disruption budget cannot be kept while a node is drained");
  EXPECT_EQ(summaries(drain_problems(first, {control_plane("c"), node("w1"), node("w2")}, pods, {budget(2, 1)})), "");
  Value closed = node("w2");
  closed["spec"]["unschedulable"] = true;
  EXPECT_EQ(summaries(drain_problems(first, {control_plane("c"), node("w1"), closed}, pods, {budget(2, 1)})),
            "a disruption budget cannot be kept while a node is drained");
  std::vector<Value> tolerant = pods;
  for (Value& each : tolerant) each["spec"]["tolerations"] = {{{"operator", "Exists"}}};
  EXPECT_EQ(summaries(drain_problems(first, {control_plane("c"), node("w1")}, tolerant, {budget(2, 1)})), "");
}
TEST(UpgradeDrain, BudgetsOfWhatIsNotDrainedAreNoProblem) {
  EXPECT_EQ(summaries(drain_problems(first, {node("w1"), node("w2")}, {pod("a-1", "w1", "DaemonSet")}, {budget(1, 1)})),
            "");
  EXPECT_EQ(summaries(drain_problems(first, {node("only")}, {pod("a-1", "only")}, {budget(1, 1)})), "")
      << "one node is not drained";
  EXPECT_EQ(summaries(drain_problems(again, {node("w1", "v1.36.4"), node("w2")}, {pod("a-1", "w1")}, {budget(1, 1)})),
            "")
      << "its node was upgraded";
}
TEST(UpgradeDrain, PodsThatNobodyMakesAgainWaitForAYes) {
  const std::vector<Error> problems = drain_problems(first, {node("w1"), node("w2")}, {pod("alone", "w1", "")}, {});
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems[0].kind, ErrorKind::approval_needed);
  EXPECT_EQ(problems[0].found, "default/alone on w1");
}

TEST(UpgradeRoom, IsCountedByMountPoint) {
  const uint64_t archive = 500ull << 20;
  const std::string one =
      "== disk\n/var/lib/containerd 3000000 /\n/var/lib/slipway 3000000 /\n/usr/local/bin 3000000 /\n";
  EXPECT_TRUE(room_problems({{"w", one}}, {{"w", archive}}).empty());
  const std::string small =
      "== disk\n/var/lib/containerd 1000000 /data\n/var/lib/slipway 3000000 /\n/usr/local/bin 3000000 /\n";
  const std::vector<Error> problems = room_problems({{"w", small}}, {{"w", archive}});
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems[0].kind, ErrorKind::quota);
  EXPECT_EQ(problems[0].where, "w");
  EXPECT_NE(problems[0].found.find("free in /data"), std::string::npos);
}

TEST(UpgradeApis, ThoseThatTheNextReleaseLacksAreRefusedAndLaterOnesTold) {
  const auto asked = [](const std::string& removed) {
    return "== disk\n== apis\napiserver_requested_deprecated_apis{group=\"things.dev\",removed_release=\"" + removed +
           "\",resource=\"widgets\",subresource=\"\",version=\"v1beta1\"} 1\n";
  };
  std::vector<std::string> later;
  EXPECT_TRUE(deprecation_problems(first, {{"c", "== disk\n== apis\n"}}, later).empty());
  EXPECT_TRUE(deprecation_problems(first, {{"c", asked("1.38")}}, later).empty());
  EXPECT_EQ(later, std::vector<std::string>{"widgets.things.dev/v1beta1 (gone with 1.38)"});
  EXPECT_TRUE(deprecation_problems(first, {{"c", asked("")}}, later).empty())
      << "deprecated, and nobody says until when";
  const std::vector<Error> problems = deprecation_problems(first, {{"c", asked("1.36")}, {"d", asked("1.36")}}, later);
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems[0].kind, ErrorKind::approval_needed);
  EXPECT_EQ(problems[0].found, "widgets.things.dev/v1beta1 (gone with 1.36)");
  EXPECT_EQ(deprecation_problems(first, {{"c", "== disk\n== silent\nyes\n"}}, later)[0].kind, ErrorKind::unavailable);
}

}  // namespace
}  // namespace slipway
