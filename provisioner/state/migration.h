#pragma once
// How a state of an older format becomes one of ours: a chain of steps, one per format, each on the plain JSON.

#include <functional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace slipway {

/// From format `from` to `from` + 1. Either function may be empty: nothing to change there.
struct Migration {
  int from = 0;
  std::function<Result<void>(Value& snapshot)> snapshot;  ///< The whole of STATE.json.
  std::function<Result<void>(Value& change)> change;      ///< One journal record.
};
using Migrations = std::vector<Migration>;

/// The chain of this binary. Format 1 is the first there is, so it is empty until format 2.
const Migrations& known_migrations();

enum class MigratedPart { snapshot, change };
/// `text`, written in `format`, as JSON text of the format `to`. Errors: corrupt; bad_input where `format` is newer
/// than `to` or no step of the chain begins at it. `path` is for the message.
Result<std::string> migrate(const std::string& text, uint64_t format, int to, MigratedPart part,
                            const Migrations& migrations, const std::string& path);
/// The error for a state of another format than this binary can read.
Error wrong_format(uint64_t found, int expected, const std::string& path);

}  // namespace slipway
