// The verbs of the database's backups.

#include "base/schedule.h"
#include "base/text.h"
#include "cli/backup_checks.h"
#include "cli/output.h"
#include "cli/session.h"
#include "cli/verbs.h"
#include "cluster/database_backups.h"

namespace slipway {
namespace {

using SessionResult = Result<std::unique_ptr<Session>>;

/// Fact of the state: the newest drill, and the newest that passed.
constexpr const char* drill_fact = "database_drill";

BackupJobOptions job_options(Session& session) {
  return {.until = session.writer().clock.now() + std::chrono::hours(6),
          .cancelled = [] { return cancellation().load(); }};
}

std::string padded(std::string text, size_t width) {
  if (text.size() < width) text.append(width - text.size(), ' ');
  return text;
}

/// Recorded under the lock, which the drill itself does not hold.
Result<void> record_drill(Options options, const Value& outcome) {
  options.wait_seconds = std::max(options.wait_seconds, 300);
  SessionResult session = Session::open(options, "backup drill", Access::change);
  if (!session) return std::move(session).error();
  Value fact = object_fact((*session)->store(), drill_fact);
  fact["newest"] = outcome;
  if (outcome.value("passed", false)) fact["passed"] = outcome;
  return (*session)->store().set_fact(drill_fact, fact);
}

Value document_of(const DatabaseBackup& backup, const Value& passed) {
  return {{"label", backup.label},
          {"type", backup.type},
          {"started", format_time(backup.started)},
          {"finished", format_time(backup.finished)},
          {"size", backup.size},
          {"stored", backup.stored},
          {"damaged", backup.damaged},
          {"drilled", text_at(passed, "backup") == backup.label ? Value(text_at(passed, "time")) : Value()}};
}

std::string table_of(const Value& rows) {
  std::string out = padded("BACKUP", 36) + padded("TYPE", 7) + padded("FINISHED", 22) + padded("SIZE", 11) +
                    padded("STORED", 11) + "CHECKED\n";
  for (const Value& row : rows)
    out += padded(text_at(row, "label"), 36) + padded(text_at(row, "type"), 7) + padded(text_at(row, "finished"), 22) +
           padded(format_bytes(row["size"].get<uint64_t>()), 11) +
           padded(format_bytes(row["stored"].get<uint64_t>()), 11) +
           (row["damaged"].get<bool>()   ? "damaged pages"
            : row["drilled"].is_string() ? "drill of " + row["drilled"].get<std::string>()
                                         : "checksums when taken") +
           "\n";
  return rows.empty() ? "No backup yet.\n" : out;
}

Error late(const std::string& what, const std::string& path) {
  return fail(
      ErrorKind::verification, "the database is not backed up as its schedule says",
      {.found = what,
       .advice = what.find("drill") == std::string::npos ? "kubectl -n postgres get jobs; slipway backup create " + path
                                                         : "slipway backup drill " + path});
}

}  // namespace

int verb_backup_create(const Options& options) {
  SessionResult session = Session::open(options, "backup create", Access::look);
  if (!session) return report_error(options, session.error());
  if (Result<void> there = (*session)->require_cluster(); !there) return report_error(options, there.error());
  Writer& writer = (*session)->writer();
  const Instant begun = writer.clock.now();
  if (Result<void> taken = take_backup(writer, options.incremental, job_options(**session)); !taken)
    return report_error(options, taken.error());
  Result<std::vector<DatabaseBackup>> backups = list_backups(writer.read.cluster);
  if (!backups) return report_error(options, backups.error());
  if (backups->empty())
    return report_error(options, fail(ErrorKind::internal, "the backup that was taken is not listed"));
  const double seconds = std::chrono::duration<double>(writer.clock.now() - begun).count();
  const DatabaseBackup& newest = backups->back();
  print_result(options,
               "Backup " + newest.label + " (" + newest.type + ") of " + format_bytes(newest.size) + " in " +
                   format_seconds(seconds) + "\n",
               {{"format", 1}, {"backup", document_of(newest, Value())}, {"seconds", seconds}});
  return 0;
}

int verb_backup_list(const Options& options) {
  SessionResult session = Session::open(options, "backup list", Access::look);
  if (!session) return report_error(options, session.error());
  if (Result<void> there = (*session)->require_cluster(); !there) return report_error(options, there.error());
  Result<std::vector<DatabaseBackup>> backups = list_backups((*session)->writer().read.cluster);
  if (!backups) return report_error(options, backups.error());
  const Value fact = object_fact((*session)->store(), drill_fact);
  Value rows = Value::array();
  for (const DatabaseBackup& backup : *backups)
    rows.push_back(document_of(backup, fact.value("passed", Value::object())));
  const Value newest = fact.value("newest", Value());
  std::string text = table_of(rows);
  if (newest.is_object())
    text += "Newest drill: " + text_at(newest, "time") + (newest.value("passed", false) ? ", passed\n" : ", FAILED\n");
  print_result(options, text, {{"format", 1}, {"backups", std::move(rows)}, {"drill", newest}});
  return 0;
}

int verb_backup_restore(const Options& options) {
  // Under the lock: a repair meanwhile would start the database that the restore has stopped.
  SessionResult session = Session::open(options, "backup restore", Access::change);
  if (!session) return report_error(options, session.error());
  if (Result<void> there = (*session)->require_cluster(); !there) return report_error(options, there.error());
  Writer& writer = (*session)->writer();
  const Instant begun = writer.clock.now();
  RestoreRequest request{.backup = options.backup,
                         .target = options.at_time,
                         .replace = options.approve,
                         .progress = say,
                         .job = job_options(**session)};
  if (Result<void> restored = restore_backup(writer, request); !restored)
    return report_error(options, restored.error());
  const double seconds = std::chrono::duration<double>(writer.clock.now() - begun).count();
  print_result(options,
               "The database is back and takes writes, after " + format_seconds(seconds) +
                   ".\nNext: slipway backup create " + (*session)->spec().path + "\n",
               {{"format", 1}, {"restored", true}, {"seconds", seconds}});
  return 0;
}

int verb_backup_drill(const Options& options) {
  SessionResult session = Session::open(options, "backup drill", Access::look);
  if (!session) return report_error(options, session.error());
  if (Result<void> there = (*session)->require_cluster(); !there) return report_error(options, there.error());
  Writer& writer = (*session)->writer();
  const Instant begun = writer.clock.now();
  Result<Value> drilled = drill_backup(writer, job_options(**session));
  if (!drilled && drilled.error().kind != ErrorKind::verification) return report_error(options, drilled.error());
  Value outcome = drilled ? *drilled : Value{{"problem", drilled.error().found}};
  outcome["time"] = format_time(writer.clock.wall());
  outcome["passed"] = drilled.ok();
  outcome["seconds"] = std::chrono::duration<double>(writer.clock.now() - begun).count();
  session->reset();
  if (Result<void> recorded = record_drill(options, outcome); !recorded)
    return report_error(options, recorded.error().while_doing("recording the drill"));
  if (!drilled) return report_error(options, drilled.error());
  const auto count = [&](const char* key) { return outcome.value(key, Value(0)).dump(); };
  print_result(options,
               "Drill passed: backup " + text_at(outcome, "backup") + " and the archived WAL give " + count("tables") +
                   " tables with " + count("rows") + " rows in " + count("databases") +
                   " databases, equal to the live ones.\nRPO " + count("rpo_seconds") +
                   " s: what a loss at that moment would have cost. RTO " + count("rto_seconds") +
                   " s: from an empty volume to the first answer.\n",
               {{"format", 1}, {"drill", outcome}});
  return 0;
}

std::vector<Error> backup_problems(Session& session) {
  const auto settings = session.spec().addons.find("postgres");
  if (settings == session.spec().addons.end() || !settings->second.is_object() ||
      settings->second.value("enabled", Value(true)) == Value(false) || !session.has_cluster())
    return {};
  const std::string& path = session.spec().path;
  Result<std::vector<DatabaseBackup>> backups = list_backups(session.reader().cluster);
  if (!backups) return {backups.error()};
  Result<BackupSchedules> schedules = read_schedules(session.reader().cluster);
  if (!schedules) return {schedules.error()};
  std::vector<Error> problems;
  const Value drilled_before = object_fact(session.store(), drill_fact);
  const std::optional<WallTime> recorded = parse_time(text_at(drilled_before.value("passed", Value::object()), "time"));
  std::optional<WallTime> drilled = schedules->drilled;
  if (recorded && (!drilled || *recorded > *drilled)) drilled = recorded;
  Result<std::vector<std::string>> overdue_ones = overdue(*schedules, *backups, drilled, session.writer().clock.wall());
  if (!overdue_ones) return {overdue_ones.error()};
  for (const std::string& what : *overdue_ones) problems.push_back(late(what, path));
  if (!backups->empty() && backups->back().damaged)
    problems.push_back(
        fail(ErrorKind::corrupt, "the newest backup holds damaged pages",
             {.found = backups->back().label,
              .advice = "slipway backup drill " + path + "; the pages are damaged in the database itself"}));
  const Value newest = drilled_before.value("newest", Value());
  const std::optional<WallTime> failed =
      newest.is_object() && !newest.value("passed", true) ? parse_time(text_at(newest, "time")) : std::nullopt;
  if (failed && (!drilled || *failed > *drilled))
    problems.push_back(fail(ErrorKind::verification, "the newest drill failed",
                            {.found = text_at(newest, "problem"), .advice = "slipway backup drill " + path}));
  return problems;
}

}  // namespace slipway
