#include <regex.h>

#include "base/text.h"
#include "playbook/modules/families.h"
#include "playbook/task_writer.h"

namespace slipway::playbook {
namespace {

/// As grep -E on the host decides it: POSIX extended. (std::regex writes to a cache that all threads share.)
Result<bool> finds(const std::string& expression, const std::string& line) {
  regex_t compiled;
  if (::regcomp(&compiled, expression.c_str(), REG_EXTENDED | REG_NOSUB) != 0)
    return fail(ErrorKind::bad_input, "'match' is no extended regular expression", {.found = expression});
  const bool found = ::regexec(&compiled, line.c_str(), 0, nullptr, 0) == 0;
  ::regfree(&compiled);
  return found;
}

Result<void> write_line(const Arguments& arguments, TaskWriter& task) {
  const std::string path = arguments.text("path"), line = arguments.text("line"), match = arguments.text("match");
  const bool absent = arguments.text("state") == "absent";
  if (line.empty() && (!absent || match.empty()))
    return fail(ErrorKind::bad_input,
                absent ? "give the 'line' or a 'match' of those that shall go" : "missing 'line'");
  if (line.find('\n') != std::string::npos || match.find('\n') != std::string::npos)
    return fail(ErrorKind::bad_input, "a line holds no line break", {.advice = "use one task per line, or a file"});
  if (TaskWriter::holds_secret(line))
    return fail(ErrorKind::bad_input, "a secret cannot be put in place line by line",
                {.advice = "use a file or a template; their content never stands in a script"});
  if (!match.empty() && !absent) {
    // Otherwise the line would be added anew by each run.
    const Result<bool> found = finds(match, line);
    if (!found) return found.error();
    if (!*found)
      return fail(ErrorKind::bad_input, "'match' does not find the wanted line itself",
                  {.found = match, .expected = "an expression that matches: " + line});
  }
  task.begin_object(path);
  const int field = task.field("", absent ? Value() : Value(line), true);
  task.check("lines", absent ? "want_no_line" : "want_line", {std::to_string(field), path, line, match});
  std::vector<std::string> words = {path, line, match};
  if (absent) words.push_back("absent");
  task.apply("apply_lines", "set_line", words);
  return {};
}

Result<void> write_hosts_entry(const Arguments& arguments, TaskWriter& task) {
  const std::vector<std::string> names = arguments.words("names");
  const bool absent = arguments.text("state") == "absent";
  if (names.empty()) return fail(ErrorKind::bad_input, "a hosts entry needs at least one name");
  if (!absent && !arguments.has("address")) return fail(ErrorKind::bad_input, "missing 'address'");
  const std::string address = absent ? "absent" : arguments.text("address"), joined = join(names, " ");
  task.begin_object("/etc/hosts");
  const int field = task.field("", absent ? Value() : Value(address + " " + joined), true);
  task.check("lines", "want_host", {std::to_string(field), address, joined});
  task.apply("apply_lines", "set_host", {address, joined});
  return {};
}

}  // namespace

std::vector<Module> line_modules() {
  const ArgumentRule state{.name = "state", .fallback = "present", .choices = {"present", "absent"}};
  return {
      {.name = "line",
       .arguments =
           {{.name = "path", .type = ArgumentType::path, .required = true}, {.name = "line"}, {.name = "match"}, state},
       .write = write_line},
      {.name = "hosts_entry",
       .arguments = {{.name = "address"}, {.name = "names", .type = ArgumentType::words, .required = true}, state},
       .write = write_hosts_entry},
  };
}

}  // namespace slipway::playbook
