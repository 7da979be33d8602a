#include "base/text.h"
#include "cli/command_help.h"

namespace slipway {
namespace {

/// A verb with its path, "node add", ready for a shell's table.
struct Verb {
  std::string path;
  const CommandHelp* command;
};

/// Those that run, inner ones first: a shell takes the first pattern that fits, and "backup create etcd" fits both.
void collect(const CommandHelp& command, const std::string& path, std::vector<Verb>& verbs) {
  for (const CommandHelp& inner : command.commands)
    collect(inner, path.empty() ? inner.name : path + " " + inner.name, verbs);
  if (command.runs) verbs.push_back({path, &command});
}

/// Those that only hold others: "node".
void collect_groups(const CommandHelp& command, const std::string& path, std::vector<Verb>& groups) {
  if (!command.runs && !path.empty()) groups.push_back({path, &command});
  for (const CommandHelp& inner : command.commands)
    collect_groups(inner, path.empty() ? inner.name : path + " " + inner.name, groups);
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

/// What a positional or an option's value completes to: "files", what `slipway complete` knows, or "" for nothing.
std::string kind_of(const OptionHelp& option) {
  const auto says = [&](const char* word) { return option.value.find(word) != std::string::npos; };
  if (says("ADD-ON")) return "names";
  if (says("MACHINE")) return "machines";
  if (says("GLOB")) return "targets";
  if (says("STEP") || option.value == "FROM TO") return "steps";
  if (says("POOL")) return "pools";
  if (option.value == "RUN") return "runs";
  if (says("SPEC") || says("FILE") || option.value == "DIR") return "files";
  return "";
}

std::string asked(const std::string& kind, const std::string& spec) {
  return "slipway complete " + kind + " " + spec + " 2>/dev/null";
}

/// What the positionals of a verb complete to, besides files; empty for nothing.
std::string positional_kind(const CommandHelp& command) {
  for (const OptionHelp& option : command.options)
    if (option.positional && kind_of(option) != "files" && !kind_of(option).empty()) return kind_of(option);
  return "";
}

/// Every option that takes a value which can be offered, once; where verbs differ in it, the first verb's.
std::vector<const OptionHelp*> valued_options(const std::vector<Verb>& verbs) {
  std::vector<const OptionHelp*> found;
  for (const Verb& verb : verbs)
    for (const OptionHelp& option : verb.command->options) {
      if (option.positional || (option.choices.empty() && kind_of(option).empty())) continue;
      bool known = false;
      for (const OptionHelp* other : found) known |= other->names.back() == option.names.back();
      if (!known) found.push_back(&option);
    }
  return found;
}

std::string bash_script(const CommandHelp& program, const std::vector<Verb>& groups, const std::vector<Verb>& verbs) {
  const auto offers = [](const std::string& words) { return "COMPREPLY=($(compgen " + words + " -- \"$word\"))"; };
  std::string out =
      "# Completion of slipway for bash. Use it: source <(slipway completion bash)\n"
      "_slipway() {\n"
      "  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} path='' spec='' part\n"
      "  COMPREPLY=()\n"
      "  for part in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
      "    case $part in -*) ;; *.yaml | *.yml) spec=$part ;; *) path=\"${path:+$path }$part\" ;; esac\n"
      "  done\n"
      "  case $before in\n";
  for (const OptionHelp* option : valued_options(verbs)) {
    const std::string kind = kind_of(*option);
    const std::string words = !option->choices.empty() ? "-W '" + join(option->choices, " ") + "'"
                              : kind == "files"        ? "-f"
                                                       : "-W \"$(" + asked(kind, "$spec") + ")\"";
    out += "    " + option->names.back() + ") " + offers(words) + "; return ;;\n";
  }
  out += "  esac\n  case $path in\n    '') " + offers("-W '" + words_of(program) + "'") + " ;;\n";
  for (const Verb& group : groups)
    out += "    '" + group.path + "') " + offers("-W '" + words_of(*group.command) + "'") + " ;;\n";
  for (const Verb& verb : verbs) {
    const std::string kind = positional_kind(*verb.command);
    out += "    '" + verb.path + "'*) COMPREPLY=($(compgen -W \"" + words_of(*verb.command) +
           (kind.empty() ? "" : " $(" + asked(kind, "$spec") + ")") +
           "\" -- \"$word\") $(compgen -f -X '!*.y*ml' -- \"$word\")) ;;\n";
  }
  return out + "  esac\n}\ncomplete -o filenames -F _slipway slipway\n";
}

/// A word for zsh's _describe and fish: no quotes or colons that would end it.
std::string plain(const std::string& text) { return replace_all(replace_all(text, "'", ""), ":", ","); }

std::string zsh_script(const CommandHelp& program, const std::vector<Verb>& groups, const std::vector<Verb>& verbs) {
  const auto lines = [](const std::string& kind) { return "compadd -- ${(f)\"$(" + asked(kind, "$spec") + ")\"}"; };
  // Not `path`: in zsh that is the search path.
  std::string out =
      "#compdef slipway\n"
      "# Completion of slipway for zsh. Use it: source <(slipway completion zsh), or write it to "
      "\"${fpath[1]}/_slipway\"\n"
      "_slipway() {\n"
      "  local trail='' spec='' part\n"
      "  local -a offers\n"
      "  for part in ${words[2,CURRENT-1]}; do\n"
      "    case $part in -*) ;; *.yaml|*.yml) spec=$part ;; *) trail=\"${trail:+$trail }$part\" ;; esac\n"
      "  done\n"
      "  case ${words[CURRENT-1]} in\n";
  for (const OptionHelp* option : valued_options(verbs)) {
    const std::string kind = kind_of(*option);
    const std::string offer = !option->choices.empty() ? "compadd -- " + join(option->choices, " ")
                              : kind == "files"        ? "_files"
                                                       : lines(kind);
    out += "    " + option->names.back() + ") " + offer + "; return ;;\n";
  }
  out += "  esac\n  case $trail in\n";
  const auto table = [&](const CommandHelp& command) {
    std::string rows;
    for (const CommandHelp& inner : command.commands) rows += " '" + inner.name + ":" + plain(inner.about) + "'";
    for (const OptionHelp& option : command.options)
      if (!option.positional) rows += " '" + option.names.back() + ":" + plain(option.about) + "'";
    return rows;
  };
  out += "    '') offers=(" + table(program) + ") ;;\n";
  for (const Verb& group : groups) out += "    '" + group.path + "') offers=(" + table(*group.command) + ") ;;\n";
  for (const Verb& verb : verbs) {
    const std::string kind = positional_kind(*verb.command);
    out += "    '" + verb.path + "'*) offers=(" + table(*verb.command) + ")" +
           (kind.empty() ? "" : "; " + lines(kind)) + "; _files -g '*.y*ml' ;;\n";
  }
  return out +
         "  esac\n  _describe slipway offers\n}\n"
         "if [ \"${funcstack[1]}\" = _slipway ]; then _slipway \"$@\"; else compdef _slipway slipway; fi\n";
}

std::string fish_script(const std::vector<Verb>& groups, const std::vector<Verb>& verbs, const CommandHelp& program) {
  std::string out =
      "# Completion of slipway for fish. Use it: slipway completion fish > ~/.config/fish/completions/slipway.fish\n"
      "function __slipway_spec\n"
      "  string match -r -- '\\\\S+\\\\.ya?ml' (commandline -opc) | head -n 1\n"
      "end\n";
  const auto seen = [](const std::string& path) {
    return "'__fish_seen_subcommand_from " + replace_all(path, " ", "; and __fish_seen_subcommand_from ") + "'";
  };
  const auto offer_inner = [&](const std::string& condition, const CommandHelp& command) {
    for (const CommandHelp& inner : command.commands)
      out += "complete -c slipway -n " + condition + " -f -a " + inner.name + " -d '" + plain(inner.about) + "'\n";
  };
  offer_inner("__fish_use_subcommand", program);
  for (const Verb& group : groups) offer_inner(seen(group.path), *group.command);
  for (const Verb& verb : verbs) {
    const std::string rule = "complete -c slipway -n " + seen(verb.path);
    offer_inner(seen(verb.path), *verb.command);
    for (const OptionHelp& option : verb.command->options) {
      const std::string kind = kind_of(option);
      const std::string words = "(" + asked(kind, "(__slipway_spec)") + ")";
      if (option.positional) {
        if (kind == "files" || option.value.find("SPEC") != std::string::npos)
          out += rule + " -f -a '(__fish_complete_suffix .yaml)'\n";
        if (kind != "files" && !kind.empty()) out += rule + " -f -a '" + words + "'\n";
        continue;
      }
      out += rule;
      for (const std::string& name : option.names)
        out += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
      if (!option.choices.empty())
        out += " -x -a '" + join(option.choices, " ") + "'";
      else if (kind == "files")
        out += " -r -F";
      else if (!kind.empty())
        out += " -x -a '" + words + "'";
      else if (!option.value.empty())
        out += " -x";
      out += " -d '" + plain(option.about) + "'\n";
    }
  }
  return out;
}

}  // namespace

std::string completion_script(const CommandHelp& program, const std::string& shell) {
  std::vector<Verb> groups, verbs;
  collect(program, "", verbs);
  collect_groups(program, "", groups);
  if (shell == "bash") return bash_script(program, groups, verbs);
  if (shell == "zsh") return zsh_script(program, groups, verbs);
  if (shell == "fish") return fish_script(groups, verbs, program);
  return "";
}

}  // namespace slipway
