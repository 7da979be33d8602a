#pragma once
// What the command line offers, as data: the one source of the completions, the man page and the reference.

#include <string>
#include <vector>

namespace slipway {

struct OptionHelp {
  std::vector<std::string> names;    ///< "--output", "-v"; of a positional: its one name without dashes.
  std::string value;                 ///< "FILE"; empty for a flag.
  std::string about;                 ///< One sentence.
  std::vector<std::string> choices;  ///< Where only some values are possible.
  bool positional = false;
};

struct CommandHelp {
  std::string name;
  std::string about;
  std::string footer{};  ///< Examples and notes, as --help ends with.
  std::vector<OptionHelp> options{};
  std::vector<CommandHelp> commands{};
  bool runs = false;  ///< By itself, too, where others hang below it: `backup create`, `backup create etcd`.
};

/// The man page slipway(1), in man(7) macros. Pure.
std::string man_page(const CommandHelp& program, const std::string& version);

/// docs/verbs/reference.md. Pure.
std::string verbs_reference(const CommandHelp& program);

/// A completion script; `shell` is "bash", "zsh" or "fish". What a cluster has (machines, steps, pools, runs, …) is
/// completed by asking `slipway complete KIND SPEC`, which reads spec and state, nothing else. Pure. Empty for another
/// shell.
std::string completion_script(const CommandHelp& program, const std::string& shell);

}  // namespace slipway
