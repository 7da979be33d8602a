#pragma once
#include <string>
#include <sys/types.h>

#include "base/json.h"

namespace slipway::local {

/// One process, told apart from a later one with the same number by its start time and the machine's boot.
struct ProcessIdentity {
  pid_t pid = 0;
  std::string start;  ///< Clock ticks since boot, as /proc says.
  std::string boot;   ///< The machine's boot id.
  bool operator==(const ProcessIdentity&) const = default;
};
Value to_value(const ProcessIdentity& process);
/// pid 0 where the value holds none.
ProcessIdentity process_identity_from(const Value& value);

/// The process that has this number now; start is empty where there is none.
ProcessIdentity identify(pid_t pid);
/// True while that very process lives (a zombie does not).
bool alive(const ProcessIdentity& process);

/// Start time and state out of the text of /proc/PID/stat, whose second field may hold blanks and parentheses.
struct StatFields {
  char state = 0;
  std::string start;
};
StatFields parse_stat(const std::string& text);

}  // namespace slipway::local
