#include "playbook/modules/families.h"
#include "playbook/task_writer.h"

namespace slipway::playbook {
namespace {

Result<void> write_command(const Arguments& arguments, TaskWriter& task) {
  const std::string run = arguments.text("run");
  std::string condition;
  for (const char* name : {"creates", "removes", "unless", "only_if"}) {
    condition += arguments.text(name);
    if (TaskWriter::holds_secret(arguments.text(name)))
      return fail(ErrorKind::bad_input, "a secret cannot stand in a command",
                  {.found = "in '" + std::string(name) + "'"});
  }
  if (TaskWriter::holds_secret(run))
    return fail(ErrorKind::bad_input, "a secret cannot stand in a command",
                {.found = "in 'run'", .advice = "hand it over by 'stdin'"});
  if (condition.empty() && !task.handler())
    return fail(ErrorKind::bad_input, "a command needs a condition that tells when it is done",
                {.expected = "'creates', 'removes', 'unless' or 'only_if'"});
  if (!condition.empty() && task.handler())
    return fail(ErrorKind::bad_input, "a handler runs whenever a task asks for it: it takes no condition");
  task.begin_object();
  const int field = task.field("", "done", true);
  task.check("commands", "want_command",
             {std::to_string(field), arguments.text("creates"), arguments.text("removes"), arguments.text("unless"),
              arguments.text("only_if")});
  const std::string piece = arguments.has("stdin") ? std::to_string(task.piece(arguments.text("stdin"))) : "";
  task.apply("apply_commands", "run_command", {arguments.text("timeout"), run, piece});
  return {};
}

Result<void> write_reboot(const Arguments& arguments, TaskWriter& task) {
  task.reboots();
  task.begin_object();
  const int field = task.field("", "done", true);
  const bool without = !arguments.has("if_exists") && !arguments.has("only_if");
  task.check("commands", "want_command",
             {std::to_string(field), "", without ? "/run/reboot-required" : arguments.text("if_exists"), "",
              arguments.text("only_if")});
  return {};
}

}  // namespace

std::vector<Module> command_modules() {
  return {
      {.name = "command",
       .arguments = {{.name = "run", .required = true},
                     {.name = "creates", .type = ArgumentType::path},
                     {.name = "removes", .type = ArgumentType::path},
                     {.name = "unless"},
                     {.name = "only_if"},
                     {.name = "stdin"},
                     {.name = "timeout", .type = ArgumentType::number, .fallback = 600}},
       .as_handler = true,
       .write = write_command},
      {.name = "reboot",
       .arguments = {{.name = "if_exists", .type = ArgumentType::path}, {.name = "only_if"}},
       .as_handler = true,
       .write = write_reboot},
  };
}

}  // namespace slipway::playbook
