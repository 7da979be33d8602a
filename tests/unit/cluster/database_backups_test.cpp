#include "cluster/database_backups.h"

#include <gtest/gtest.h>

#include "base/schedule.h"

#include "tests/unit/kube/kube_ports.h"

namespace slipway::testing {
namespace {

const ObjectKey server{"apps/v1", "StatefulSet", "postgres", "postgres"};
const std::string report = "/api/v1/namespaces/postgres/services/http:postgres-repository:8080/proxy/cgi-bin/info";

/// A cluster whose database, repository and jobs answer as told.
class DatabaseBackups : public ::testing::Test {
 protected:
  DatabaseBackups() : client(api.client()), ports(*client) {
    api.put(yaml("{apiVersion: v1, kind: Namespace, metadata: {name: postgres}}"));
    for (const std::string name :
         {"postgres-backup-full", "postgres-backup-incremental", "postgres-drill", "postgres-restore"})
      api.put(
          yaml("{apiVersion: batch/v1, kind: CronJob, metadata: {name: " + name +
               ", namespace: postgres}, spec: {schedule: '0 3 * * *', jobTemplate: {spec: {backoffLimit: 2, template: "
               "{spec: {restartPolicy: Never, containers: [{name: work, image: x, env: [{name: SET, value: ''}, {name: "
               "KEPT, value: y}]}]}}}}}}"));
    api.put(
        yaml("{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: postgres, namespace: postgres, annotations: "
             "{slipway.dev/replicas: 2 replicas}}, spec: {replicas: 2}}"));
    api.set_status(server, {{"readyReplicas", 0}});
    api.intercept = [this](const HttpRequest& request) { return answer(request); };
    ports.clock.on_sleep = [this] { work(); };
  }

  std::optional<Result<HttpResponse>> answer(const HttpRequest& request) {
    if (request.url.find(report) != std::string::npos) return HttpResponse{.status = 200, .body = listed};
    if (request.url.find("/log?") != std::string::npos) return HttpResponse{.status = 200, .body = log};
    return std::nullopt;
  }
  /// The cluster's controllers, once a second.
  void work() {
    for (const std::string& request : api.requests) {
      const size_t name = request.find("/jobs/");
      if (!request.starts_with("PATCH") || name == std::string::npos) continue;
      const std::string job = request.substr(name + 6, request.find('?', name) - name - 6);
      const ObjectKey key{"batch/v1", "Job", "postgres", job};
      const std::optional<Value> live = api.find(key);
      if (!live) continue;
      made = *live;
      if (live->at("metadata").contains("deletionTimestamp")) api.erase(key);
      api.put(
          yaml("{apiVersion: v1, kind: Pod, metadata: {name: p, namespace: postgres, creationTimestamp: "
               "'2026-01-01T00:00:00Z', labels: "
               "{batch.kubernetes.io/job-name: " +
               job + "}}}"));
      if (ends)
        api.set_status(key, {{"conditions", {{{"type", succeeds ? "Complete" : "Failed"}, {"status", "True"}}}}});
    }
    const Value set = *api.find(server);
    replicas.push_back(set["spec"]["replicas"].get<int>());
    if (replicas.back() > 0) api.set_status(server, {{"readyReplicas", replicas.back()}});
  }
  BackupJobOptions soon() { return {.until = ports.clock.now() + Seconds(30)}; }

  FakeApi api;
  std::unique_ptr<KubeClient> client;
  KubePorts ports;
  std::string listed =
      R"([{"name":"main","status":{"code":0,"message":"ok"},"backup":[
        {"label":"20261124-030000F_20261125-033000I","type":"incr","error":false,"timestamp":{"start":1795577400,"stop":1795577402},"info":{"size":3000,"repository":{"delta":10,"size":300}}},
        {"label":"20261124-030000F","type":"full","error":true,"timestamp":{"start":1795489200,"stop":1795489204},"info":{"size":2000,"repository":{"delta":200,"size":200}}}]}])";
  std::string log;
  bool ends = true, succeeds = true;
  Value made;
  std::vector<int> replicas;
};

