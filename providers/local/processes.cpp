#include "providers/local/processes.h"

#include "base/file.h"
#include "base/text.h"

namespace slipway::local {

StatFields parse_stat(const std::string& text) {
  const size_t name_end = text.rfind(')');
  if (name_end == std::string::npos || name_end + 2 >= text.size()) return {};
  const std::vector<std::string> fields = split(text.substr(name_end + 2), ' ');
  // Field 3 is the state, field 22 the start time (proc(5)).
  if (fields.size() < 20 || fields[0].empty()) return {};
  return {fields[0][0], fields[19]};
}

Value to_value(const ProcessIdentity& process) {
  return {{"pid", process.pid}, {"start", process.start}, {"boot", process.boot}};
}

ProcessIdentity process_identity_from(const Value& value) {
  ProcessIdentity process;
  if (value.is_object() && value.contains("pid") && value["pid"].is_number_integer()) process.pid = value["pid"];
  process.start = text_at(value, "start");
  process.boot = text_at(value, "boot");
  return process;
}

ProcessIdentity identify(pid_t pid) {
  ProcessIdentity process{.pid = pid, .start = {}, .boot = {}};
  if (const Result<std::string> boot = read_file("/proc/sys/kernel/random/boot_id")) process.boot = trim(*boot);
  const Result<std::string> stat = pid > 0 ? read_file("/proc/" + std::to_string(pid) + "/stat") : std::string();
  if (!stat) return process;
  const StatFields fields = parse_stat(*stat);
  if (fields.state != 'Z' && fields.state != 'X') process.start = fields.start;
  return process;
}

bool alive(const ProcessIdentity& process) {
  return process.pid > 0 && !process.start.empty() && identify(process.pid) == process;
}

}  // namespace slipway::local
