#pragma once
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace slipway {

/// A local command. `arguments[0]` is looked up in PATH. No shell is involved; secrets go into `input` or
/// `environment`, never into `arguments`.
struct Command {
  std::vector<std::string> arguments;
  std::string input{};                               ///< Fed to standard input, which is then closed.
  std::map<std::string, std::string> environment{};  ///< Added to our own environment.
  std::string directory{};                           ///< Working folder; empty: ours.
  int keep_open = -1;  ///< A descriptor that the command has too: a lock that lasts until it and its children ended.
  Milliseconds timeout = std::chrono::minutes(5);
  std::function<void(std::string_view line)>
      on_line{};  ///< Called in the calling thread for each line of output as it comes.
};

struct CommandOutcome {
  int exit_status = 0;       ///< 128 + signal where a signal ended it.
  std::string output;        ///< Standard output.
  std::string error_output;  ///< Standard error.
  bool ok() const { return exit_status == 0; }
};

/// Runs and waits. Errors: not_found (no such program), timeout (its process group was killed). A non-zero exit is an
/// outcome, not an error. Any thread.
Result<CommandOutcome> run_command(const Command& command);
/// As run_command, with a non-zero exit turned into an error of kind internal that carries the end of its output.
Result<std::string> run_or_fail(const Command& command);

}  // namespace slipway
