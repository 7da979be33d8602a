#pragma once
// Third-party files and images, pinned: "binary/kubelet", "image/kube-proxy", "images/worker" (a bundle of images).

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace slipway {

struct ArtifactFile {
  std::string name;
  std::string version;
  std::string path;  ///< Local file in the cache.
  std::string sha256;
  uint64_t size = 0;
  std::string source;  ///< "cache", "bundle", "release", "mirror", "go modules", "debian packages", "built here".
};

/// Called now and then while an artifact is made ready; `total` is 0 where unknown.
using ArtifactProgress = std::function<void(std::string_view what, uint64_t done, uint64_t total)>;

/// Threads: any.
class ArtifactReader {
 public:
  virtual ~ArtifactReader() = default;
  /// The artifact if the cache holds it, verified by its recorded size and checksum. Nothing is fetched.
  virtual std::optional<ArtifactFile> find(const std::string& name) = 0;
};

class ArtifactWriter {
 public:
  virtual ~ArtifactWriter() = default;
  /// Makes the artifact ready from the first source that has it: cache, bundle, release site, registries.
  /// Errors: not_found (no source has it; each source's answer is in the error), verification, unavailable, timeout,
  /// quota (disk full). A second call for the same name waits for the first.
  virtual Result<ArtifactFile> acquire(const std::string& name, const ArtifactProgress& progress,
                                       Deadline deadline) = 0;
};

}  // namespace slipway
