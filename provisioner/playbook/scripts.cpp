// The scripts themselves: libraries, tables and calls put together.

#include <algorithm>

#include "base/text.h"
#include "playbook/compiler.h"
#include "playbook/shell_library.h"
#include "playbook/task_writer.h"

namespace slipway::playbook {
namespace {

/// What an apply library calls of others.
const std::map<std::string, std::vector<std::string>> library_needs = {
    {"apply_lines", {"apply_files"}},
    {"apply_kernel", {"apply_files", "kernel"}},
    {"apply_artifacts", {"apply_files"}},
    {"apply_clock", {"apply_packages"}},
};

std::string assign(const std::string& name, const std::string& value) { return name + "=" + shell_quote(value) + "\n"; }

std::string libraries(const Program& program, bool applying) {
  std::set<std::string> names;
  for (const std::string& name : program.libraries) {
    if (name.starts_with("apply_") && !applying) continue;
    names.insert(name);
    if (const auto needs = library_needs.find(name); needs != library_needs.end())
      names.insert(needs->second.begin(), needs->second.end());
  }
  std::string text;
  for (const std::string& name : names) text += shell_library(name);
  return text;
}

/// Functions that map a file, package or unit to the number under which its variables stand.
std::string tables(const Program& program) {
  std::string text;
  if (!program.files.empty()) {
    text += "file_index() {\nstamp=\ncase $1 in\n";
    for (const auto& [path, file] : program.files)
      text += shell_quote(path) + ") i=" + std::to_string(file.index) +
              (file.stamp.empty() ? "" : " stamp=" + shell_quote(file.stamp)) + " ;;\n";
    text += "esac\n}\nfile_path() {\ncase $1 in\n";
    for (const auto& [path, file] : program.files)
      text += std::to_string(file.index) + ") path=" + shell_quote(path) + " ;;\n";
    text += "esac\n}\n";
  }
  const auto table = [&](const char* function, const std::map<std::string, size_t>& names) {
    if (names.empty()) return;
    text += std::string(function) + "() {\ncase $1 in\n";
    for (const auto& [name, index] : names) text += shell_quote(name) + ") i=" + std::to_string(index) + " ;;\n";
    text += "esac\n}\n";
  };
  table("package_index", program.packages);
  table("unit_index", program.units);
  table("sysctl_index", program.sysctls);
  return text;
}

template <class Names>
std::string look(const char* function, const Names& names) {
  if (names.empty()) return "";
  std::string line = function;
  for (const auto& name : names) {
    if constexpr (std::is_same_v<typename Names::value_type, std::string>)
      line += " " + shell_quote(name);
    else
      line += " " + shell_quote(name.first);
  }
  return line + "\n";
}

std::string function(const std::string& name, const std::string& condition, const std::vector<std::string>& lines) {
  std::string text = name + "() {\n" + condition;
  for (const std::string& line : lines) text += line + "\n";
  return text + (lines.empty() ? ":\n}\n" : "}\n");
}

std::string settings(const Program& program) {
  return assign("playbook", program.playbook) + assign("cluster", program.cluster) +
         assign("removal", program.removal ? "1" : "") + assign("node_address", program.address) +
         assign("wants_virtualization", program.wants_virtualization ? "1" : "") + "secret=\n";
}

std::string number(const TaskCode& code) { return std::to_string(code.number); }

bool approved(const Approval& approval, const TaskCode& task) {
  if (approval.everything) return true;
  const auto first = approval.fields.lower_bound({task.number, 0});
  return first != approval.fields.end() && first->first == task.number;
}

std::string approved_fields(const Approval& approval) {
  if (approval.everything) return "all";
  std::string text = " ";
  for (const auto& [task, field] : approval.fields) text += std::to_string(task) + "." + std::to_string(field) + " ";
  return text;
}

std::string apply_text(const Program& program, const Approval& approval, const std::string& id) {
  std::string text = shell_library("common") + settings(program) + assign("id", id) + "dir=$runs/$id\n" +
                     assign("digest", program.digest) + assign("approved", approved_fields(approval)) +
                     shell_library("apply") + libraries(program, true) + tables(program);
  std::string calls;
  for (const TaskCode& task : program.tasks) {
    if (!approved(approval, task)) continue;
    std::vector<std::string> looks = {look("look_at_files", task.files), look("look_at_packages", task.packages),
                                      look("look_at_units", task.units), look("look_at_sysctls", task.sysctls)};
    std::erase(looks, "");
    text += function("look_" + number(task), "", looks) +
            function("check_" + number(task), task.condition, task.check) +
            function("apply_" + number(task), "", task.apply);
    calls += std::string(task.reboots ? "run_reboot " : "run_task ") + number(task);
    for (const std::string& handler : task.owes) calls += " " + shell_quote(handler);
    calls += "\n";
  }
  std::vector<std::string> handler_calls, reboot_calls;
  for (const TaskCode& handler : program.handlers) {
    if (!approval.everything && !approval.handlers.contains(handler.name)) continue;
    text += function("handle_" + number(handler), handler.condition, handler.apply);
    (handler.reboots ? reboot_calls : handler_calls)
        .push_back((handler.reboots ? "run_reboot_handler " : "run_handler ") + slug_of(handler.name) + " " +
                   number(handler));
  }
  text += function("run_handlers", "", handler_calls) + "begin_apply\n" + calls + "run_handlers\n";
  for (const std::string& call : reboot_calls) text += call + "\n";
  return text + "finish_apply\n";
}

}  // namespace

CheckScript Compiler::check_script(const Program& program) {
  std::string text = shell_library("common") + settings(program) + "mind_living=1\n" + shell_library("check") +
                     libraries(program, false) + tables(program);
  std::string calls;
  for (const TaskCode& task : program.tasks) {
    text += function("check_" + number(task), task.condition, task.check);
    calls += "t=" + number(task) + "\ncheck_" + number(task) + "\n";
  }
  text += "begin_check\n" + look("look_at_files", program.files) + look("look_at_packages", program.packages) +
          look("look_at_units", program.units) + look("look_at_sysctls", program.sysctls) + calls +
          "list_pending daemon-reload";
  for (const TaskCode& handler : program.handlers) text += " " + slug_of(handler.name);
  return CheckScript(text + "\necho done\n");
}

CheckScript Compiler::wait_script(const std::string& id) {
  return CheckScript(shell_library("common") + assign("id", id) + shell_library("wait"));
}

ApplyScript Compiler::apply_script(const Program& program, const Approval& approval, const std::string& id,
                                   Seconds limit, uint64_t offset) {
  ApplyScript script{.id = id};
  std::set<size_t> wanted;
  for (const std::vector<TaskCode>* list : {&program.tasks, &program.handlers})
    for (const TaskCode& code : *list)
      if (code.handler || approved(approval, code)) wanted.insert(code.pieces.begin(), code.pieces.end());
  std::string sizes;
  const auto send = [&](const std::string& piece) {
    sizes += (sizes.empty() ? "" : " ") + std::to_string(piece.size());
    script.input += piece;
  };
  send(apply_text(program, approval, id));
  for (size_t i = 0; i < program.pieces.size(); ++i) send(wanted.contains(i + 1) ? program.pieces[i] : "");
  send("whole");
  script.launch = shell_library("common") + assign("id", id) + assign("playbook", program.playbook) +
                  assign("pieces", sizes) + assign("limit", std::to_string(limit.count())) +
                  assign("offset", std::to_string(offset)) + shell_library("launch");
  return script;
}

}  // namespace slipway::playbook
