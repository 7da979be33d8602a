#pragma once
// A playbook: a YAML list of tasks that one host shall fulfil. docs/guides/adding-a-task-module.md shows one of each
// kind.
//
//   - name: containerd configuration
//     template: {source: containerd.toml, path: /etc/containerd/config.toml}
//     only: {role: worker, facts: {os: [debian, ubuntu]}}
//     notify: restart containerd
//   - handler: restart containerd
//     service: {name: containerd, state: restarted}

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "spec/yaml.h"

namespace slipway::playbook {

/// Which hosts a task is for; what it does not name is not looked at. Of several values one must fit, of several keys
/// all.
struct Selector {
  std::vector<std::string> roles;                          ///< "control-plane", "worker"
  std::map<std::string, std::vector<std::string>> labels;  ///< Of the machine's pool.
  std::map<std::string, std::vector<std::string>> facts;   ///< Of the host, known only there: see fact_names().
};

/// One task, or one handler. Placeholders in its arguments are not replaced yet.
struct Task {
  std::string name;
  std::string module;
  Value arguments;
  Selector only;
  std::vector<std::string> notify;  ///< Handlers that a change of this task owes.
  std::string pointer;              ///< Its place in the document, a JSON pointer: "/3".
};

/// Immutable once loaded; any thread.
struct Playbook {
  std::string name;  ///< The file's name without its ending: "containerd".
  YamlDocument document;
  std::vector<Task> tasks;
  std::vector<Task> handlers;                ///< In file order, which is the order they run in.
  std::map<std::string, std::string> files;  ///< The content of every file that a `source` names.
};

/// Reads the playbook and, from the folder files/ beside it, every file that it names. Nothing is read later.
/// Errors: not_found (no such file), bad_input (all faults of the file at once, each at file:line:column).
Result<Playbook> load_playbook(const std::string& path);

/// As load_playbook, from memory; `read_source` answers a file of files/.
using SourceReader = std::function<Result<std::string>(const std::string& name)>;
Result<Playbook> parse_playbook(const std::string& path, const std::string& text, const SourceReader& read_source);

/// The facts that `only: {facts: …}` may name.
const std::vector<std::string>& fact_names();

}  // namespace slipway::playbook
