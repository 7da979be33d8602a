#include "base/text.h"
#include "cli/command_help.h"

namespace slipway {
namespace {

/// A verb with its path, "node add", ready for a shell's table.
struct Leaf {
  std::string path;
  const CommandHelp* command;
};

void collect(const CommandHelp& command, const std::string& path, std::vector<Leaf>& leaves) {
  for (const CommandHelp& inner : command.commands) {
    const std::string inner_path = path.empty() ? inner.name : path + " " + inner.name;
    if (inner.commands.empty())
      leaves.push_back({inner_path, &inner});
    else
      collect(inner, inner_path, leaves);
  }
}

std::string words_of(const CommandHelp& command) {
  std::vector<std::string> words;
  for (const CommandHelp& inner : command.commands) words.push_back(inner.name);
  for (const OptionHelp& option : command.options)
    if (!option.positional)
      for (const std::string& name : option.names)
        if (name.starts_with("--")) words.push_back(name);
  return join(words, " ");
}

/// What a positional or an option's value completes to: "files", "machines", "steps", or "" for nothing.
std::string kind_of(const OptionHelp& option) {
  if (option.value.find("MACHINE") != std::string::npos) return "machines";
  if (option.value == "STEP" || option.value == "GLOB") return "steps";
  if (option.value.find("SPEC") != std::string::npos || option.value.find("FILE") != std::string::npos ||
      option.value == "DIR")
    return "files";
  return "";
}

std::string bash_script(const CommandHelp& program, const std::vector<Leaf>& leaves) {
  std::string out =
      "# Completion of slipway for bash. Use it: source <(slipway completion bash)\n"
      "_slipway() {\n"
      "  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} path='' spec='' part\n"
      "  COMPREPLY=()\n"
      "  for part in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
      "    case $part in -*) ;; *.yaml | *.yml) spec=$part ;; *) path=\"${path:+$path }$part\" ;; esac\n"
      "  done\n"
      "  case $before in\n";
  std::string choices;
  for (const Leaf& leaf : leaves)
    for (const OptionHelp& option : leaf.command->options)
      if (!option.choices.empty() && !option.positional && choices.find(option.names.front()) == std::string::npos)
        choices += "    " + option.names.front() + ") COMPREPLY=($(compgen -W '" + join(option.choices, " ") +
                   "' -- \"$word\")); return ;;\n";
  out += choices +
         "    --file | --out | --events | --state-dir) COMPREPLY=($(compgen -f -- \"$word\")); return ;;\n"
         "    --target) COMPREPLY=($(compgen -W \"$(slipway complete steps $spec 2>/dev/null)\" -- \"$word\")); return ;;\n"
         "  esac\n"
         "  case $path in\n"
         "    '') COMPREPLY=($(compgen -W '" +
         words_of(program) + "' -- \"$word\")) ;;\n";
  for (const CommandHelp& command : program.commands)
    if (!command.commands.empty())
      out += "    " + command.name + ") COMPREPLY=($(compgen -W '" + words_of(command) + "' -- \"$word\")) ;;\n";
  for (const Leaf& leaf : leaves) {
    std::string dynamic;
    for (const OptionHelp& option : leaf.command->options)
      if (option.positional && kind_of(option) != "files" && !kind_of(option).empty())
        dynamic = " $(slipway complete " + kind_of(option) + " $spec 2>/dev/null)";
    out += "    '" + leaf.path + "'*) COMPREPLY=($(compgen -W \"" + words_of(*leaf.command) + dynamic +
           "\" -- \"$word\") $(compgen -f -X '!*.y*ml' -- \"$word\")) ;;\n";
  }
  return out + "  esac\n}\ncomplete -o filenames -F _slipway slipway\n";
}

/// A word for zsh's _describe and fish: no quotes or colons that would end it.
std::string plain(const std::string& text) { return replace_all(replace_all(text, "'", ""), ":", ","); }

std::string zsh_script(const CommandHelp& program, const std::vector<Leaf>& leaves) {
  std::string out =
      "#compdef slipway\n"
      "# Completion of slipway for zsh. Use it: slipway completion zsh > \"${fpath[1]}/_slipway\"\n"
      "_slipway() {\n"
      "  local path='' spec='' part\n"
      "  local -a offers\n"
      "  for part in ${words[2,CURRENT-1]}; do\n"
      "    case $part in -*) ;; *.yaml|*.yml) spec=$part ;; *) path=\"${path:+$path }$part\" ;; esac\n"
      "  done\n"
      "  case $path in\n";
  const auto table = [&](const CommandHelp& command) {
    std::string rows;
    for (const CommandHelp& inner : command.commands) rows += " '" + inner.name + ":" + plain(inner.about) + "'";
    for (const OptionHelp& option : command.options)
      if (!option.positional) rows += " '" + option.names.back() + ":" + plain(option.about) + "'";
    return rows;
  };
  out += "    '') offers=(" + table(program) + ") ;;\n";
  for (const CommandHelp& command : program.commands)
    if (!command.commands.empty()) out += "    " + command.name + ") offers=(" + table(command) + ") ;;\n";
  for (const Leaf& leaf : leaves) {
    std::string dynamic;
    for (const OptionHelp& option : leaf.command->options)
      if (option.positional && kind_of(option) != "files" && !kind_of(option).empty())
        dynamic = " ${(f)\"$(slipway complete " + kind_of(option) + " $spec 2>/dev/null)\"}";
    out += "    '" + leaf.path + "'*) offers=(" + table(*leaf.command) + dynamic + "); _files -g '*.y*ml' ;;\n";
  }
  return out + "  esac\n  _describe slipway offers\n}\n_slipway \"$@\"\n";
}

std::string fish_script(const CommandHelp& program, const std::vector<Leaf>& leaves) {
  std::string out =
      "# Completion of slipway for fish. Use it: slipway completion fish > ~/.config/fish/completions/slipway.fish\n"
      "function __slipway_spec\n"
      "  string match -r '\\\\S+\\\\.ya?ml' (commandline -opc) | head -n 1\n"
      "end\n";
  for (const CommandHelp& command : program.commands) {
    out += "complete -c slipway -n __fish_use_subcommand -f -a " + command.name + " -d '" + plain(command.about) + "'\n";
    for (const CommandHelp& inner : command.commands)
      out += "complete -c slipway -n '__fish_seen_subcommand_from " + command.name + "' -f -a " + inner.name + " -d '" +
             plain(inner.about) + "'\n";
  }
  for (const Leaf& leaf : leaves) {
    std::string seen = "__fish_seen_subcommand_from " + replace_all(leaf.path, " ", "; and __fish_seen_subcommand_from ");
    for (const OptionHelp& option : leaf.command->options) {
      if (option.positional) {
        if (const std::string kind = kind_of(option); kind == "machines" || kind == "steps")
          out += "complete -c slipway -n '" + seen + "' -f -a '(slipway complete " + kind + " (__slipway_spec))'\n";
        continue;
      }
      out += "complete -c slipway -n '" + seen + "'";
      for (const std::string& name : option.names)
        out += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
      if (!option.choices.empty())
        out += " -x -a '" + join(option.choices, " ") + "'";
      else if (!option.value.empty())
        out += " -r";
      out += " -d '" + plain(option.about) + "'\n";
    }
  }
  return out;
}

}  // namespace

std::string completion_script(const CommandHelp& program, const std::string& shell) {
  std::vector<Leaf> leaves;
  collect(program, "", leaves);
  if (shell == "bash") return bash_script(program, leaves);
  if (shell == "zsh") return zsh_script(program, leaves);
  if (shell == "fish") return fish_script(program, leaves);
  return "";
}

}  // namespace slipway
