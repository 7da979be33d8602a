#pragma once
#include <string>
#include <vector>

#include "base/result.h"
#include "ports/cloud.h"
#include "providers/local/file_lock.h"

namespace slipway::local {

/// The Debian tree that all local hosts of a release share, made once by mmdebstrap and kept in the cache. Hosts never
/// write to it. Its name holds a digest of what it was made from, so that another list of packages is another image.
/// Threads and processes: any; builds of one image wait for each other.
class BaseImage {
 public:
  BaseImage(std::string release, std::string mirror);

  const std::string& name() const { return name_; }  ///< "bookworm-3f2a…"
  std::string root() const { return folder_ + "/rootfs"; }
  bool ready() const;
  /// Makes it unless it is there. Errors: unavailable (no package mirror), quota (disk full), timeout, internal.
  Result<void> build(const CloudProgress& progress, Deadline deadline) const;

  /// Where images lie in the cache.
  static std::string directory();
  /// The root of an image by name, as a host's record holds it.
  static std::string root_of(const std::string& name) { return directory() + "/" + name + "/rootfs"; }

 private:
  Result<void> bootstrap(const std::string& target, const FileLock& lock, const CloudProgress& progress,
                         Deadline deadline) const;

  std::string release_, mirror_, name_, folder_;
};

/// What every host has installed, so that the playbooks find it there and need no network for it.
const std::vector<std::string>& base_packages();

}  // namespace slipway::local
