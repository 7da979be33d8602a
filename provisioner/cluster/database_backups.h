#pragma once
// Backups of the add-on `postgres`, as its repository reports them and its CronJobs make them (manifests/postgres).

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "ports/ports.h"

namespace slipway {

struct DatabaseBackup {
  std::string label;  ///< "20261125-030004F"; incremental ones name the full one that they need.
  std::string type;   ///< "full", "incr", "diff"
  WallTime started, finished;
  uint64_t size = 0;     ///< Of the database.
  uint64_t stored = 0;   ///< What this backup added to the repository.
  bool damaged = false;  ///< Pages whose checksum was wrong while it was taken.
};

/// Oldest first. Errors: not_found (the add-on is not there), unavailable (the repository does not answer).
Result<std::vector<DatabaseBackup>> list_backups(ClusterReader& reader);

/// What a job's run may end by: `cancelled` is asked each second.
struct BackupJobOptions {
  Instant until{};
  std::function<bool()> cancelled{};
};

/// Takes a backup now. Errors: not_found, internal (the job failed; its log in the error), timeout, cancelled.
Result<void> take_backup(Writer& writer, bool incremental, const BackupJobOptions& options);

/// Restores the newest backup beside the live database and compares every table. Answers what the drill measured:
/// {"backup","databases","tables","rows","rpo_seconds","restore_seconds","rto_seconds"}.
/// Errors: as above; verification where the backup cannot be restored or differs from the live database.
Result<Value> drill_backup(Writer& writer, const BackupJobOptions& options);

struct RestoreRequest {
  std::string backup{};  ///< A label; empty: the newest.
  std::string target{};  ///< "2026-11-25 08:00:00+00"; empty: the last archived WAL.
  bool replace = false;  ///< Also where the database is alive.
  std::function<void(const std::string& text)> progress{};
  BackupJobOptions job{};
};
/// Stops the database, brings its data directory back from the repository, starts it and waits until it takes writes.
/// What was there is kept beside it. Whatever fails, the database is started again.
/// Errors: as above; approval_needed where the database is alive and `replace` is not set.
Result<void> restore_backup(Writer& writer, const RestoreRequest& request);

/// When each kind of backup and the drill last ended well by themselves, and by which schedule they should.
struct BackupSchedules {
  std::string full, incremental, drill;
  std::optional<WallTime> drilled;
  WallTime since;  ///< When the database was made: before the first due time nothing can be late.
};
/// Errors: not_found and the ports'.
Result<BackupSchedules> read_schedules(ClusterReader& reader);

/// What is late, one sentence each; empty where everything was done by its schedule. `drilled`: the newest drill that
/// passed, wherever it was recorded. Pure. Errors: bad_input (a schedule).
Result<std::vector<std::string>> overdue(const BackupSchedules& schedules, const std::vector<DatabaseBackup>& backups,
                                         std::optional<WallTime> drilled, WallTime now);

}  // namespace slipway
