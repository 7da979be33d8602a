#pragma once
#include <functional>
#include <string>

#include "providers/local/cgroups.h"
#include "providers/local/machine_folder.h"
#include "providers/local/network.h"
#include "providers/local/settings.h"
#include "providers/provider.h"

namespace slipway::local {

enum class HostState { creating, running, stopped };
/// "creating", "running", "stopped", as a machine's field "state".
std::string_view name(HostState state);

/// One host of this cluster, by name. Threads: one per host at a time.
class Host {
 public:
  Host(const Settings& settings, CgroupSetup cgroups, const std::string& name);

  const MachineFolder& folder() const { return folder_; }
  HostState state(const MachineRecord& record) const;

  /// Boots it and waits until its sshd greets: writes its files, groups, keeper, cable. What an earlier life left is
  /// killed first. Errors: unavailable, timeout, not_found (its base image is gone).
  Result<void> start(const MachineRecord& record, const MachineOrder& order, const CloudProgress& progress,
                     Deadline deadline) const;
  Result<void> set_limits(const MachineRecord& record) const;
  /// Ends all its processes at once, as a power cut does; its disk stays.
  Result<void> kill(Deadline deadline) const;
  /// Kills it and deletes all that was its own.
  Result<void> remove(Deadline deadline) const;

 private:
  Result<void> prepare_folder(const MachineRecord& record, const MachineOrder& order) const;
  std::vector<std::string> nspawn_command() const;

  Settings settings_;
  HostCgroups cgroups_;
  MachineFolder folder_;
  std::string name_;
};

/// Waits until something at the address greets as an SSH server does. `still_there` is asked now and then.
/// Errors: timeout; unavailable when `still_there` says no.
Result<void> wait_for_ssh(const std::string& address, uint16_t port, const std::function<bool()>& still_there,
                          Deadline deadline);

}  // namespace slipway::local
