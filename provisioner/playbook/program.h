#pragma once
// A playbook made ready for one host: its tasks as fields to compare and shell to compare and mend them with. Data
// only; script.h makes scripts of it.

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/json.h"

namespace slipway::playbook {

/// One comparable field of a task.
struct Field {
  std::string name{};      ///< As diffs show it: "task", "task/detail", "task: /path", "task: /path detail".
  Value wanted{};          ///< Null: absent.
  bool sensitive = false;  ///< Neither value is ever shown.
  bool existence = false;  ///< Whether the object is there at all: approving it approves the object's other fields.
  int object = 0;          ///< Fields of one object of the task share it.
  size_t piece = 0;        ///< Not 0: the wanted content, as numbered by TaskWriter::piece.
};

/// What goes to the host as a file of its own because it is big: an artifact of this machine's cache.
struct Upload {
  std::string title{};  ///< For progress: "kubelet".
  std::string local_path{};
  std::string sha256{};
  std::vector<int> fields{};  ///< Needed where one of these fields of the task drifts.
};

/// One task or handler as shell. Field numbers in the shell text are positions in `fields`.
struct TaskCode {
  size_t number = 0;  ///< Its position among the playbook's tasks (or handlers): in scripts and events.
  std::string name{};
  std::string condition{};  ///< Shell that returns from the check where the host's facts do not fit; or empty.
  std::vector<Field> fields{};
  std::vector<std::string> files{}, packages{}, units{}, sysctls{};  ///< What its check looks at.
  std::vector<std::string> check{};                                  ///< Lines of shell.
  std::vector<std::string> apply{};                                  ///< Lines of shell, under `set -e`.
  std::vector<std::string> owes{};  ///< Handlers that a change owes, the built-in "daemon-reload" included.
  std::vector<std::string>
      starts{};  ///< Units that it starts: a handler that would restart one of them is then settled.
  std::vector<Upload> uploads{};
  std::vector<size_t> pieces{};  ///< What it reads of Program::pieces, as numbered by TaskWriter::piece.
  bool handler = false;
  bool reboots = false;
};

/// A file's place in the batched look, and the stamp by which an unchanged large file is known, if any.
struct WatchedFile {
  size_t index = 0;
  std::string stamp{};
};

struct Program {
  std::string playbook{};
  std::string cluster{};  ///< The name that the host's stamp holds.
  bool removal = false;
  std::string address{};  ///< Not empty: the check also finds the interface that carries it.
  std::vector<TaskCode> tasks{};
  std::vector<TaskCode> handlers{};
  std::map<std::string, WatchedFile> files{};
  std::map<std::string, size_t> packages{}, units{}, sysctls{};
  std::vector<std::string>
      pieces{};  ///< File contents; tasks name them by position + 1. TaskCode::pieces travel on standard input.
  std::set<std::string> libraries{};  ///< Shell libraries in use.
  bool wants_virtualization = false;
  std::string digest{};  ///< Of all that is wanted.
};

}  // namespace slipway::playbook
