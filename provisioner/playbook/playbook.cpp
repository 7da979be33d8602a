#include "playbook/playbook.h"

#include <algorithm>
#include <set>

#include "base/file.h"
#include "base/text.h"
#include "playbook/module.h"
#include "playbook/task_writer.h"

namespace slipway::playbook {
namespace {

/// Gathers what is wrong with a playbook while it is taken apart.
class Loader {
 public:
  Loader(Playbook& book, const SourceReader& read_source) : book_(book), read_source_(read_source) {}

  Result<void> load() {
    const Value& root = book_.document.value;
    if (!root.is_array()) {
      add("", "a playbook is a list of tasks").found = root.is_null() ? "an empty file" : "something else";
    } else {
      for (size_t i = 0; i < root.size(); ++i) take_entry("/" + std::to_string(i), root[i]);
      check_names();
      check_notifies();
    }
    if (!faults_.empty()) return to_error(book_.document.path, std::move(faults_));
    return {};
  }

 private:
  SpecFault& add(const std::string& pointer, std::string message) {
    faults_.push_back(book_.document.fault_at(pointer, std::move(message)));
    return faults_.back();
  }
  SpecFault& add_at_key(const std::string& pointer, std::string message) {
    SpecFault& fault = add(pointer, std::move(message));
    const std::vector<std::string> parts = split(book_.document.where_key(pointer), ':');
    if (parts.size() >= 3) {
      fault.line = std::stoi(parts[parts.size() - 2]);
      fault.column = std::stoi(parts.back());
    }
    return fault;
  }

  void take_entry(const std::string& pointer, const Value& entry) {
    if (!entry.is_object()) {
      add(pointer, "a task is a map").expected = "name: …, a module, and perhaps only: and notify:";
      return;
    }
    Task task;
    task.pointer = pointer;
    const bool handler = entry.contains("handler");
    const std::string name_key = handler ? "handler" : "name";
    if (!entry.contains(name_key) || !entry[name_key].is_string() || entry[name_key].get<std::string>().empty())
      add(pointer, "a task needs a name").advice = "add 'name: what it keeps true' (a handler has 'handler:' instead)";
    else
      task.name = entry[name_key].get<std::string>();
    for (const std::string& key : book_.document.keys(pointer)) {
      const std::string at = pointer + "/" + key;
      if (key == name_key) continue;
      if (key == "only")
        take_selector(at, entry[key], task.only);
      else if (key == "notify" && !handler)
        task.notify = words(at, entry[key]);
      else
        take_module(at, key, entry[key], handler, task);
    }
    if (task.module.empty() && !wrong_module_) add(pointer, "the task names no module").expected = module_names();
    wrong_module_ = false;
    (handler ? book_.handlers : book_.tasks).push_back(std::move(task));
  }

  static std::string module_names() {
    std::vector<std::string> names;
    for (const Module& module : modules()) names.push_back(module.name);
    return join(names, ", ");
  }

  void take_module(const std::string& at, const std::string& key, const Value& arguments, bool handler, Task& task) {
    const Module* module = find_module(key);
    if (!module) {
      std::vector<std::string> names = {"name", "only", "notify", "handler"};
      for (const Module& known : modules()) names.push_back(known.name);
      const std::optional<std::string> close = nearest(key, names);
      SpecFault& fault = add_at_key(at, "unknown key '" + key + "'");
      fault.expected = "only, notify or a module: " + module_names();
      if (close) fault.advice = "did you mean '" + *close + "'?";
      wrong_module_ = true;
      return;
    }
    if (!task.module.empty()) {
      add_at_key(at, "a task has one module").found = "'" + task.module + "' and '" + key + "'";
      return;
    }
    task.module = key;
    task.arguments = arguments;
    if (handler && !module->as_handler)
      add_at_key(at, "module '" + key + "' is no handler").expected = "service, command or reboot";
    for (ArgumentFault& found : check_arguments(*module, arguments, true)) {
      SpecFault& fault = found.at_key ? add_at_key(at + found.pointer, std::move(found.message))
                                      : add(at + found.pointer, std::move(found.message));
      fault.found = std::move(found.found);
      fault.expected = std::move(found.expected);
      fault.advice = std::move(found.advice);
    }
    if (arguments.is_object() && key == "service" && arguments.contains("state")) check_service(at, arguments, handler);
    if (arguments.is_object() && arguments.contains("source")) take_source(at + "/source", arguments["source"]);
  }

  void check_service(const std::string& at, const Value& arguments, bool handler) {
    const std::string state = text_at(arguments, "state");
    const bool kick = state == "restarted" || state == "reloaded";
    if (kick == handler || state.empty()) return;
    SpecFault& fault =
        add(at + "/state", kick ? "only a handler restarts or reloads" : "a handler restarts or reloads");
    fault.found = state;
    fault.expected = kick ? "started or stopped" : "restarted or reloaded";
    if (kick) fault.advice = "write it as '- handler: NAME', and 'notify: NAME' at the tasks that ask for it";
  }

  void take_source(const std::string& at, const Value& source) {
    if (!source.is_string()) return;
    const std::string name = source.get<std::string>();
    if (name.find("${") != std::string::npos || name.starts_with('/') || name.find("..") != std::string::npos) {
      SpecFault& fault = add(at, "'source' is the plain name of a file below files/");
      fault.found = name;
      return;
    }
    if (book_.files.contains(name)) return;
    Result<std::string> content = read_source_(name);
    if (content)
      book_.files.emplace(name, std::move(*content));
    else
      add(at, "cannot read files/" + name).found = content.error().summary;
  }

