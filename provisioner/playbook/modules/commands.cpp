#include "base/text.h"
#include "playbook/modules/families.h"
#include "playbook/task_writer.h"

namespace slipway::playbook {
namespace {

/// The words of a text with one space between them, as the shell's `normal` makes it.
std::string single_spaced(const std::string& text) {
  std::vector<std::string> words = split(replace_all(replace_all(text, "\n", " "), "\t", " "), ' ');
  std::erase(words, "");
  return join(words, " ");
}

Result<void> write_command(const Arguments& arguments, TaskWriter& task) {
  const std::string run = arguments.text("run"), reads = arguments.text("reads");
  std::string condition;
  for (const char* name : {"creates", "removes", "unless", "only_if"}) condition += arguments.text(name);
  for (const char* name : {"creates", "removes", "unless", "only_if", "reads", "wanted"})
    if (TaskWriter::holds_secret(arguments.text(name)))
      return fail(ErrorKind::bad_input, "a secret cannot stand in a command",
                  {.found = "in '" + std::string(name) + "'"});
  if (TaskWriter::holds_secret(run))
    return fail(ErrorKind::bad_input, "a secret cannot stand in a command",
                {.found = "in 'run'", .advice = "hand it over by 'stdin'"});
  if (condition.empty() && reads.empty() && !task.handler())
    return fail(ErrorKind::bad_input, "a command needs a condition that tells when it is done",
                {.expected = "'creates', 'removes', 'unless', 'only_if', or 'reads' with 'wanted'"});
  if (reads.empty() != !arguments.has("wanted") || (!reads.empty() && !condition.empty()))
    return fail(ErrorKind::bad_input, "'reads' goes with 'wanted', and with no other condition");
  if (!(condition + reads).empty() && task.handler())
    return fail(ErrorKind::bad_input, "a handler runs whenever a task asks for it: it takes no condition");
  task.begin_object();
  if (reads.empty()) {
    const int field = task.field("", "done", true);
    task.check("commands", "want_command",
               {std::to_string(field), arguments.text("creates"), arguments.text("removes"), arguments.text("unless"),
                arguments.text("only_if")});
  } else {
    const std::string wanted = single_spaced(arguments.text("wanted"));
    const int field = task.field("", wanted.empty() ? Value() : Value(wanted), true);
    task.check("commands", "want_reading", {std::to_string(field), reads, wanted});
  }
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
                     {.name = "reads"},
                     {.name = "wanted"},
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
