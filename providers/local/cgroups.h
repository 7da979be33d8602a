#pragma once
// Control groups of the hosts. Each host has one of its own in every hierarchy: without it all hosts would share one
// cgroup root, and two kubelets would see and clean up each other's pods.

#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "providers/local/mounts.h"

namespace slipway::local {

enum class CgroupLayout { none, legacy, unified };

/// How this machine's control groups are mounted.
struct CgroupSetup {
  CgroupLayout layout = CgroupLayout::none;
  std::vector<std::string> hierarchies;  ///< Mount points. Legacy: one per controller, and the named and unified ones.
  bool systemd = false;                  ///< systemd is this machine's init: on unified, groups are asked of it.
};
CgroupSetup cgroup_setup_from(const std::vector<Mount>& mounts, bool systemd_is_init);
CgroupSetup detect_cgroups();
/// Controllers that hosts need and this machine does not offer.
std::vector<std::string> missing_controllers(const CgroupSetup& setup);

struct HostLimits {
  uint64_t memory_bytes = 0;  ///< 0: none.
  int cpus = 1;               ///< A weight, not a quota.
  bool operator==(const HostLimits&) const = default;
};

/// The groups of one host. Threads: one per host.
class HostCgroups {
 public:
  HostCgroups(CgroupSetup setup, std::string host_id) : setup_(std::move(setup)), id_(std::move(host_id)) {}

  /// Makes the groups and sets the limits; where systemd keeps the tree, `launch_prefix` does instead.
  Result<void> prepare(const HostLimits& limits) const;
  /// Changes the limits of a living host.
  Result<void> set_limits(const HostLimits& limits) const;
  /// Words to put before the keeper's command.
  std::vector<std::string> launch_prefix(const HostLimits& limits) const;
  /// "legacy" or "unified", for the keeper's script.
  std::string layout_name() const { return setup_.layout == CgroupLayout::unified ? "unified" : "legacy"; }
  /// The group folders that the keeper joins, one per hierarchy.
  std::vector<std::string> folders() const;
  /// True while a process is in any of the groups.
  bool populated() const;
  /// Kills whatever is in the groups, pods included, until nothing is, and removes them.
  /// Errors: timeout (a process cannot be killed; it is named).
  Result<void> kill_and_remove(Deadline deadline) const;

 private:
  std::vector<int> members() const;

  CgroupSetup setup_;
  std::string id_;
};

}  // namespace slipway::local
