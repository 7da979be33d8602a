#pragma once
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "providers/local/processes.h"

namespace slipway::local {

/// What is kept of one host. On disk before anything else of the host is.
struct MachineRecord {
  std::string name, mark, address, release, image;
  int cpus = 1;
  uint64_t memory_bytes = 0, disk_bytes = 0;
  std::string created;    ///< "2026-11-21T09:30:00Z"
  bool complete = false;  ///< Its creation came to its end: sshd answered once.
};

/// The folder of one host: paths and records. Values.
class MachineFolder {
 public:
  /// A folder for real files: overlay on overlay is not supported by the kernel, and containerd's snapshots are
  /// overlays.
  struct Disk {
    std::string source, target;
  };

  explicit MachineFolder(std::string path) : path_(std::move(path)) {}
  const std::string& path() const { return path_; }
  std::string upper() const { return path_ + "/upper"; }
  std::string base_link() const { return path_ + "/base"; }
  std::string console_log() const { return path_ + "/console.log"; }
  std::vector<Disk> disks() const;

  /// Errors: not_found, corrupt.
  Result<MachineRecord> read() const;
  /// Durable before it returns.
  Result<void> write(const MachineRecord& record) const;
  ProcessIdentity keeper() const;
  Result<void> write_keeper(const ProcessIdentity& keeper) const;

 private:
  std::string path_;
};

/// The hosts that have a folder below `directory`, by name. Half-made folders without a record are left out.
std::vector<MachineFolder> machine_folders(const std::string& directory);

}  // namespace slipway::local
