#include "cli/usage.h"

#include <algorithm>

#include "base/text.h"

namespace slipway {
namespace {

Error refused(const std::string& what, ErrorDetails details) {
  return fail(ErrorKind::bad_input, what, std::move(details));
}

template <typename Things, typename Wanted>
const typename Things::value_type* find_in(const Things& things, const Wanted& wanted) {
  const auto found = std::find_if(things.begin(), things.end(), wanted);
  return found == things.end() ? nullptr : &*found;
}

std::vector<std::string> verbs_of(const CommandHelp& command) {
  std::vector<std::string> names;
  for (const CommandHelp& inner : command.commands) names.push_back(inner.name);
  return names;
}

Error unknown_verb(const CommandHelp& command, const std::string& path, const std::string& word) {
  const std::vector<std::string> verbs = verbs_of(command);
  const std::optional<std::string> near = nearest(word, verbs);
  return refused("there is no such verb",
                 {.found = path + " " + word,
                  .expected = path == "slipway" ? "" : path + " " + join(verbs, "|"),
                  .advice = near ? "did you mean '" + path + " " + *near + "'?" : path + " --help lists the verbs"});
}

Error unknown_option(const CommandHelp& command, const std::string& path, const std::string& name) {
  std::vector<std::string> names;
  for (const OptionHelp& option : command.options)
    if (!option.positional)
      for (const std::string& known : option.names)
        if (known.starts_with("--")) names.push_back(known);
  const std::optional<std::string> near = nearest(name, names);
  return refused(path + " has no such option",
                 {.found = name,
                  .advice = near            ? "did you mean '" + *near + "'?"
                            : !command.runs ? "options come after the verb: slipway VERB --help lists them"
                                            : path + " --help lists them"});
}

}  // namespace

Error usage_error(const CommandHelp& program, const std::vector<std::string>& words, const std::string& problem) {
  const CommandHelp* command = &program;
  std::string path = "slipway";
  for (size_t i = 0; i < words.size() && words[i] != "--"; ++i) {
    const std::string& word = words[i];
    if (word.size() > 1 && word.front() == '-') {
      // "-v", "-vv"; "--out", "--out=FILE"
      const std::string name = word.starts_with("--") ? word.substr(0, word.find('=')) : word.substr(0, 2);
      const OptionHelp* option = find_in(command->options, [&](const OptionHelp& known) {
        return std::find(known.names.begin(), known.names.end(), name) != known.names.end();
      });
      if (option == nullptr) return unknown_option(*command, path, name);
      if (!(option->value.empty() && option->choices.empty()) && name == word) ++i;
      continue;
    }
    if (const CommandHelp* inner = find_in(command->commands, [&](const CommandHelp& c) { return c.name == word; })) {
      command = inner;
      path += " " + word;
    } else if (!command->runs) {
      return unknown_verb(*command, path, word);
    }
  }
  if (!command->runs)
    return refused("a verb is missing",
                   {.found = path, .expected = path + " " + join(verbs_of(*command), "|"), .advice = path + " --help"});
  return refused("cannot read the command line", {.found = problem, .advice = path + " --help"});
}

}  // namespace slipway
