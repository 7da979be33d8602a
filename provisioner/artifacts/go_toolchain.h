#pragma once
#include <map>
#include <string>

#include "artifacts/release_sites.h"

namespace slipway {

/// A Go that can build, with the environment that its builds need.
struct GoTool {
  std::string program;  ///< Path or name.
  std::string version;  ///< "go1.26.8"
  std::map<std::string, std::string> environment;
};

/// Finds a Go of at least `settings.minimum`: the machine's own, else the pinned toolchain, which is taken once from
/// the module proxy that the machine is set up for (GOPROXY) and kept in the cache. Errors: not_found (none here and
/// none to be had; what to install), verification, unavailable, timeout, quota.
Result<GoTool> find_go(const GoSettings& settings, Cache& cache, ReleaseSites& sites, const ArtifactProgress& progress,
                       Deadline deadline);

/// True if "go1.26.8" or "1.26.8" is `minimum` or newer; false for what is no version.
bool go_is_at_least(const std::string& version, const std::string& minimum);

}  // namespace slipway
