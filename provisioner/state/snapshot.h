#pragma once
// STATE.json: the whole state as readable JSON, one line per step.

#include <string>

#include "base/result.h"
#include "state/migration.h"
#include "state/state.h"

namespace slipway {

std::string snapshot_text(const State& state);

struct Snapshot {
  State state;
  bool migrated = false;  ///< It was of an older format.
};
/// Errors: corrupt (with path and byte), bad_input (newer format). `path` is for messages.
Result<Snapshot> read_snapshot(const std::string& text, const std::string& path,
                               const Migrations& migrations = known_migrations());

}  // namespace slipway