TEST_F(DatabaseBackups, AreListedOldestFirst) {
  const Result<std::vector<DatabaseBackup>> backups = list_backups(*client);
  ASSERT_TRUE(backups.ok()) << describe(backups.error());
  ASSERT_EQ(backups->size(), 2u);
  EXPECT_EQ(backups->front().label, "20261124-030000F");
  EXPECT_EQ(format_time(backups->front().finished), "2026-11-24T03:00:04Z");
  EXPECT_EQ(backups->front().size, 2000u);
  EXPECT_EQ(backups->back().stored, 10u);
  EXPECT_TRUE(backups->front().damaged);
  EXPECT_FALSE(backups->back().damaged);
}

TEST_F(DatabaseBackups, ARepositoryThatCannotBeReadIsAnErrorAndNoEmptyList) {
  listed = R"([{"name":"main","status":{"code":99,"message":"other"},"backup":[]}])";
  EXPECT_EQ(list_backups(*client).error().kind, ErrorKind::unavailable);
  listed = "<html>";
  EXPECT_EQ(list_backups(*client).error().kind, ErrorKind::unavailable);
  listed = R"([{"name":"main","status":{"code":2,"message":"no valid backups"},"backup":[]}])";
  EXPECT_TRUE(list_backups(*client)->empty());
}

TEST_F(DatabaseBackups, ABackupIsAJobThatIsGoneAfterwards) {
  const Result<void> taken = take_backup(ports.writer, true, soon());
  ASSERT_TRUE(taken.ok()) << describe(taken.error());
  EXPECT_TRUE(made["metadata"]["name"].get<std::string>().starts_with("postgres-backup-incremental-"));
  EXPECT_EQ(made["spec"]["backoffLimit"], 0);
  EXPECT_FALSE(api.find(key_of(made)).has_value());
}

TEST_F(DatabaseBackups, AFailedJobIsToldWithItsLog) {
  succeeds = false;
  log = "P00 INFO: begin\nERROR: [082]: WAL segment was not archived\n";
  const Result<void> taken = take_backup(ports.writer, false, soon());
  ASSERT_FALSE(taken.ok());
  EXPECT_NE(taken.error().found.find("was not archived"), std::string::npos);
  EXPECT_FALSE(api.find(key_of(made)).has_value());
}

TEST_F(DatabaseBackups, AJobThatDoesNotEndIsGivenUpAndRemoved) {
  ends = false;
  const Result<void> taken = take_backup(ports.writer, false, soon());
  ASSERT_FALSE(taken.ok());
  EXPECT_EQ(taken.error().kind, ErrorKind::timeout);
  EXPECT_FALSE(api.find(key_of(made)).has_value());
}

TEST_F(DatabaseBackups, ADrillAnswersWhatItMeasured) {
  log =
      "table app public.rows|3|12\nRESULT "
      "{\"backup\":\"20261124-030000F\",\"tables\":1,\"rows\":3,\"rpo_seconds\":4.5,\"rto_seconds\":9}\n";
  const Result<Value> drilled = drill_backup(ports.writer, soon());
  ASSERT_TRUE(drilled.ok()) << describe(drilled.error());
  EXPECT_EQ((*drilled)["rows"], 3);
  EXPECT_EQ((*drilled)["rpo_seconds"], 4.5);
}

TEST_F(DatabaseBackups, ADrillThatFailedOrSaysNothingIsNoPass) {
  log = "table app public.rows|3|12\n";
  EXPECT_EQ(drill_backup(ports.writer, soon()).error().kind, ErrorKind::verification);
  log = "slipway: DRILL FAILED: the newest backup cannot be restored\n";
  succeeds = false;
  const Result<Value> drilled = drill_backup(ports.writer, soon());
  EXPECT_EQ(drilled.error().kind, ErrorKind::verification);
  EXPECT_NE(drilled.error().found.find("cannot be restored"), std::string::npos);
}

TEST_F(DatabaseBackups, ARestoreStopsTheDatabaseAndStartsItAgain) {
  const Result<void> restored =
      restore_backup(ports.writer, {.backup = "20261124-030000F", .target = "2026-11-24 05:00:00+00", .job = soon()});
  ASSERT_TRUE(restored.ok()) << describe(restored.error());
  EXPECT_EQ(replicas.front(), 0);
  EXPECT_EQ((*api.find(server))["spec"]["replicas"], 2);
  const Value environment = made["spec"]["template"]["spec"]["containers"][0]["env"];
  EXPECT_EQ(environment, yaml("[{name: KEPT, value: y}, {name: SET, value: 20261124-030000F}, {name: TARGET, value: "
                              "'2026-11-24 05:00:00+00'}]"));
}

