#pragma once
// A task module: what it may be told, and the one function that turns a task into shell. The guide
// docs/guides/adding-a-task-module.md walks through one.

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "playbook/arguments.h"

namespace slipway::playbook {

class TaskWriter;

struct Module {
  std::string name;
  std::vector<ArgumentRule> arguments;
  std::string shorthand{};  ///< The argument that a bare text or list stands for: `package: [curl]`.
  std::string
      any_key{};  ///< The scalars argument that takes all keys that are no arguments: `sysctl: {vm.swappiness: 1}`.
  bool as_task = true;
  bool as_handler = false;
  /// Writes the task's fields, check and apply. Errors: bad_input.
  Result<void> (*write)(const Arguments& arguments, TaskWriter& task) = nullptr;
};

/// Every module, by name.
const std::vector<Module>& modules();
/// nullptr where there is none.
const Module* find_module(std::string_view name);

}  // namespace slipway::playbook
