#include "cluster/database_replicas.h"

#include <gtest/gtest.h>

#include "tests/unit/kube/kube_ports.h"

namespace slipway::testing {
namespace {

constexpr double mebibyte = 1024 * 1024;

DatabaseReplica primary() {
  return {.name = "postgres-0",
          .node = "workers-1",
          .pod_ready = true,
          .answers = true,
          .primary = true,
          .written = 100 * mebibyte,
          .applied = 100 * mebibyte};
}
DatabaseReplica follower(double lag = 0) {
  return {.name = "postgres-1",
          .node = "workers-2",
          .pod_ready = true,
          .answers = true,
          .streaming = true,
          .written = 100 * mebibyte - lag,
          .applied = 100 * mebibyte - lag,
          .seconds = lag > 0 ? 7.0 : 0};
}
DatabaseReplica silent(DatabaseReplica replica) {
  replica.answers = replica.primary = replica.streaming = false;
  return replica;
}
DatabaseView view(std::vector<DatabaseReplica> replicas) {
  return {.primary = "postgres-0", .replicas = std::move(replicas)};
}

TEST(DatabaseReplicas, AreReadOutOfTheExportersText) {
  DatabaseReplica replica{.name = "postgres-1", .node = {}};
  read_replica_figures(
      "# TYPE slipway_database_primary gauge\nslipway_database_primary{server=\"/var/run/postgresql\"} 0\n"
      "slipway_database_streaming{server=\"x\"} 1\nslipway_database_written_bytes{server=\"x\"} 1.34217728e+08\n"
      "slipway_database_applied_bytes{server=\"x\"} 1.2e+08\nslipway_database_lag_seconds{server=\"x\"} 2.5\npg_up 1\n",
      replica);
  EXPECT_TRUE(replica.answers);
  EXPECT_FALSE(replica.primary);
  EXPECT_TRUE(replica.streaming);
  EXPECT_EQ(replica.written, 134217728);
  EXPECT_EQ(replica.applied, 1.2e8);
  EXPECT_EQ(replica.seconds, 2.5);
  DatabaseReplica down{.name = "postgres-1", .node = {}};
  read_replica_figures("pg_up 0\n", down);
  EXPECT_FALSE(down.answers) << "an exporter whose server is down tells no figures of it";
}

TEST(DatabaseReplicas, NothingIsWrongWithOneThatFollows) {
  EXPECT_TRUE(replica_problems(view({primary(), follower()})).empty());
  EXPECT_TRUE(replica_problems(view({primary(), follower(mebibyte)})).empty());
}

TEST(DatabaseReplicas, WhatIsWrongIsToldOneSentenceEach) {
  DatabaseReplica lost = follower();
  lost.streaming = false;
  DatabaseReplica second = follower();
  second.primary = true;
  struct Row {
    const char* what;
    DatabaseView view;
    std::string found;
  };
  for (const Row& row :
       {Row{"missing", view({primary(), silent(follower())}), "postgres-1 does not answer; its node is workers-2"},
        Row{"far", view({primary(), follower(80 * mebibyte)}), "postgres-1 is 80 MiB and 7 s behind"},
        Row{"astray", view({primary(), lost}), "postgres-1 does not follow the primary: 0 B and 0 s behind"},
        Row{"headless", view({silent(primary()), follower()}), "nobody takes writes; postgres-0 should"},
        Row{"two", view({primary(), second}), "two take writes: postgres-0 and postgres-1"}}) {
    const std::vector<std::string> problems = replica_problems(row.view);
    ASSERT_FALSE(problems.empty()) << row.what;
    EXPECT_EQ(problems.back(), row.found) << row.what;
  }
}

TEST(DatabaseReplicas, TheOtherOneTakesOver) {
  EXPECT_EQ(*choose_successor(view({primary(), follower()}), ""), "postgres-1");
  EXPECT_EQ(*choose_successor(view({silent(primary()), follower()}), ""), "postgres-1");
  EXPECT_EQ(*choose_successor(view({primary(), follower()}), "postgres-0"), "postgres-0");
}

TEST(DatabaseReplicas, AHandOverThatWasInterruptedGoesOn) {
  DatabaseReplica chosen = primary(), former = follower();
  chosen.primary = false;
  former.primary = true;
  EXPECT_EQ(*choose_successor(view({chosen, former}), ""), "postgres-0") << "the former one has not stepped down yet";
  EXPECT_EQ(*choose_successor(view({chosen, follower()}), ""), "postgres-0") << "neither takes writes";
  EXPECT_EQ(*choose_successor(view({silent(chosen), former}), ""), "postgres-1") << "it died meanwhile";
  EXPECT_EQ(*choose_successor(view({chosen, former}), "postgres-1"), "postgres-1") << "the user changed her mind";
}

TEST(DatabaseReplicas, OneThatIsFarBehindALivingPrimaryDoesNotTakeOver) {
  EXPECT_EQ(choose_successor(view({primary(), follower(20 * mebibyte)}), "").error().kind, ErrorKind::verification);
  DatabaseReplica lost = follower();
  lost.streaming = false;
  EXPECT_EQ(choose_successor(view({primary(), lost}), "").error().kind, ErrorKind::verification);
  EXPECT_TRUE(choose_successor(view({silent(primary()), lost}), "").ok()) << "there is no better one";
}

TEST(DatabaseReplicas, OneThatIsSilentOrUnknownDoesNotTakeOver) {
  EXPECT_EQ(choose_successor(view({primary(), silent(follower())}), "").error().kind, ErrorKind::verification);
  EXPECT_EQ(choose_successor(view({primary()}), "").error().kind, ErrorKind::not_found);
  EXPECT_EQ(choose_successor(view({primary(), follower()}), "postgres-7").error().kind, ErrorKind::not_found);
}

/// The former primary's node and pod, as a cluster shows them.
class FormerPrimaryTest : public ::testing::Test {
 protected:
  FormerPrimaryTest() : client(api.client()), ports(*client) {
    api.put(yaml("{apiVersion: v1, kind: Namespace, metadata: {name: postgres}}"));
    api.put(yaml("{apiVersion: v1, kind: Pod, metadata: {name: postgres-0, namespace: postgres}}"));
  }
  void node(const std::string& ready) {
    api.put(yaml("{apiVersion: v1, kind: Node, metadata: {name: workers-1}}"));
    api.set_status({"v1", "Node", "", "workers-1"}, {{"conditions", {{{"type", "Ready"}, {"status", ready}}}}});
  }
  bool pod_is_there() { return api.find({"v1", "Pod", "postgres", "postgres-0"}).has_value(); }
  static FormerPrimary silent_on(const std::string& machine_state, bool users_word = false) {
    return {.pod = "postgres-0",
            .machine = "workers-1",
            .machine_state = machine_state,
            .answers = false,
            .users_word = users_word};
  }

