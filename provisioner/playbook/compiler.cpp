#include "playbook/compiler.h"

#include <algorithm>

#include "base/digest.h"
#include "base/text.h"
#include "playbook/module.h"
#include "playbook/task_writer.h"
#include "spec/placeholders.h"

namespace slipway::playbook {
namespace {

bool concerns(const Selector& only, const Target& target) {
  const auto holds = [](const std::vector<std::string>& list, const std::string& word) {
    return std::find(list.begin(), list.end(), word) != list.end();
  };
  if (!only.roles.empty() && !holds(only.roles, target.role)) return false;
  return std::all_of(only.labels.begin(), only.labels.end(), [&](const auto& wanted) {
    const auto label = target.labels.find(wanted.first);
    return label != target.labels.end() && holds(wanted.second, label->second);
  });
}

/// Facts are known on the host alone: the check of a task that does not concern it ends before it looks.
std::string condition_of(const Selector& only) {
  std::string shell;
  for (const auto& [fact, values] : only.facts) {
    std::vector<std::string> patterns;
    for (const std::string& value : values) patterns.push_back(shell_quote(value));
    shell += "case $fact_" + fact + " in " + join(patterns, "|") + ") ;; *) return 0 ;; esac\n";
  }
  return shell;
}

Value variables_of(const Target& target) {
  Value variables = target.variables.is_object() ? target.variables : Value::object();
  Value secrets = Value::object();
  for (const auto& [name, secret] : target.secrets) secrets[name] = secret.reveal();
  if (!secrets.empty()) variables["secrets"] = std::move(secrets);
  return variables;
}

Error place(Error error, const Playbook& book, const Task& task) {
  // A template's own place says more than its task's.
  if (error.where.empty() || error.where.starts_with('/'))
    error.where = book.document.where(task.pointer + "/" + task.module + error.where);
  return std::move(error).while_doing((task.notify.empty() && task.name.empty() ? "" : "task '" + task.name + "'"));
}

Result<TaskCode> write_task(Program& program, const Playbook& book, const Task& task, size_t number, bool handler,
                            const Value& variables) {
  const Module& module = *find_module(task.module);
  Result<Value> arguments = expand(task.arguments, variables);
  if (!arguments) return place(std::move(arguments).error(), book, task);
  const std::vector<ArgumentFault> faults = check_arguments(module, *arguments, false);
  if (!faults.empty())
    return place(fail(ErrorKind::bad_input, faults.front().message,
                      {.found = faults.front().found,
                       .expected = faults.front().expected,
                       .advice = faults.front().advice,
                       .where = faults.front().pointer}),
                 book, task);
  TaskCode code;
  code.number = number;
  code.name = task.name;
  code.handler = handler;
  code.condition = condition_of(task.only);
  for (const std::string& name : task.notify) code.owes.push_back(slug_of(name));
  TaskWriter writer(program, code, book, task, variables);
  if (Result<void> written = module.write(complete_arguments(module, *arguments), writer); !written)
    return place(std::move(written).error(), book, task);
  if (task.only.facts.contains("virtualization")) program.wants_virtualization = true;
  return code;
}

/// A unit that was started has taken up everything: a handler that would restart it is settled.
void settle_by_starts(Program& program) {
  for (TaskCode& task : program.tasks)
    for (const std::string& unit : task.starts)
      for (const TaskCode& handler : program.handlers)
        if (std::find(handler.starts.begin(), handler.starts.end(), unit) != handler.starts.end())
          task.apply.push_back("[ \"$u" + std::to_string(program.units.at(unit)) + "_active\" = active ] || settle " +
                               slug_of(handler.name));
}

std::string digest_of(const Program& program) {
  Sha256 digest;
  for (const std::vector<TaskCode>* list : {&program.tasks, &program.handlers})
    for (const TaskCode& code : *list) {
      digest.update(code.name + "\n" + code.condition);
      for (const std::string& line : code.check) digest.update(line + "\n");
      for (const std::string& line : code.apply) digest.update(line + "\n");
    }
  return digest.finish();
}

}  // namespace

Result<Program> Compiler::compile(const Playbook& book, const Target& target) {
  Program program;
  program.playbook = book.name;
  program.cluster = target.cluster;
  program.removal = target.removal;
  program.address = target.address;
  const Value variables = variables_of(target);
  for (const bool handlers : {false, true}) {
    const std::vector<Task>& list = handlers ? book.handlers : book.tasks;
    for (size_t i = 0; i < list.size(); ++i) {
      if (!concerns(list[i].only, target)) continue;
      Result<TaskCode> code = write_task(program, book, list[i], i, handlers, variables);
      if (!code) return std::move(code).error();
      (handlers ? program.handlers : program.tasks).push_back(std::move(*code));
    }
  }
  settle_by_starts(program);
  program.digest = digest_of(program);
  return program;
}

std::vector<std::string> Compiler::task_names(const Playbook& book, const Target& target) {
  std::vector<std::string> names;
  names.reserve(book.tasks.size());
  for (const Task& task : book.tasks)
    if (concerns(task.only, target)) names.push_back(task.name);
  return names;
}

Approval Approval::of(const Program& program, const Diff& diff) {
  Approval approval;
  std::set<std::string> names;
  for (const FieldChange& change : diff.fields) {
    if (change.field == "*" && change.unknown) approval.everything = true;
    if (change.field.starts_with("handler/")) approval.handlers.insert(change.field.substr(8));
    names.insert(change.field);
  }
  if (diff.action == Action::create || diff.action == Action::replace) approval.everything = true;
  for (const TaskCode& task : program.tasks) {
    std::set<int> whole_objects;
    for (const Field& field : task.fields)
      if (field.existence && names.contains(field.name)) whole_objects.insert(field.object);
    for (size_t i = 0; i < task.fields.size(); ++i)
      if (names.contains(task.fields[i].name) || whole_objects.contains(task.fields[i].object))
        approval.fields.emplace(task.number, static_cast<int>(i));
  }
  return approval;
}

}  // namespace slipway::playbook
