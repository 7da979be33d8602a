#include "base/text.h"
#include "playbook/modules/families.h"
#include "playbook/task_writer.h"

namespace slipway::playbook {
namespace {

Result<void> write_package(const Arguments& arguments, TaskWriter& task) {
  const std::vector<std::string> names = arguments.words("names");
  if (names.empty()) return fail(ErrorKind::bad_input, "a package task needs at least one name");
  const bool absent = arguments.text("state") == "absent", hold = arguments.flag("hold");
  const std::string version = arguments.text("version");
  if (!version.empty() && names.size() > 1)
    return fail(ErrorKind::bad_input, "'version' goes with one package",
                {.found = std::to_string(names.size()) + " packages", .advice = "give each its own task"});
  std::vector<std::string> wanted;
  for (const std::string& name : names) {
    task.begin_object();
    const int field = task.field(name, absent ? Value() : Value(version.empty() ? "installed" : version), true);
    if (!absent && hold) task.field(name + " held", "yes");
    const std::string index = std::to_string(task.look_at_package(name));
    task.check("packages", "want_package",
               {std::to_string(field), index,
                absent            ? "absent"
                : version.empty() ? "any"
                                  : version,
                !absent && hold ? "1" : "0"});
    wanted.push_back(absent ? name : index + ":" + (version.empty() ? name : name + "=" + version));
  }
  task.apply("apply_packages", absent ? "remove_packages" : "install_packages", wanted);
  // Held: an upgrade of the host by somebody else must not move what the cluster stands on.
  if (!absent && hold)
    task.apply("apply_packages", "apt-mark", [&] {
      std::vector<std::string> words = {"hold"};
      words.insert(words.end(), names.begin(), names.end());
      return words;
    }());
  return {};
}

Result<void> write_repository(const Arguments& arguments, TaskWriter& task) {
  const std::string name = slug_of(arguments.text("name"));
  const std::string list = "/etc/apt/sources.list.d/" + name + ".sources", key = "/etc/apt/keyrings/" + name + ".asc";
  if (arguments.text("state") == "absent") {
    task.want_absent(list);
    task.want_absent(key);
    task.apply("apply_packages", "apt", {"update"});
    return {};
  }
  for (const char* needed : {"url", "suite", "key"})
    if (!arguments.has(needed)) return fail(ErrorKind::bad_input, "missing '" + std::string(needed) + "'");
  const std::vector<std::string> components = arguments.words("components");
  std::string text = "Types: deb\nURIs: " + arguments.text("url") + "\nSuites: " + arguments.text("suite") + "\n";
  if (!components.empty()) text += "Components: " + join(components, " ") + "\n";
  text += "Signed-By: " + key + "\n";
  std::string key_text = arguments.text("key");
  if (!key_text.ends_with('\n')) key_text += '\n';
  task.want_file({.path = key, .content = key_text});
  task.want_file({.path = list, .content = text});
  task.apply("apply_packages", "apt", {"update"});
  return {};
}

}  // namespace

std::vector<Module> package_modules() {
  const ArgumentRule state{.name = "state", .fallback = "present", .choices = {"present", "absent"}};
  return {
      {.name = "package",
       .arguments = {{.name = "names", .type = ArgumentType::words, .required = true},
                     {.name = "version"},
                     {.name = "hold", .type = ArgumentType::flag, .fallback = false},
                     state},
       .shorthand = "names",
       .write = write_package},
      {.name = "repository",
       .arguments = {{.name = "name", .required = true},
                     {.name = "url"},
                     {.name = "suite"},
                     {.name = "components", .type = ArgumentType::words},
                     {.name = "key"},
                     state},
       .write = write_repository},
  };
}

}  // namespace slipway::playbook