  FakeApi api;
  std::unique_ptr<KubeClient> client;
  KubePorts ports;
};

TEST_F(FormerPrimaryTest, ThatAnswersStepsDownByItself) {
  node("True");
  FormerPrimary former = silent_on("running");
  former.answers = true;
  EXPECT_EQ(*fence_primary(ports.writer, former), Fence::steps_down);
  EXPECT_TRUE(pod_is_there());
}

TEST_F(FormerPrimaryTest, ThatAnswersButCannotBeToldToStepDownStays) {
  for (const bool users_word : {false, true}) {
    node("Unknown");
    FormerPrimary former = silent_on("running", users_word);
    former.answers = true;
    EXPECT_EQ(fence_primary(ports.writer, former).error().kind, ErrorKind::unavailable);
    EXPECT_TRUE(pod_is_there());
  }
}

TEST_F(FormerPrimaryTest, OnAMachineThatIsOffIsDead) {
  node("Unknown");
  EXPECT_EQ(*fence_primary(ports.writer, silent_on("stopped")), Fence::machine_off);
  EXPECT_EQ(*fence_primary(ports.writer, silent_on("absent")), Fence::machine_off);
}

TEST_F(FormerPrimaryTest, OnALivingNodeIsEnded) {
  node("True");
  EXPECT_EQ(*fence_primary(ports.writer, silent_on("running")), Fence::pod_ended);
  EXPECT_FALSE(pod_is_there());
}

TEST_F(FormerPrimaryTest, OfWhichNobodyKnowsNeedsTheUsersWord) {
  for (const std::string state : {"running", ""}) {
    node("Unknown");
    const Result<Fence> refused = fence_primary(ports.writer, silent_on(state));
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().kind, ErrorKind::approval_needed);
    EXPECT_NE(refused.error().advice.find("--approve"), std::string::npos);
    EXPECT_EQ(*fence_primary(ports.writer, silent_on(state, true)), Fence::users_word);
    EXPECT_TRUE(pod_is_there());
  }
}

TEST_F(FormerPrimaryTest, WhoseNodeIsGoneFromTheApiIsNotDeadForThat) {
  EXPECT_EQ(fence_primary(ports.writer, silent_on("running")).error().kind, ErrorKind::approval_needed);
}

}  // namespace
}  // namespace slipway::testing
