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

}  // namespace slipway
