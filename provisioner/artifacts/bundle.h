#pragma once
// Bundles: artifacts in one folder or one tar file, to be carried to a site without network.
//   slipway-bundle.json     {"format": 1, "architecture", "artifacts": [CacheRecord …]}
//   blobs/sha256/HEX        the content

#include <optional>
#include <string>
#include <vector>

#include "artifacts/cache.h"
#include "base/result.h"
#include "ports/artifacts.h"

namespace slipway {

/// Writes the records' content out of the cache: a tar where `destination` ends in ".tar" (replaced as a whole), else a
/// folder (made, or added to). Errors: quota, verification (the cache's content was damaged) and those of the file
/// system.
Result<void> write_bundle(Cache& cache, const std::vector<CacheRecord>& records, const std::string& architecture,
                          const std::string& destination, const ArtifactProgress& progress);

/// Takes everything in a bundle into the cache, each checksum compared. Answers what came in.
/// Errors: not_found, corrupt (no bundle), verification, quota.
Result<std::vector<CacheRecord>> import_bundle(Cache& cache, const std::string& path, const ArtifactProgress& progress);

/// Takes one artifact out of a bundle folder. Errors: not_found (not in it, or made by another recipe), corrupt,
/// verification, quota.
Result<CacheRecord> take_from_bundle(Cache& cache, const std::string& folder, const std::string& name,
                                     const std::string& recipe, const ArtifactProgress& progress);

}  // namespace slipway
