#include "base/text.h"
#include "playbook/modules/families.h"
#include "playbook/task_writer.h"

namespace slipway::playbook {
namespace {

std::string or_any(const Arguments& arguments, const std::string& name) {
  return arguments.has(name) ? arguments.text(name) : "-";
}

Result<void> write_group(const Arguments& arguments, TaskWriter& task) {
  const std::string name = arguments.text("name"), gid = or_any(arguments, "gid");
  task.begin_object();
  if (arguments.text("state") == "absent") {
    task.check("accounts", "want_no_group", {std::to_string(task.field("", Value(), true)), name});
    task.apply("apply_accounts", "remove_group", {name});
    return {};
  }
  const int field = task.field("", "present", true);
  task.field("gid", gid);
  task.check("accounts", "want_group", {std::to_string(field), name, gid});
  task.apply("apply_accounts", "set_group", {name, gid, arguments.flag("system") ? "system" : ""});
  return {};
}

Result<void> write_user(const Arguments& arguments, TaskWriter& task) {
  const std::string name = arguments.text("name");
  task.begin_object();
  if (arguments.text("state") == "absent") {
    task.check("accounts", "want_no_user", {std::to_string(task.field("", Value(), true)), name});
    task.apply("apply_accounts", "remove_user", {name});
    return {};
  }
  const std::string uid = or_any(arguments, "uid"), group = or_any(arguments, "group"),
                    home = or_any(arguments, "home"), shell = or_any(arguments, "shell"),
                    groups = join(arguments.words("groups"), " ");
  const int field = task.field("", "present", true);
  task.field("uid", uid);
  task.field("group", group);
  task.field("home", home);
  task.field("shell", shell);
  task.field("groups", groups);
  task.check("accounts", "want_user", {std::to_string(field), name, uid, group, home, shell, groups});
  task.apply("apply_accounts", "set_user",
             {name, uid, group, home, shell, replace_all(groups, " ", ","), arguments.flag("system") ? "system" : ""});
  return {};
}

}  // namespace

std::vector<Module> account_modules() {
  const ArgumentRule state{.name = "state", .fallback = "present", .choices = {"present", "absent"}};
  const ArgumentRule system{.name = "system", .type = ArgumentType::flag, .fallback = false};
  return {
      {.name = "group",
       .arguments = {{.name = "name", .required = true}, {.name = "gid", .type = ArgumentType::number}, system, state},
       .shorthand = "name",
       .write = write_group},
      {.name = "user",
       .arguments = {{.name = "name", .required = true},
                     {.name = "uid", .type = ArgumentType::number},
                     {.name = "group"},
                     {.name = "groups", .type = ArgumentType::words},
                     {.name = "home", .type = ArgumentType::path},
                     {.name = "shell", .type = ArgumentType::path},
                     system,
                     state},
       .shorthand = "name",
       .write = write_user},
  };
}

}  // namespace slipway::playbook
