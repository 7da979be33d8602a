// The verbs of etcd's backups, and what doctor says of them.

#include <algorithm>

#include "base/schedule.h"
#include "base/text.h"
#include "cli/backup_checks.h"
#include "cli/host_access.h"
#include "cli/output.h"
#include "cli/session.h"
#include "cli/verbs.h"
#include "cluster/encryption.h"
#include "cluster/etcd_backups.h"
#include "engine/approval.h"

namespace slipway {
namespace {

using SessionResult = Result<std::unique_ptr<Session>>;

/// Facts of the state: the newest drill and the newest that passed; a restore that has begun and not ended.
constexpr const char* drill_fact = "etcd_drill";
constexpr const char* restore_fact = "etcd_restore";

const StepId init_step("kubernetes/init");

std::string padded(std::string text, size_t width) {
  if (text.size() < width) text.append(width - text.size(), ' ');
  return text;
}

EtcdBackupFolder folder_of(const Session& session) {
  return EtcdBackupFolder(session.state_directory() + "/backups/etcd");
}

/// An error's advice names the spec as the user wrote it.
Error with_spec(Error error, const Session& session) {
  error.advice = replace_all(error.advice, "SPEC", session.spec().path);
  return error;
}

/// The control planes that state knows the way to.
std::vector<HostAccess> known_control_planes(Session& session) {
  std::vector<HostAccess> hosts;
  for (const Member* member : session.membership().control_planes())
    if (Result<HostAccess> access = access_of(session, member->name.text())) hosts.push_back(std::move(*access));
  return hosts;
}

/// The first control plane that has an etcd.
Result<HostAccess> any_etcd(Session& session) {
  Error reason = no_cluster_yet(session.spec().path);
  for (const HostAccess& host : known_control_planes(session)) {
    const Result<std::string> member = etcd_member(session.writer().hosts, host);
    if (member && !member->empty()) return host;
    if (!member)
      reason = member.error();
    else
      reason = fail(
          ErrorKind::not_found, "no control plane has an etcd",
          {.found = host.machine.text() + " was never made one", .advice = "slipway repair " + session.spec().path});
  }
  return reason;
}

Result<EtcdBackup> chosen(const Session& session, const std::string& label) {
  Result<std::vector<EtcdBackup>> backups = folder_of(session).list();
  if (!backups) return std::move(backups).error();
  for (const EtcdBackup& backup : *backups)
    if (backup.label == label) return backup;
  if (label.empty() && !backups->empty()) return backups->back();
  return fail(
      ErrorKind::not_found, label.empty() ? "no backup of etcd was fetched yet" : "no such backup of etcd",
      {.found = label.empty() ? "" : label,
       .advice = "slipway backup list etcd " + session.spec().path +
                 "; one that a control plane keeps is fetched by: slipway backup create etcd " + session.spec().path});
}

/// Under the lock, which taking a backup and drilling it do not hold.
Result<void> record(Options options, const std::string& verb, const std::function<Result<void>(StateStore&)>& write) {
  options.wait_seconds = std::max(options.wait_seconds, 300);
  SessionResult session = Session::open(options, verb, Access::change);
  if (!session) return std::move(session).error();
  return write((*session)->store());
}

/// Told where a run refuses to make again what carried etcd's data.
Result<void> record_verified(StateStore& store, const std::string& file, const EtcdBackup& backup) {
  const State state = store.snapshot();
  for (const auto& [id, step] : state.steps)
    if (step.carries_data && (id == init_step || id.text().starts_with("kubernetes/join/")))
      if (Result<void> kept =
              store.set_fact(backup_fact(id), {{"file", file}, {"at", format_time(backup.taken)}, {"verified", true}});
          !kept)
        return kept;
  return {};
}

struct Place {
  EtcdBackup backup;
  std::vector<std::string> where;
  bool damaged = false;
};

/// Every backup there is, and where. A control plane that does not answer is named in `silent`.
Result<std::map<std::string, Place>> places(Session& session, std::vector<std::string>& silent) {
  std::map<std::string, Place> found;
  const EtcdBackupFolder folder = folder_of(session);
  Result<std::vector<EtcdBackup>> here = folder.list();
  if (!here) return std::move(here).error();
  for (EtcdBackup& backup : *here) {
    Place& place = found[backup.label];
    place.where.emplace_back("here");
    place.damaged = !folder.verify(backup).ok();
    place.backup = std::move(backup);
  }
  for (const HostAccess& host : known_control_planes(session)) {
    Result<std::vector<EtcdBackup>> there = list_etcd_backups(session.writer().hosts, host);
    if (!there) {
      silent.push_back(host.machine.text());
      continue;
    }
    for (EtcdBackup& backup : *there) {
      Place& place = found[backup.label];
      place.where.push_back(host.machine.text());
      place.backup = std::move(backup);
    }
  }
  return found;
}

/// The members of the restored cluster: every control plane that was one. One that is gone for good joins later; one
/// that may come back must not be left out, since it would come back with the old cluster.
Result<std::vector<EtcdRestore::Target>> restore_targets(Session& session) {
  std::vector<EtcdRestore::Target> targets;
  std::optional<std::vector<CloudObject>> machines;
  for (const HostAccess& host : known_control_planes(session)) {
    Result<std::string> member = etcd_member(session.writer().hosts, host);
    if (member && !member->empty()) targets.push_back({host, *member});
    if (member) continue;
    if (member.error().kind != ErrorKind::unavailable && member.error().kind != ErrorKind::timeout)
      return member.error();
    if (!machines) {
      Result<std::vector<CloudObject>> owned = session.provider().list_owned();
      if (!owned) return std::move(owned).error();
      machines = std::move(*owned);
    }
    const bool gone = session.spec().provider != "existing" &&
                      std::none_of(machines->begin(), machines->end(), [&](const CloudObject& object) {
                        return object.kind == "machine" && object.name == host.machine.text();
                      });
    if (gone) continue;
    Error error = member.error();
    error.advice = "start it, or take it away for good (slipway node remove " + session.spec().path + " " +
                   host.machine.text() + "): with its old data it must not come back to the restored cluster";
    return std::move(error).while_doing("looking for the members of etcd");
  }
  if (targets.empty())
    return fail(ErrorKind::not_found, "no control plane is there to restore etcd on",
                {.advice = "slipway repair " + session.spec().path +
                           " --approve data-loss makes the first one with an empty etcd; then this command again"});
  return targets;
}

}  // namespace

int verb_backup_create_etcd(const Options& options) {
  SessionResult session = Session::open(options, "backup create etcd", Access::look);
  if (!session) return report_error(options, session.error());
  Writer& writer = (*session)->writer();
  const Instant begun = writer.clock.now();
  const int keep = (*session)->spec().kubernetes.etcd_backup.keep;
  const EtcdBackupFolder folder = folder_of(**session);
  const Result<HostAccess> host = any_etcd(**session);
  if (!host) return report_error(options, with_spec(host.error(), **session));
  const Result<EtcdBackup> backup = take_etcd_backup(writer.hosts, *host, keep);
  if (!backup) return report_error(options, with_spec(backup.error(), **session));
  if (Result<void> fetched = folder.fetch(writer.hosts, *host, *backup); !fetched)
    return report_error(options, fetched.error());
  if (Result<void> whole = folder.verify(*backup); !whole)
    return report_error(options, with_spec(whole.error(), **session));
  if (Result<void> pruned = folder.prune(static_cast<size_t>(keep)); !pruned)
    return report_error(options, pruned.error());
  const double seconds = std::chrono::duration<double>(writer.clock.now() - begun).count();
  session->reset();
  if (Result<void> kept =
          record(options, "backup create etcd",
                 [&](StateStore& store) { return record_verified(store, folder.file_of(*backup), *backup); });
      !kept)
    return report_error(options, kept.error().while_doing("recording the backup"));
  Value document = to_value(*backup);
  document["file"] = folder.file_of(*backup);
  print_result(options,
               "Backup " + backup->label + ": " + std::to_string(backup->objects) + " objects of " +
                   std::to_string(backup->kinds) + " kinds, " + format_bytes(backup->stored) + " in " +
                   format_seconds(seconds) + "\n" + folder.file_of(*backup) +
                   "\nIt holds the cluster's keys: keep it as secret.\n",
               {{"format", 1}, {"backup", document}, {"seconds", seconds}});
  return 0;
}

int verb_backup_list_etcd(const Options& options) {
  SessionResult session = Session::open(options, "backup list etcd", Access::look);
  if (!session) return report_error(options, session.error());
  std::vector<std::string> silent;
  const Result<std::map<std::string, Place>> found = places(**session, silent);
  if (!found) return report_error(options, found.error());
  const Value fact = object_fact((*session)->store(), drill_fact);
  const Value passed = fact.value("passed", Value::object()), newest = fact.value("newest", Value());
  Value rows = Value::array();
  std::string text =
      padded("BACKUP", 36) + padded("OBJECTS", 9) + padded("SIZE", 11) + padded("WHERE", 28) + "CHECKED\n";
  for (const auto& [label, place] : *found) {
    const bool drilled = text_at(passed, "backup") == label;
    Value row = to_value(place.backup);
    row["where"] = place.where;
    row["damaged"] = place.damaged;
    row["drilled"] = drilled ? Value(text_at(passed, "time")) : Value();
    rows.push_back(std::move(row));
    text += padded(label, 36) + padded(std::to_string(place.backup.objects), 9) +
            padded(format_bytes(place.backup.stored), 11) + padded(join(place.where, " "), 28) +
            (place.damaged ? "DAMAGED here"
             : drilled     ? "drill of " + text_at(passed, "time")
                           : "checksum when taken") +
            "\n";
  }
  if (found->empty()) text = "No backup yet.\n";
  for (const std::string& machine : silent) text += machine + " does not answer: what it keeps is not in this list.\n";
  if (newest.is_object())
    text += "Newest drill: " + text_at(newest, "time") + (newest.value("passed", false) ? ", passed\n" : ", FAILED\n");
  print_result(options, text,
               {{"format", 1}, {"backups", std::move(rows)}, {"unreachable", silent}, {"drill", newest}});
  return 0;
}

int verb_backup_drill_etcd(const Options& options) {
  SessionResult session = Session::open(options, "backup drill etcd", Access::look);
  if (!session) return report_error(options, session.error());
  const Result<EtcdBackup> backup = chosen(**session, options.backup);
  if (!backup) return report_error(options, backup.error());
  const Result<HostAccess> host = any_etcd(**session);
  if (!host) return report_error(options, with_spec(host.error(), **session));
  Writer& writer = (*session)->writer();
  const Instant begun = writer.clock.now();
  const Result<Value> drilled = drill_etcd_backup(writer.hosts, *host, *backup, folder_of(**session));
  if (!drilled && drilled.error().kind != ErrorKind::verification)
    return report_error(options, with_spec(drilled.error(), **session));
  Value outcome = drilled ? *drilled : Value{{"problem", drilled.error().summary + ": " + drilled.error().found}};
  outcome["backup"] = backup->label;
  outcome["machine"] = host->machine.text();
  outcome["time"] = format_time(writer.clock.wall());
  outcome["passed"] = drilled.ok();
  outcome["seconds"] = std::chrono::duration<double>(writer.clock.now() - begun).count();
  const std::optional<Error> failure =
      drilled ? std::nullopt : std::optional<Error>(with_spec(drilled.error(), **session));
  session->reset();
  const Result<void> recorded = record(options, "backup drill etcd", [&](StateStore& store) {
    Value fact = object_fact(store, drill_fact);
    fact["newest"] = outcome;
    if (outcome["passed"] == true) fact["passed"] = outcome;
    return store.set_fact(drill_fact, fact);
  });
  if (!recorded) return report_error(options, recorded.error().while_doing("recording the drill"));
  if (failure) return report_error(options, *failure);
  const auto count = [&](const char* key) { return outcome.value(key, Value(0)).dump(); };
  print_result(
      options,
      "Drill passed: a throw-away etcd out of " + backup->label + " holds the " + count("objects") + " objects of " +
          count("kinds") + " kinds that the living one held at that revision; up after " + count("restore_seconds") +
          " s.\n" +
          (outcome["objects_now"].is_number() ? "The cluster has " + count("objects_now") + " objects now.\n" : ""),
      {{"format", 1}, {"drill", outcome}});
  return 0;
}

int verb_backup_restore_etcd(const Options& options) {
  SessionResult session = Session::open(options, "backup restore etcd", Access::change);
  if (!session) return report_error(options, session.error());
  StateStore& store = (*session)->store();
  const Value begun_before = object_fact(store, restore_fact);
  const std::string label = options.backup.empty() ? text_at(begun_before, "backup") : options.backup;
  const Result<EtcdBackup> backup = chosen(**session, label);
  if (!backup) return report_error(options, backup.error());
  if (!options.approve_data_loss)
    return report_error(
        options, fail(ErrorKind::approval_needed, "a restore replaces all that etcd holds",
                      {.found = "what was written after " + format_time(backup->taken) + " will be gone",
                       .expected = "--approve data-loss",
                       .advice = "the same command with --approve data-loss; the replaced data is kept beside it as "
                                 "/var/lib/etcd/replaced-…"}));
  Result<std::vector<EtcdRestore::Target>> targets = restore_targets(**session);
  if (!targets) return report_error(options, with_spec(targets.error(), **session));
  Value members = Value::array();
  for (const EtcdRestore::Target& target : *targets) members.push_back(target.member);
  // Its Secrets may be under a key of former days. A damaged backup shall not begin a change of keys.
  if (Result<void> whole = folder_of(**session).verify(*backup); !whole)
    return report_error(options, with_spec(whole.error(), **session));
  const Result<Secret> written_with = folder_of(**session).encryption_of(*backup);
  if (!written_with) return report_error(options, with_spec(written_with.error(), **session));
  const Result<bool> former_key = begin_key_return(store, *written_with);
  if (!former_key) return report_error(options, former_key.error());
  const Result<Encryption> encryption = load_or_make_encryption(store, false);
  if (!encryption) return report_error(options, encryption.error());
  // Cut off, it goes on under its own name: what a host has done already is not done again.
  const bool goes_on =
      text_at(begun_before, "backup") == backup->label && begun_before.value("members", Value()) == members;
  const std::string token = goes_on ? text_at(begun_before, "token") : "restore-" + random_hex(4);
  if (Result<void> noted =
          store.set_fact(restore_fact, {{"backup", backup->label}, {"token", token}, {"members", members}});
      !noted)
    return report_error(options, noted.error());
  Writer& writer = (*session)->writer();
  const Instant begun = writer.clock.now();
  const size_t count = targets->size();
  const Result<void> restored = restore_etcd(writer,
                                             {.backup = *backup,
                                              .token = token,
                                              .targets = std::move(*targets),
                                              .encryption = encryption->configuration,
                                              .progress = say,
                                              .cancelled = [] { return cancellation().load(); }},
                                             folder_of(**session));
  if (!restored) return report_error(options, with_spec(restored.error(), **session));
  if (Result<void> noted = store.set_fact(restore_fact, Value()); !noted) return report_error(options, noted.error());
  const double seconds = std::chrono::duration<double>(writer.clock.now() - begun).count();
  const std::string& path = (*session)->spec().path;
  print_result(options,
               "The cluster is back as of " + format_time(backup->taken) + ", on " + std::to_string(count) +
                   (count == 1 ? " control plane" : " control planes") + ", after " + format_seconds(seconds) + ".\n" +
                   (*former_key ? "Its Secrets are under a former encryption key: slipway repair " + path +
                                      " writes them again under the present one.\n"
                                : "") +
                   "Next: slipway plan " + path + "; slipway backup create etcd " + path + "\n",
               {{"format", 1},
                {"restored", backup->label},
                {"members", members},
                {"former_key", *former_key},
                {"seconds", seconds}});
  return 0;
}

bool etcd_restore_under_way(const State& state) { return state.facts.value(restore_fact, Value()).is_object(); }

Result<std::optional<WallTime>> newest_etcd_backup(Session& session) {
  std::optional<WallTime> newest;
  Result<std::vector<EtcdBackup>> kept = folder_of(session).list();
  if (!kept) return std::move(kept).error();
  std::vector<EtcdBackup> all = std::move(*kept);
  for (const HostAccess& host : known_control_planes(session)) {
    Result<std::vector<EtcdBackup>> there = list_etcd_backups(session.writer().hosts, host);
    if (!there && there.error().kind != ErrorKind::unavailable && there.error().kind != ErrorKind::timeout)
      return with_spec(there.error(), session);
    if (there) all.insert(all.end(), there->begin(), there->end());
  }
  for (const EtcdBackup& backup : all) newest = std::max(newest.value_or(backup.taken), backup.taken);
  return newest;
}

std::vector<Error> etcd_backup_problems(Session& session) {
  const State state = session.store().snapshot();
  const auto init = state.steps.find(init_step);
  if (init == state.steps.end()) return {};
  const std::string& path = session.spec().path;
  std::vector<Error> problems;
  if (const Value half = state.facts.value(restore_fact, Value()); half.is_object())
    problems.push_back(fail(
        ErrorKind::unavailable, "a restore of etcd has begun and not ended",
        {.found = text_at(half, "backup"), .advice = "slipway backup restore etcd " + path + " --approve data-loss"}));
  EtcdDuties duties{.every = std::chrono::hours(session.spec().kubernetes.etcd_backup.every_hours),
                    .since = parse_time(init->second.updated).value_or(WallTime{})};
  bool asked = false;
  for (const HostAccess& host : known_control_planes(session)) {
    Result<std::vector<EtcdBackup>> backups = list_etcd_backups(session.writer().hosts, host);
    // One that is down is told as a machine.
    if (!backups && backups.error().kind != ErrorKind::unavailable && backups.error().kind != ErrorKind::timeout)
      problems.push_back(with_spec(backups.error(), session));
    if (!backups) continue;
    asked = true;
    for (const EtcdBackup& backup : *backups)
      duties.taken = std::max(duties.taken.value_or(backup.taken), backup.taken);
  }
  const EtcdBackupFolder folder = folder_of(session);
  Result<std::vector<EtcdBackup>> kept = folder.list();
  if (!kept) problems.push_back(kept.error());
  if (kept && !kept->empty()) {
    duties.off_node = kept->back().taken;
    if (Result<void> whole = folder.verify(kept->back()); !whole) problems.push_back(with_spec(whole.error(), session));
  }
  const Value drills = state.facts.value(drill_fact, Value::object());
  duties.drilled = parse_time(text_at(drills.value("passed", Value::object()), "time"));
  if (const Value newest = drills.value("newest", Value()); newest.is_object() && !newest.value("passed", true))
    problems.push_back(fail(ErrorKind::verification, "the newest drill of etcd's backup failed",
                            {.found = text_at(newest, "problem"),
                             .advice = "slipway backup create etcd " + path + "; slipway backup drill etcd " + path}));
  // Where no control plane answered nobody knows what they keep.
  if (!asked) duties.taken = session.writer().clock.wall();
  for (const EtcdOverdue& late : overdue(duties, session.writer().clock.wall()))
    problems.push_back(fail(ErrorKind::verification, "etcd is not backed up as it should be",
                            {.found = late.what, .advice = "slipway " + late.verb + " " + path}));
  return problems;
}

}  // namespace slipway
