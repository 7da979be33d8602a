#include "providers/opennebula/states.h"

#include <algorithm>
#include <array>

namespace slipway::opennebula {
namespace {

constexpr std::array<std::string_view, 12> state_names = {"INIT",     "PENDING",    "HOLD",    "ACTIVE",
                                                          "STOPPED",  "SUSPENDED",  "DONE",    "FAILED",
                                                          "POWEROFF", "UNDEPLOYED", "CLONING", "CLONING_FAILURE"};
/// Empty where a number is not used.
constexpr std::array<std::string_view, 72> lcm_names = {
    "LCM_INIT",
    "PROLOG",
    "BOOT",
    "RUNNING",
    "MIGRATE",
    "SAVE_STOP",
    "SAVE_SUSPEND",
    "SAVE_MIGRATE",
    "PROLOG_MIGRATE",
    "PROLOG_RESUME",
    "EPILOG_STOP",
    "EPILOG",
    "SHUTDOWN",
    "CANCEL",
    "FAILURE",
    "CLEANUP_RESUBMIT",
    "UNKNOWN",
    "HOTPLUG",
    "SHUTDOWN_POWEROFF",
    "BOOT_UNKNOWN",
    "BOOT_POWEROFF",
    "BOOT_SUSPENDED",
    "BOOT_STOPPED",
    "CLEANUP_DELETE",
    "HOTPLUG_SNAPSHOT",
    "HOTPLUG_NIC",
    "HOTPLUG_SAVEAS",
    "HOTPLUG_SAVEAS_POWEROFF",
    "HOTPLUG_SAVEAS_SUSPENDED",
    "SHUTDOWN_UNDEPLOY",
    "EPILOG_UNDEPLOY",
    "PROLOG_UNDEPLOY",
    "BOOT_UNDEPLOY",
    "HOTPLUG_PROLOG_POWEROFF",
    "HOTPLUG_EPILOG_POWEROFF",
    "BOOT_MIGRATE",
    "BOOT_FAILURE",
    "BOOT_MIGRATE_FAILURE",
    "PROLOG_MIGRATE_FAILURE",
    "PROLOG_FAILURE",
    "EPILOG_FAILURE",
    "EPILOG_STOP_FAILURE",
    "EPILOG_UNDEPLOY_FAILURE",
    "PROLOG_MIGRATE_POWEROFF",
    "PROLOG_MIGRATE_POWEROFF_FAILURE",
    "PROLOG_MIGRATE_SUSPEND",
    "PROLOG_MIGRATE_SUSPEND_FAILURE",
    "BOOT_UNDEPLOY_FAILURE",
    "BOOT_STOPPED_FAILURE",
    "PROLOG_RESUME_FAILURE",
    "PROLOG_UNDEPLOY_FAILURE",
    "DISK_SNAPSHOT_POWEROFF",
    "DISK_SNAPSHOT_REVERT_POWEROFF",
    "DISK_SNAPSHOT_DELETE_POWEROFF",
    "DISK_SNAPSHOT_SUSPENDED",
    "",
    "DISK_SNAPSHOT_DELETE_SUSPENDED",
    "DISK_SNAPSHOT",
    "",
    "DISK_SNAPSHOT_DELETE",
    "PROLOG_MIGRATE_UNKNOWN",
    "PROLOG_MIGRATE_UNKNOWN_FAILURE",
    "DISK_RESIZE",
    "DISK_RESIZE_POWEROFF",
    "DISK_RESIZE_UNDEPLOYED",
    "HOTPLUG_NIC_POWEROFF",
    "HOTPLUG_RESIZE",
    "HOTPLUG_SAVEAS_UNDEPLOYED",
    "HOTPLUG_SAVEAS_STOPPED",
    "BACKUP",
    "BACKUP_POWEROFF",
    "RESTORE",
};

bool ends_in_failure(int lcm_state) {
  return lcm_state >= 0 && lcm_state < static_cast<int>(lcm_names.size()) &&
         lcm_names[static_cast<size_t>(lcm_state)].ends_with("FAILURE");
}

template <size_t size>
bool is_one_of(int state, const std::array<int, size>& states) {
  return std::find(states.begin(), states.end(), state) != states.end();
}

/// LCM_STATEs from which a VM comes to RUNNING by itself.
constexpr std::array starting = {0, 1, 2, 8, 9, 15, 19, 20, 21, 22, 31, 32, 35, 60};
/// Those that end in STOPPED, SUSPENDED, POWEROFF or UNDEPLOYED.
constexpr std::array settling = {5,  6,  10, 18, 27, 28, 29, 30, 33, 34, 43, 45,
                                 51, 52, 53, 54, 56, 63, 64, 65, 67, 68, 70, 71};
constexpr std::array leaving = {lcm::epilog, lcm::shutdown, lcm::cleanup_delete};

Condition active_condition(int lcm_state) {
  if (ends_in_failure(lcm_state)) return Condition::failed;
  if (lcm_state == lcm::unknown) return Condition::lost;
  if (is_one_of(lcm_state, starting)) return Condition::starting;
  if (is_one_of(lcm_state, settling)) return Condition::settling;
  if (is_one_of(lcm_state, leaving)) return Condition::leaving;
  return Condition::running;
}

}  // namespace

std::string state_name(int state, int lcm_state) {
  const bool active = state == static_cast<int>(VmState::active);
  const int number = active ? lcm_state : state;
  std::string_view known;
  if (active && lcm_state >= 0 && lcm_state < static_cast<int>(lcm_names.size()))
    known = lcm_names[static_cast<size_t>(lcm_state)];
  if (!active && state >= 0 && state < static_cast<int>(state_names.size()))
    known = state_names[static_cast<size_t>(state)];
  if (!known.empty()) return std::string(known);
  return (active ? "LCM_STATE " : "STATE ") + std::to_string(number);
}

Condition condition_of(int state, int lcm_state) {
  switch (static_cast<VmState>(state)) {
    case VmState::init:
    case VmState::pending:
    case VmState::cloning:
      return Condition::starting;
    case VmState::hold:
      return Condition::held;
    case VmState::active:
      return active_condition(lcm_state);
    case VmState::stopped:
    case VmState::suspended:
    case VmState::poweroff:
    case VmState::undeployed:
      return Condition::resting;
    case VmState::done:
      return Condition::gone;
    case VmState::failed:
    case VmState::cloning_failure:
      return Condition::failed;
  }
  return Condition::failed;
}

std::string recovery_of(int state, int lcm_state, int id) {
  if (condition_of(state, lcm_state) != Condition::failed) return {};
  const std::string vm = " " + std::to_string(id);
  if (state != static_cast<int>(VmState::active)) return "onevm recover --success" + vm + ", or replace the machine";
  if (lcm_state == lcm::epilog_failure)
    return "an administrator: onevm recover --retry" + vm + " or --success" + vm + " (then it is gone)";
  return "an administrator: onevm recover --retry" + vm + "; or replace the machine";
}

std::string_view image_state_name(int state) {
  constexpr std::array<std::string_view, 11> names = {
      "INIT",  "READY",  "USED",      "DISABLED",    "LOCKED",          "ERROR",
      "CLONE", "DELETE", "USED_PERS", "LOCKED_USED", "LOCKED_USED_PERS"};
  return state >= 0 && state < static_cast<int>(names.size()) ? names[static_cast<size_t>(state)] : "unknown";
}

}  // namespace slipway::opennebula
