#include "cluster/database_backups.h"

#include <algorithm>

#include "base/ids.h"
#include "base/schedule.h"
#include "base/text.h"
#include "kube/explain.h"
#include "kube/pattern_job.h"

namespace slipway {
namespace {

const std::string place = "postgres";
const ObjectKey server{"apps/v1", "StatefulSet", place, "postgres"};
const char* const report_path = "/api/v1/namespaces/postgres/services/http:postgres-repository:8080/proxy/cgi-bin/info";

Deadline soon() { return Deadline::in(Seconds(15)); }

ObjectKey cron_job(const std::string& name) { return {"batch/v1", "CronJob", place, name}; }

Value member(const Value& object, const char* key) {
  return object.is_object() ? object.value(key, Value::object()) : Value::object();
}

/// "postgres-drill-20261125-083000-1f2e"
std::string job_name(const std::string& pattern, const Clock& clock) {
  std::string digits;
  for (const char c : format_time(clock.wall()))
    if (c >= '0' && c <= '9') digits += c;
  return pattern + "-" + digits.substr(0, 8) + "-" + digits.substr(8) + "-" + random_hex(2);
}

/// The add-on's absence in words; other errors as they are.
Error without_add_on(Error error) {
  if (error.kind != ErrorKind::not_found) return error;
  return fail(ErrorKind::not_found, "this cluster has no database",
              {.found = error.found.empty() ? error.summary : error.found,
               .advice = "addons: {postgres: {enabled: true}} in the spec, then slipway bootstrap"});
}

std::string last_lines(const std::string& text, size_t count) {
  const std::vector<std::string> lines = split(trim(text), '\n');
  return join({lines.end() - static_cast<std::ptrdiff_t>(std::min(count, lines.size())), lines.end()}, "\n");
}

Result<std::string> run(Writer& writer, const std::string& pattern, std::map<std::string, std::string> environment,
                        ErrorKind failure, const std::string& what, const BackupJobOptions& options) {
  Result<JobOutcome> outcome = run_pattern_job(writer.read.cluster, writer.cluster, writer.clock,
                                               {.pattern = cron_job(pattern),
                                                .name = job_name(pattern, writer.clock),
                                                .environment = std::move(environment),
                                                .until = options.until,
                                                .cancelled = options.cancelled});
  if (!outcome) return without_add_on(std::move(outcome).error()).while_doing(what);
  if (outcome->succeeded) return outcome->log;
  Error error =
      fail(failure, what + " failed", {.found = last_lines(outcome->log, 25), .expected = "a job that succeeds"});
  error.output = outcome->log;
  return error;
}

WallTime at_second(const Value& object, const char* key) {
  return WallTime(Seconds(object.is_object() ? object.value(key, int64_t{0}) : 0));
}

std::optional<WallTime> time_at(const Value& object, const char* key) { return parse_time(text_at(object, key)); }

DatabaseBackup backup_from(const Value& entry) {
  const Value info = member(entry, "info"), times = member(entry, "timestamp");
  return {.label = text_at(entry, "label"),
          .type = text_at(entry, "type"),
          .started = at_second(times, "start"),
          .finished = at_second(times, "stop"),
          .size = info.value("size", uint64_t{0}),
          .stored = member(info, "repository").value("delta", uint64_t{0}),
          .damaged = entry.value("error", Value(false)) == Value(true)};
}

int ready_replicas(const Value& set) {
  // A status of an older generation speaks of other pods.
  const Value status = member(set, "status");
  return status.value("readyReplicas", 0);
}

Result<void> scale(Writer& writer, int replicas) {
  Result<Value> patched = writer.cluster.patch(server, {{"spec", {{"replicas", replicas}}}}, soon());
  if (!patched) return std::move(patched).error();
  return {};
}

Result<void> wait_until_stopped(Writer& writer, const BackupJobOptions& options) {
  // Longer than their grace; a pod of a dead node would never end.
  const Instant until = std::min(options.until, writer.clock.now() + std::chrono::minutes(10));
  for (;;) {
    Result<std::vector<Value>> pods = writer.read.cluster.list(
        {"v1", "Pod", place, ""}, "app.kubernetes.io/name=postgres,app.kubernetes.io/component=server", soon());
    if (pods && pods->empty()) return {};
    if (!pods && !retryable(pods.error().kind)) return std::move(pods).error();
    if (options.cancelled && options.cancelled()) return fail(ErrorKind::cancelled, "stopped before the restore began");
    if (writer.clock.now() >= until)
      return fail(ErrorKind::timeout, "the database's pods do not end",
                  {.advice = "kubectl -n postgres get pods; is their node alive?"});
    writer.clock.sleep_until(writer.clock.now() + Seconds(1));
  }
}

Result<void> wait_until_writable(Writer& writer, int replicas, const BackupJobOptions& options) {
  for (;;) {
    Result<Value> set = writer.read.cluster.get(server, soon());
    if (!set && !retryable(set.error().kind)) return std::move(set).error();
    if (set && ready_replicas(*set) >= replicas) return {};
    if (options.cancelled && options.cancelled())
      return fail(ErrorKind::cancelled, "stopped while the database replays its WAL; it goes on by itself");
    if (writer.clock.now() >= options.until)
      return fail(ErrorKind::timeout, "the restored database does not get ready",
                  {.found = set ? explain_not_ready(writer.read.cluster, *set, soon()) : set.error().summary,
                   .advice = "kubectl -n postgres logs postgres-0"});
    writer.clock.sleep_until(writer.clock.now() + Seconds(1));
  }
}

}  // namespace

Result<std::vector<DatabaseBackup>> list_backups(ClusterReader& reader) {
  Result<std::string> answer = reader.probe(report_path, Deadline::in(Seconds(30)));
  if (!answer) return without_add_on(std::move(answer).error()).while_doing("asking the backup repository");
  const Value report = Value::parse(*answer, nullptr, false);
  if (!report.is_array() || report.empty())
    return fail(
        ErrorKind::unavailable, "the backup repository's answer is none",
        {.found = answer->substr(0, 200), .advice = "kubectl -n postgres logs postgres-repository-0 -c keeper"});
  const int code = member(report[0], "status").value("code", 99);
  if (code > 2)
    return fail(ErrorKind::unavailable, "the backup repository cannot be read",
                {.found = text_at(member(report[0], "status"), "message"),
                 .advice = "kubectl -n postgres logs postgres-repository-0 -c keeper"});
  std::vector<DatabaseBackup> backups;
  for (const Value& entry : report[0].value("backup", Value::array())) backups.push_back(backup_from(entry));
  std::sort(backups.begin(), backups.end(),
            [](const DatabaseBackup& a, const DatabaseBackup& b) { return a.finished < b.finished; });
  return backups;
}

Result<void> take_backup(Writer& writer, bool incremental, const BackupJobOptions& options) {
  Result<std::string> log = run(writer, incremental ? "postgres-backup-incremental" : "postgres-backup-full", {},
                                ErrorKind::internal, "taking a backup", options);
  if (!log) return std::move(log).error();
  return {};
}

Result<Value> drill_backup(Writer& writer, const BackupJobOptions& options) {
  Result<std::string> log =
      run(writer, "postgres-drill", {}, ErrorKind::verification, "the drill of the newest backup", options);
  if (!log) return std::move(log).error();
  const size_t mark = log->rfind("RESULT {");
  Value result =
      mark == std::string::npos ? Value() : Value::parse(split(log->substr(mark + 7), '\n')[0], nullptr, false);
  if (!result.is_object())
    return fail(ErrorKind::verification, "the drill ended without its result", {.found = last_lines(*log, 10)});
  return result;
}

Result<void> restore_backup(Writer& writer, const RestoreRequest& request) {
  const auto tell = [&](const std::string& text) {
    if (request.progress) request.progress(text);
  };
  Result<std::vector<DatabaseBackup>> backups = list_backups(writer.read.cluster);
  if (!backups) return std::move(backups).error();
  if (backups->empty()) return fail(ErrorKind::not_found, "the repository holds no backup");
  if (!request.backup.empty() && std::none_of(backups->begin(), backups->end(), [&](const DatabaseBackup& backup) {
        return backup.label == request.backup;
      }))
    return fail(ErrorKind::not_found, "no such backup",
                {.found = request.backup, .advice = "slipway backup list SPEC"});
  Result<Value> set = writer.read.cluster.get(server, soon());
  if (!set) return without_add_on(std::move(set).error());
  if (ready_replicas(*set) > 0 && !request.replace)
    return fail(ErrorKind::approval_needed, "the database is alive, and a restore replaces it",
                {.found = "what was committed after the restored point would be gone from it",
                 .advice = "run again with --approve; the replaced directory is kept beside it as pgdata.replaced"});
  const std::string wanted = text_at(member(member(*set, "metadata"), "annotations"), "slipway.dev/replicas");
  const int replicas = wanted.starts_with("2") ? 2 : 1;
  tell("stopping the database");
  if (Result<void> scaled = scale(writer, 0); !scaled) return scaled;
  Result<void> done = wait_until_stopped(writer, request.job);
  if (done) {
    tell("restoring " + (request.backup.empty() ? "the newest backup, " + backups->back().label : request.backup));
    Result<std::string> log = run(writer, "postgres-restore", {{"SET", request.backup}, {"TARGET", request.target}},
                                  ErrorKind::verification, "restoring the database", request.job);
    if (!log) done = std::move(log).error();
  }
  // Whatever happened: a failed restore has not touched the directory.
  tell("starting the database");
  Result<void> started = scale(writer, replicas);
  if (!done) return done;
  if (!started) return started;
  return wait_until_writable(writer, replicas, request.job);
}

Result<BackupSchedules> read_schedules(ClusterReader& reader) {
  BackupSchedules schedules;
  for (const auto& [name, target] : {std::pair{"postgres-backup-full", &schedules.full},
                                     std::pair{"postgres-backup-incremental", &schedules.incremental},
                                     std::pair{"postgres-drill", &schedules.drill}}) {
    Result<Value> job = reader.get(cron_job(name), soon());
    if (!job) return without_add_on(std::move(job).error());
    *target = text_at(member(*job, "spec"), "schedule");
    if (target == &schedules.drill) schedules.drilled = time_at(member(*job, "status"), "lastSuccessfulTime");
  }
  Result<Value> set = reader.get(server, soon());
  if (!set) return without_add_on(std::move(set).error());
  schedules.since = time_at(member(*set, "metadata"), "creationTimestamp").value_or(WallTime{});
  return schedules;
}

Result<std::vector<std::string>> overdue(const BackupSchedules& schedules, const std::vector<DatabaseBackup>& backups,
                                         std::optional<WallTime> drilled, WallTime now) {
  WallTime any{}, full{};
  for (const DatabaseBackup& backup : backups) {
    any = std::max(any, backup.finished);
    if (backup.type == "full") full = std::max(full, backup.finished);
  }
  struct Duty {
    const char* what;
    const std::string& schedule;
    WallTime done;
    Seconds patience;  ///< How long the work itself may take.
  };
  std::vector<std::string> late;
  for (const Duty& duty : {Duty{"full backup", schedules.full, full, std::chrono::hours(1)},
                           Duty{"backup", schedules.incremental, any, std::chrono::minutes(30)},
                           Duty{"drill", schedules.drill, drilled.value_or(WallTime{}), std::chrono::hours(2)}}) {
    Result<Schedule> schedule = Schedule::parse(duty.schedule);
    if (!schedule) return std::move(schedule).error();
    const std::optional<WallTime> due = schedule->last(now - duty.patience);
    if (!due || *due <= schedules.since || duty.done >= *due) continue;
    late.push_back("the newest " + std::string(duty.what) + " is " +
                   (duty.done == WallTime{} ? "none at all" : "of " + format_time(duty.done)) + "; one was due at " +
                   format_time(*due) + " (" + duty.schedule + ")");
  }
  return late;
}

}  // namespace slipway
