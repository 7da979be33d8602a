#include <set>

#include "base/text.h"
#include "cli/command_help.h"

namespace slipway {
namespace {

const std::set<std::string_view> everywhere = {"--help", "--state-dir", "--output", "--verbose"};

/// For a table's cell: what would end it is escaped.
std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) out += c == '|' ? std::string("\\|") : std::string(1, c);
  return out;
}

std::string value_of(const OptionHelp& option) {
  if (!option.choices.empty()) return join(option.choices, "|");
  return option.value;
}

std::string usage(const std::string& path, const CommandHelp& command) {
  std::string out = "slipway " + path;
  for (const OptionHelp& option : command.options)
    if (option.positional) out += " " + (option.value.empty() ? option.names.front() : option.value);
  return out;
}

void add_verb(std::string& out, const std::string& path, const CommandHelp& command) {
  out += "\n## " + path + "\n" + command.about + ".\n```\n" + usage(path, command) + "\n```\n";
  std::string rows;
  for (const OptionHelp& option : command.options) {
    if (option.positional || everywhere.contains(option.names.back()) || option.about.empty()) continue;
    const std::string value = value_of(option);
    rows += "| `" + cell(join(option.names, ", ") + (value.empty() ? "" : " " + value)) + "` | " + cell(option.about) +
            " |\n";
  }
  if (!rows.empty()) out += "\n| option | |\n| --- | --- |\n" + rows;
}

void add_command(std::string& out, const std::string& path, const CommandHelp& command) {
  if (command.runs) add_verb(out, path, command);
  for (const CommandHelp& inner : command.commands) add_command(out, path + " " + inner.name, inner);
}

}  // namespace

std::string verbs_reference(const CommandHelp& program) {
  std::string out =
      "# Every verb and its options\n"
      "Made by `slipway man --markdown` out of what `--help` says. What the verbs are for: [running](running.md),\n"
      "[looking](looking.md), and the pages of [backup](backup.md), [cert](cert.md), [doctor](doctor.md), "
      "[node](node.md),\n"
      "[orphans](orphans.md), [secret](secret.md), [state](state.md), [upgrade](upgrade.md). Nearly every verb also "
      "takes\n"
      "`--state-dir DIR` (where state lies; by default `.slipway/NAME` beside the spec), `--output text|json`, `-v`, "
      "`-h`.\n";
  for (const CommandHelp& command : program.commands) add_command(out, command.name, command);
  return out;
}

}  // namespace slipway
