#include <algorithm>

#include "base/text.h"
#include "playbook/modules/families.h"
#include "playbook/task_writer.h"

namespace slipway::playbook {
namespace {

/// As in sysctl.d: "net.ipv4.ip_forward", or "net/ipv4/conf/eth0.100/forwarding" where a name has a dot of its own.
std::string below_proc_sys(const std::string& key) {
  const size_t first = key.find_first_of("./");
  return first != std::string::npos && key[first] == '/' ? key : replace_all(key, ".", "/");
}

bool plain_name(const std::string& name, const char* more) {
  return !name.empty() && name.find("..") == std::string::npos && std::all_of(name.begin(), name.end(), [&](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || std::string_view(more).find(c) != std::string_view::npos;
  });
}

Result<void> write_sysctl(const Arguments& arguments, TaskWriter& task) {
  const auto settings = arguments.scalars("values");
  if (settings.empty()) return fail(ErrorKind::bad_input, "a sysctl task needs at least one setting");
  std::string text = "# Made by Slipway, task '" + task.name() + "'.\n";
  for (const auto& [key, value] : settings) {
    if (!plain_name(key, "._-/")) return fail(ErrorKind::bad_input, "not the name of a kernel setting", {.found = key});
    std::vector<std::string> words = split(replace_all(value, "\t", " "), ' ');
    std::erase(words, "");
    const std::string wanted = join(words, " ");
    task.begin_object();
    const int field = task.field(key, wanted, true);
    const std::string path = below_proc_sys(key), index = std::to_string(task.look_at_sysctl(path));
    task.check("kernel", "want_sysctl", {std::to_string(field), index, wanted});
    task.apply("apply_kernel", "set_sysctl", {index, path, wanted});
    text += key + " = " + wanted + "\n";
  }
  // For the next boot.
  task.want_file({.path = "/etc/sysctl.d/60-slipway-" + task.slug() + ".conf", .content = text});
  return {};
}

Result<void> write_kernel_module(const Arguments& arguments, TaskWriter& task) {
  const std::vector<std::string> names = arguments.words("names");
  if (names.empty()) return fail(ErrorKind::bad_input, "a kernel module task needs at least one name");
  std::string text = "# Made by Slipway, task '" + task.name() + "'.\n";
  for (const std::string& name : names) {
    if (!plain_name(name, "_-")) return fail(ErrorKind::bad_input, "not the name of a kernel module", {.found = name});
    task.begin_object();
    const int field = task.field(name, "loaded", true);
    task.check("kernel", "want_module", {std::to_string(field), replace_all(name, "-", "_")});
    task.apply("apply_kernel", "set_module", {replace_all(name, "-", "_")});
    text += name + "\n";
  }
  task.want_file({.path = "/etc/modules-load.d/slipway-" + task.slug() + ".conf", .content = text});
  return {};
}

Result<void> write_swap(const Arguments&, TaskWriter& task) {
  task.begin_object();
  task.check("kernel", "want_no_swap", {std::to_string(task.field("", "off", true))});
  task.apply("apply_kernel", "set_no_swap", {});
  return {};
}

Result<void> write_mount(const Arguments& arguments, TaskWriter& task) {
  const std::string path = arguments.text("path");
  task.begin_object(path);
  if (arguments.text("state") == "absent") {
    task.check("kernel", "want_no_mount", {std::to_string(task.field("", Value(), true)), path});
    task.apply("apply_kernel", "set_no_mount", {path});
    return {};
  }
  for (const char* needed : {"device", "type"})
    if (!arguments.has(needed)) return fail(ErrorKind::bad_input, "missing '" + std::string(needed) + "'");
  std::string device = arguments.text("device");
  const int field = task.field("", device, true);
  // What a UUID or a label stands for is the host's knowledge; for a check it is enough that the place is mounted.
  const bool literal = device.starts_with('/');
  task.check("kernel", "want_mount", {std::to_string(field), path, literal ? device : "-", arguments.text("type")});
  task.apply("apply_kernel", "set_mount", {path, device, arguments.text("type"), arguments.text("options")});
  return {};
}

Result<void> write_hostname(const Arguments& arguments, TaskWriter& task) {
  const std::string name = arguments.text("name");
  if (!plain_name(name, "-.") || name.size() > 63)
    return fail(ErrorKind::bad_input, "not a host name", {.found = name, .expected = "letters, digits and dashes"});
  task.begin_object();
  const int field = task.field("", name);
  task.field("file", name);
  task.check("kernel", "want_hostname", {std::to_string(field), name});
  task.apply("apply_kernel", "set_hostname", {name});
  return {};
}

}  // namespace

std::vector<Module> kernel_modules() {
  return {
      {.name = "sysctl",
       .arguments = {{.name = "values", .type = ArgumentType::scalars}},
       .any_key = "values",
       .write = write_sysctl},
      {.name = "kernel_module",
       .arguments = {{.name = "names", .type = ArgumentType::words, .required = true}},
       .shorthand = "names",
       .write = write_kernel_module},
      {.name = "swap",
       .arguments = {{.name = "state", .required = true, .choices = {"off"}}},
       .shorthand = "state",
       .write = write_swap},
      {.name = "mount",
       .arguments = {{.name = "path", .type = ArgumentType::path, .required = true},
                     {.name = "device"},
                     {.name = "type"},
                     {.name = "options", .fallback = "defaults"},
                     {.name = "state", .fallback = "mounted", .choices = {"mounted", "absent"}}},
       .write = write_mount},
      {.name = "hostname",
       .arguments = {{.name = "name", .required = true}},
       .shorthand = "name",
       .write = write_hostname},
  };
}

}  // namespace slipway::playbook
