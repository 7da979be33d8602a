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
  std::string footer{};  ///< Examples and notes; only at the top.
  std::vector<OptionHelp> options{};
  std::vector<CommandHelp> commands{};
};

/// The man page slipway(1), in man(7) macros. Pure.
std::string man_page(const CommandHelp& program, const std::string& version);

/// docs/verbs/reference.md. Pure.
std::string verbs_reference(const CommandHelp& program);

/// A completion script; `shell` is "bash", "zsh" or "fish". Machines and steps are completed by asking
/// `slipway complete machines|steps SPEC`, which reads the state and nothing else. Pure. Empty for another shell.
std::string completion_script(const CommandHelp& program, const std::string& shell);

}  // namespace slipway