  std::vector<std::string> words(const std::string& at, const Value& value) {
    if (value.is_string()) return {value.get<std::string>()};
    std::vector<std::string> out;
    if (value.is_array())
      for (const Value& item : value) {
        if (!item.is_string() && !item.is_number()) break;
        out.push_back(scalar_text(item));
      }
    if (value.is_number()) out.push_back(scalar_text(value));
    if (out.empty() || (value.is_array() && out.size() != value.size())) {
      add(at, "expected a text or a list of texts");
      out.clear();
    }
    return out;
  }

  void take_selector(const std::string& at, const Value& value, Selector& only) {
    if (!value.is_object()) {
      add(at, "'only' is a map").expected = "role, labels, facts";
      return;
    }
    for (const std::string& key : book_.document.keys(at)) {
      const std::string inner = at + "/" + key;
      if (key == "role") {
        only.roles = words(inner, value[key]);
        for (const std::string& role : only.roles)
          if (role != "control-plane" && role != "worker") {
            SpecFault& fault = add(inner, "unknown role");
            fault.found = role;
            fault.expected = "control-plane or worker";
          }
      } else if (key == "labels" || key == "facts") {
        take_wanted(inner, value[key], key == "facts", key == "facts" ? only.facts : only.labels);
      } else {
        SpecFault& fault = add_at_key(inner, "unknown key '" + key + "' in 'only'");
        fault.expected = "role, labels or facts";
        if (const auto close = nearest(key, {"role", "labels", "facts"}))
          fault.advice = "did you mean '" + *close + "'?";
      }
    }
  }

  void take_wanted(const std::string& at, const Value& value, bool facts,
                   std::map<std::string, std::vector<std::string>>& wanted) {
    if (!value.is_object()) {
      add(at, "expected a map of names to values");
      return;
    }
    for (const std::string& key : book_.document.keys(at)) {
      const auto& names = fact_names();
      if (facts && std::find(names.begin(), names.end(), key) == names.end()) {
        SpecFault& fault = add_at_key(at + "/" + key, "unknown fact '" + key + "'");
        fault.expected = join(names, ", ");
        if (const auto close = nearest(key, names)) fault.advice = "did you mean '" + *close + "'?";
        continue;
      }
      // Keys of labels hold slashes, which a JSON pointer writes otherwise.
      wanted[key] = words(at + "/" + replace_all(replace_all(key, "~", "~0"), "/", "~1"), value.at(key));
    }
  }

  void check_names() {
    for (const std::vector<Task>* list : {&book_.tasks, &book_.handlers}) {
      std::set<std::string> slugs;
      for (const Task& task : *list) {
        if (task.name.empty()) continue;
        const bool broken = std::any_of(task.name.begin(), task.name.end(),
                                        [](char c) { return static_cast<unsigned char>(c) < 0x20; });
        if (broken || slug_of(task.name).empty())
          add(task.pointer, "a name is one line with at least one letter or digit").found = task.name;
        else if (!slugs.insert(slug_of(task.name)).second)
          add(task.pointer, "two tasks have the same name").found = task.name;
      }
    }
  }

  void check_notifies() {
    std::vector<std::string> names;
    for (const Task& handler : book_.handlers) names.push_back(handler.name);
    for (const Task& task : book_.tasks)
      for (const std::string& name : task.notify) {
        if (std::find(names.begin(), names.end(), name) != names.end()) continue;
        SpecFault& fault = add(task.pointer + "/notify", "no such handler: '" + name + "'");
        fault.expected = names.empty() ? "a handler in this playbook" : join(names, ", ");
        if (const auto close = nearest(name, names)) fault.advice = "did you mean '" + *close + "'?";
      }
  }

  Playbook& book_;
  const SourceReader& read_source_;
  std::vector<SpecFault> faults_;
  bool wrong_module_ = false;
};

}  // namespace

const std::vector<std::string>& fact_names() {
  static const std::vector<std::string> names = {"os",        "os_version", "os_codename", "arch", "virtualization",
                                                 "container", "cgroup",     "init"};
  return names;
}

Result<Playbook> parse_playbook(const std::string& path, const std::string& text, const SourceReader& read_source) {
  Result<YamlDocument> document = read_yaml(path, text);
  if (!document) return std::move(document).error();
  Playbook book;
  book.document = std::move(*document);
  book.name = path.substr(path.rfind('/') + 1);
  if (const size_t dot = book.name.rfind('.'); dot != std::string::npos && dot > 0) book.name.resize(dot);
  book.name = slug_of(book.name);
  if (Result<void> loaded = Loader(book, read_source).load(); !loaded) return std::move(loaded).error();
  return book;
}

Result<Playbook> load_playbook(const std::string& path) {
  Result<std::string> text = read_file(path);
  if (!text) return std::move(text).error().while_doing("loading playbook " + path);
  const size_t slash = path.rfind('/');
  const std::string folder = (slash == std::string::npos ? "" : path.substr(0, slash + 1)) + "files/";
  return parse_playbook(path, *text, [&](const std::string& name) { return read_file(folder + name); });
}

}  // namespace slipway::playbook
