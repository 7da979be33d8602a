#include "cli/command_tree.h"

#include "base/text.h"

namespace slipway {
namespace {

OptionHelp option_help(const CLI::Option& option) {
  OptionHelp help;
  help.about = option.get_description();
  if (option.get_positional()) {
    help.positional = true;
    help.names = {option.get_name()};
  } else {
    for (const std::string& name : option.get_snames()) help.names.push_back("-" + name);
    for (const std::string& name : option.get_lnames()) help.names.push_back("--" + name);
  }
  if (option.get_type_size() == 0) return help;
  // CLI11 writes a closed set behind the type's name: "FORM:{text,json}".
  std::string type = option.get_type_name();
  if (const size_t open = type.find(":{"); open != std::string::npos && type.ends_with('}'))
    help.choices = split(type.substr(open + 2, type.size() - open - 3), ',');
  help.value = type.substr(0, type.find(':'));
  return help;
}

}  // namespace

CommandHelp command_help(const CLI::App& app) {
  CommandHelp help{.name = app.get_name(), .about = app.get_description(), .footer = app.get_footer()};
  for (const CLI::Option* option : app.get_options())
    if (!option->get_group().empty()) help.options.push_back(option_help(*option));
  for (const CLI::App* inner : app.get_subcommands(nullptr))
    if (!inner->get_group().empty()) help.commands.push_back(command_help(*inner));
  // A verb that only holds others has no option but --help.
  help.runs = help.commands.empty() || help.options.size() > 1;
  return help;
}

}  // namespace slipway
