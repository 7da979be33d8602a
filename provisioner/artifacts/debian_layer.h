#pragma once
#include <string>

#include "artifacts/catalogue.h"
#include "base/result.h"
#include "base/time.h"
#include "ports/artifacts.h"

namespace slipway {

/// Unpacks the layer's packages and all that they depend on, runs no script, and writes what is left after `exclude`
/// as a tar whose bytes depend on the content alone. Answers the packages with their versions ("iptables 1.8.9-2, …").
/// Errors: not_found (no mmdebstrap on this machine), unavailable, verification, timeout, quota, internal.
Result<std::string> make_debian_layer(const DebianLayer& layer, const std::string& architecture,
                                      const std::string& work_folder, const std::string& destination,
                                      const ArtifactProgress& progress, Deadline deadline);

/// The second half alone: `unpacked` is a tar of the packages' file system. Errors: corrupt, quota.
Result<void> trim_debian_layer(const DebianLayer& layer, const std::string& unpacked, const std::string& work_folder,
                               const std::string& destination);

}  // namespace slipway
