#include "base/text.h"
#include "playbook/modules/families.h"
#include "playbook/task_writer.h"

namespace slipway::playbook {
namespace {

Result<void> write_service(const Arguments& arguments, TaskWriter& task) {
  const std::string unit = unit_name(arguments.text("name")), state = arguments.text("state");
  if (state == "restarted" || state == "reloaded") {
    if (arguments.has("enabled"))
      return fail(ErrorKind::bad_input, "a handler restarts or reloads, nothing else", {.found = "'enabled'"});
    task.apply("apply_units", "kick_unit", {unit, state == "restarted" ? "restart" : "reload-or-restart"});
    task.starts(unit);
    return {};
  }
  if (state.empty() && !arguments.has("enabled"))
    return fail(ErrorKind::bad_input, "a service task says whether it is 'enabled', its 'state', or both");
  const std::string enabled = !arguments.has("enabled") ? "-" : arguments.flag("enabled") ? "yes" : "no";
  const std::string active = state == "started" ? "active" : state == "stopped" ? "inactive" : "-";
  task.begin_object(unit);
  const int field = task.field("enabled", enabled == "yes" ? "enabled" : "disabled");
  task.field("state", active);
  const std::string index = std::to_string(task.look_at_unit(unit));
  task.check("units", "want_unit", {std::to_string(field), index, enabled, active});
  task.apply("apply_units", "set_unit", {index, unit, enabled, active});
  if (active == "active") task.starts(unit);
  return {};
}

/// One of these keeps the clock; which one is the host's choice.
const std::vector<std::string> clock_units = {"chrony.service", "ntpsec.service", "ntp.service", "openntpd.service"};

Result<void> write_time_sync(const Arguments& arguments, TaskWriter& task) {
  task.begin_object();
  const int field = task.field("", "active", true);
  const std::string own = "systemd-timesyncd.service";
  std::vector<std::string> indices;
  for (const std::string& unit : clock_units) indices.push_back(std::to_string(task.look_at_unit(unit)));
  task.check("clock", "want_clock",
             {std::to_string(field), std::to_string(task.look_at_unit(own)), join(indices, " ")});
  const std::vector<std::string> servers = arguments.words("servers");
  if (!servers.empty())
    task.want_file(
        {.path = "/etc/systemd/timesyncd.conf.d/slipway.conf", .content = "[Time]\nNTP=" + join(servers, " ") + "\n"});
  task.apply("apply_clock", "set_clock", {join(indices, " "), servers.empty() ? "" : "restart"});
  return {};
}

}  // namespace

std::vector<Module> service_modules() {
  return {
      {.name = "service",
       .arguments = {{.name = "name", .required = true},
                     {.name = "enabled", .type = ArgumentType::flag},
                     {.name = "state", .choices = {"started", "stopped", "restarted", "reloaded"}}},
       .as_handler = true,
       .write = write_service},
      {.name = "time_sync", .arguments = {{.name = "servers", .type = ArgumentType::words}}, .write = write_time_sync},
  };
}

}  // namespace slipway::playbook
