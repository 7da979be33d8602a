#pragma once
// The keeper: the one process that owns a host. It joins the host's control groups, makes its network and mount
// namespaces, mounts its overlay and runs systemd-nspawn, again after each reboot from inside. Whatever it made dies
// with the host's last process. It is nobody's child and holds no descriptor of ours, so that it outlives the run.

#include <string>
#include <vector>

#include "base/file.h"
#include "base/result.h"
#include "base/time.h"

namespace slipway::local {

struct KeeperOrder {
  std::string folder;                      ///< The machine's folder: its working folder.
  std::vector<std::string> launch_prefix;  ///< See HostCgroups.
  std::string layout;                      ///< "legacy" or "unified".
  std::vector<std::string> cgroup_folders;
  std::vector<std::string> nspawn;  ///< Program and arguments.
};

/// A keeper that has its namespaces and mounts and waits for leave to boot the host. Dropped before `boot`, it ends.
class Keeper {
 public:
  /// Errors: unavailable, timeout; the keeper's own words in the error's output.
  static Result<Keeper> start(const KeeperOrder& order, Deadline deadline);
  int pid() const { return pid_; }
  /// Lets the host boot; it now lives on its own.
  Result<void> boot();

 private:
  Keeper(int pid, FileDescriptor leave) : pid_(pid), leave_(std::move(leave)) {}
  int pid_;
  FileDescriptor leave_;
};

/// The end of a log file, for errors.
std::string tail_of(const std::string& path, size_t bytes);

}  // namespace slipway::local
