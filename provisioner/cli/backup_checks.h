#pragma once
#include <vector>

#include "base/error.h"
#include "cli/session.h"

namespace slipway {

/// What `doctor` says of the database's backups: the repository's silence, damaged backups, a backup or a drill that is
/// older than its schedule. Empty where the spec has no database.
std::vector<Error> backup_problems(Session& session);

}  // namespace slipway
