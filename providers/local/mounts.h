#pragma once
#include <string>
#include <vector>

#include "base/result.h"

namespace slipway::local {

struct Mount {
  std::string target, type, options;  ///< Options of the filesystem itself ("rw,memory").
};
/// The lines of /proc/self/mountinfo, in order.
std::vector<Mount> parse_mountinfo(const std::string& text);

/// Deletes a folder and all below it, but never what is mounted there: mounts below are taken off first.
/// A missing folder is success. Errors: unavailable, timeout.
Result<void> remove_tree(const std::string& path);

/// The path of a disk's filesystem: the nearest ancestor that exists.
std::string nearest_existing(const std::string& path);

}  // namespace slipway::local