TEST_F(DatabaseBackups, AFailedRestoreStartsTheDatabaseAsItWas) {
  succeeds = false;
  log = "ERROR: [029]: cannot read the backup\n";
  const Result<void> restored = restore_backup(ports.writer, {.job = soon()});
  ASSERT_FALSE(restored.ok());
  EXPECT_EQ(restored.error().kind, ErrorKind::verification);
  EXPECT_EQ((*api.find(server))["spec"]["replicas"], 2);
}

TEST_F(DatabaseBackups, ALivingDatabaseIsReplacedOnlyWithApproval) {
  api.set_status(server, {{"readyReplicas", 1}});
  EXPECT_EQ(restore_backup(ports.writer, {.job = soon()}).error().kind, ErrorKind::approval_needed);
  EXPECT_EQ((*api.find(server))["spec"]["replicas"], 2);
  EXPECT_TRUE(restore_backup(ports.writer, {.replace = true, .job = soon()}).ok());
}

TEST_F(DatabaseBackups, WithoutABackupNothingIsStopped) {
  listed = R"([{"name":"main","status":{"code":2,"message":"no valid backups"},"backup":[]}])";
  EXPECT_EQ(restore_backup(ports.writer, {.job = soon()}).error().kind, ErrorKind::not_found);
  EXPECT_EQ(restore_backup(ports.writer, {.backup = "20200101-000000F", .job = soon()}).error().kind,
            ErrorKind::not_found);
  EXPECT_EQ((*api.find(server))["spec"]["replicas"], 2);
}

TEST(Overdue, NamesWhatIsOlderThanItsSchedule) {
  const BackupSchedules schedules{.full = "0 3 * * *",
                                  .incremental = "30 * * * *",
                                  .drill = "0 5 * * 0",
                                  .drilled = {},
                                  .since = *parse_time("2026-11-20T12:00:00Z")};
  const WallTime now = *parse_time("2026-11-25T09:10:00Z");
  const auto backup = [](const char* type, const char* finished) {
    DatabaseBackup made;
    made.type = type;
    made.finished = *parse_time(finished);
    return made;
  };
  const std::vector<DatabaseBackup> fresh = {backup("full", "2026-11-25T03:00:09Z"),
                                             backup("incr", "2026-11-25T08:30:05Z")};
  EXPECT_TRUE(overdue(schedules, fresh, parse_time("2026-11-22T05:01:00Z"), now)->empty());

  const std::vector<std::string> no_drill = *overdue(schedules, fresh, parse_time("2026-11-21T05:01:00Z"), now);
  ASSERT_EQ(no_drill.size(), 1u);
  EXPECT_EQ(no_drill[0],
            "the newest drill is of 2026-11-21T05:01:00Z; one was due at 2026-11-22T05:00:00Z (0 5 * * 0)");

  const std::vector<DatabaseBackup> stale = {backup("full", "2026-11-24T03:00:09Z"),
                                             backup("incr", "2026-11-25T07:30:05Z")};
  EXPECT_EQ(overdue(schedules, stale, parse_time("2026-11-22T05:01:00Z"), now)->size(), 2u);
  EXPECT_EQ(overdue(schedules, {}, {}, now)->size(), 3u);
}

TEST(Overdue, NothingIsLateBeforeItsFirstTime) {
  const BackupSchedules schedules{.full = "0 3 * * *",
                                  .incremental = "30 * * * *",
                                  .drill = "0 5 * * 0",
                                  .drilled = {},
                                  .since = *parse_time("2026-11-25T08:40:00Z")};
  EXPECT_TRUE(overdue(schedules, {}, {}, *parse_time("2026-11-25T09:20:00Z"))->empty());
  EXPECT_EQ(overdue(schedules, {}, {}, *parse_time("2026-11-25T10:20:00Z"))->size(), 1u);
}

}  // namespace
}  // namespace slipway::testing
