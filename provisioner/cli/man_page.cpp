#include "base/text.h"
#include "cli/command_help.h"

namespace slipway {
namespace {

/// Text for troff: backslashes, dashes and a leading dot or quote mean something there.
std::string escaped(std::string_view text) {
  std::string out;
  bool line_begins = true;
  for (const char c : text) {
    if (line_begins && (c == '.' || c == '\'')) out += "\\&";
    if (c == '\\')
      out += "\\e";
    else if (c == '-')
      out += "\\-";
    else
      out += c;
    line_begins = c == '\n';
  }
  return out;
}

std::string synopsis(const std::string& path, const CommandHelp& command) {
  std::string out = ".B " + escaped(path) + "\n";
  bool options = false;
  for (const OptionHelp& option : command.options) options |= !option.positional;
  if (options) out += ".RI [ options ]\n";
  for (const OptionHelp& option : command.options)
    if (option.positional) out += ".I " + escaped(option.value.empty() ? option.names.front() : option.value) + "\n";
  return out;
}

std::string option_entry(const OptionHelp& option) {
  std::string out = ".TP\n.B " + escaped(join(option.names, ", "));
  if (!option.choices.empty())
    out += " " + escaped(join(option.choices, "|"));
  else if (!option.value.empty())
    out += " " + escaped(option.value);
  return out + "\n" + escaped(option.about) + "\n";
}

void add_command(std::string& out, const std::string& path, const CommandHelp& command) {
  if (command.runs) {
    out += ".SS " + escaped(path) + "\n" + escaped(command.about) + ".\n.PP\n" + synopsis("slipway " + path, command);
    for (const OptionHelp& option : command.options)
      if (!option.positional && option.names.front() != "-h") out += option_entry(option);
    if (!command.footer.empty()) out += ".PP\n.nf\n" + escaped(command.footer) + "\n.fi\n";
  }
  for (const CommandHelp& inner : command.commands) add_command(out, path + " " + inner.name, inner);
}

}  // namespace

std::string man_page(const CommandHelp& program, const std::string& version) {
  std::string out = ".TH SLIPWAY 1 \"\" \"Slipway " + escaped(version) + "\" \"User commands\"\n";
  out += ".SH NAME\nslipway \\- from one YAML file to a running, repaired, growing Kubernetes platform\n";
  out += ".SH SYNOPSIS\n.B slipway\n.I VERB\n.RI [ SPEC ]\n.RI [ options ]\n";
  out += ".SH DESCRIPTION\n" + escaped(program.about) + "\n";
  out += ".SH VERBS\n";
  for (const CommandHelp& command : program.commands) add_command(out, command.name, command);
  out += ".SH NOTES\n.nf\n" + escaped(program.footer) + "\n.fi\n";
  return out +
         ".SH FILES\n.TP\n.I .slipway/NAME/\nState of cluster NAME, beside its spec: STATE.json, journal, logs of the "
         "runs.\n.TP\n.I ~/.cache/slipway/\nThird\\-party files, by content; may be deleted at any time.\n";
}

}  // namespace slipway
