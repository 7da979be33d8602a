#pragma once
// The state machine of OpenNebula's VMs: STATE x LCM_STATE, the latter meaningful while STATE is ACTIVE.

#include <string>
#include <string_view>

namespace slipway::opennebula {

/// STATE
enum class VmState {
  init = 0,
  pending = 1,
  hold = 2,
  active = 3,
  stopped = 4,
  suspended = 5,
  done = 6,
  failed = 7,
  poweroff = 8,
  undeployed = 9,
  cloning = 10,
  cloning_failure = 11
};

/// Those LCM_STATEs that decisions name.
namespace lcm {
constexpr int init = 0, prolog = 1, boot = 2, running = 3, epilog = 11, shutdown = 12, unknown = 16, hotplug = 17,
              shutdown_poweroff = 18, cleanup_delete = 23, hotplug_nic = 25, boot_failure = 36, prolog_failure = 39,
              epilog_failure = 40;
}  // namespace lcm

/// "RUNNING", "POWEROFF", "BOOT_FAILURE": the LCM_STATE's name of an active VM, else the STATE's.
std::string state_name(int state, int lcm_state);

/// What a state means to us.
enum class Condition {
  starting,  ///< On its way to RUNNING by itself, though PENDING may last for ever.
  held,      ///< Waits for a release.
  running,   ///< The guest runs; short works such as hot-plugging included.
  resting,   ///< Off, and resumed by an action.
  settling,  ///< On its way to a resting state.
  lost,      ///< UNKNOWN: monitoring does not see it.
  leaving,   ///< On its way to DONE.
  failed,    ///< Needs a decision; `recovery_of` says which there are.
  gone       ///< DONE: only a record.
};
Condition condition_of(int state, int lcm_state);

/// For a failed VM: what an administrator can do about it, as a command; else empty.
std::string recovery_of(int state, int lcm_state, int id);

/// The image's STATE.
enum class ImageState {
  init = 0,
  ready = 1,
  used = 2,
  disabled = 3,
  locked = 4,
  error = 5,
  clone = 6,
  deleting = 7,
  used_persistent = 8
};
std::string_view image_state_name(int state);

}  // namespace slipway::opennebula
