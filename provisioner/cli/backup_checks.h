#pragma once
#include <vector>

#include "base/error.h"
#include "cli/session.h"

namespace slipway {

/// What `doctor` says of the database's backups: the repository's silence, damaged backups, a backup or a drill that is
/// older than its schedule. Empty where the spec has no database.
std::vector<Error> backup_problems(Session& session);
/// The same of etcd: too old, damaged, drilled in vain, restored half-way.
std::vector<Error> etcd_backup_problems(Session& session);

/// When the newest backup of etcd was taken, on any control plane or fetched; nothing where there is none. A control
/// plane that does not answer is passed over. Errors: corrupt and the hosts'.
Result<std::optional<WallTime>> newest_etcd_backup(Session& session);
/// Whether a restore of etcd has begun and not ended.
bool etcd_restore_under_way(const State& state);

}  // namespace slipway
