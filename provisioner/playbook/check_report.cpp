#include "playbook/check_report.h"

#include <algorithm>
#include <set>

#include "base/digest.h"
#include "base/secret.h"
#include "base/text.h"
#include "playbook/task_writer.h"

namespace slipway::playbook {
namespace {

/// Cuts the first word off.
std::string next_word(std::string_view& rest) {
  const size_t space = rest.find(' ');
  const std::string word(rest.substr(0, space));
  rest = space == std::string_view::npos ? std::string_view{} : rest.substr(space + 1);
  return word;
}

std::optional<size_t> number_of(const std::string& word) {
  if (word.empty() || word.size() > 6 || word.find_first_not_of("0123456789") != std::string::npos) return std::nullopt;
  return std::stoul(word);
}

const TaskCode* task_with(const Program& program, std::optional<size_t> number) {
  const auto found = std::find_if(program.tasks.begin(), program.tasks.end(),
                                  [&](const TaskCode& task) { return number && task.number == *number; });
  return found == program.tasks.end() ? nullptr : &*found;
}

/// In one sentence, where the two texts first differ.
std::string first_difference(const std::string& task, const std::string& old_text, const std::string& new_text) {
  const auto lines_of = [](std::string_view text) {
    if (text.ends_with('\n')) text.remove_suffix(1);
    return split(text, '\n');
  };
  const std::vector<std::string> old_lines = lines_of(old_text), new_lines = lines_of(new_text);
  size_t line = 0;
  while (line < old_lines.size() && line < new_lines.size() && old_lines[line] == new_lines[line]) ++line;
  const auto show = [&](const std::vector<std::string>& lines) {
    if (line >= lines.size()) return std::string("missing");
    std::string text = clean_text(trim(lines[line]));
    if (text.size() > 80) {
      // Between letters: half of one is no UTF-8, and no document could hold it.
      size_t end = 77;
      while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
      text = text.substr(0, end) + "...";
    }
    return "'" + text + "'";
  };
  return task + ": line " + std::to_string(line + 1) + " is " + show(old_lines) + ", wanted " + show(new_lines);
}

class Reader {
 public:
  explicit Reader(const Program& program) : program_(program) {}

  Result<CheckReport> read(const ScriptOutcome& outcome) {
    bool begun = false;
    for (const std::string& line : split(outcome.output, '\n')) {
      std::string_view rest = line;
      const std::string word = next_word(rest);
      if (word == "slipway") begun = true;
      if (!begun) continue;  // A login banner, perhaps.
      if (word == "refused") return refusal(std::string(rest));
      if (word == "busy") {
        report_.busy = rest;
        return std::move(report_);
      }
      if (word == "done") return finish();
      take(word, rest);
    }
    return fail(ErrorKind::unavailable, "the host's answer to a check is cut off",
                {.found = "exit status " + std::to_string(outcome.exit_status) + ", " +
                          clean_text(trim(outcome.error_output.substr(0, 400))),
                 .expected = "a last line 'done'"});
  }

 private:
  void take(const std::string& word, std::string_view rest) {
    if (word == "fact") {
      const std::string key = clean_text(next_word(rest));
      report_.facts[key] = clean_text(rest);
    } else if (word == "stamp") {
      report_.stamp = clean_text(rest);
    } else if (word == "applied") {
      report_.applied = clean_text(rest);
    } else if (word == "pending") {
      handlers_.insert(std::string(rest));
    } else if (word == "drift" || word == "text") {
      const TaskCode* task = task_with(program_, number_of(next_word(rest)));
      const std::optional<size_t> field = number_of(next_word(rest));
      if (!task || !field || *field >= task->fields.size()) return;
      if (word == "drift")
        take_drift(*task, task->fields[*field], clean_text(rest));
      else
        take_text(*task, task->fields[*field], std::string(rest));
    }
  }

  void take_drift(const TaskCode& task, const Field& field, std::string old) {
    FieldChange change{.field = field.name, .new_value = field.wanted, .sensitive = field.sensitive};
    if (field.sensitive) {
      change.new_value = Value();
    } else if (old.starts_with("sha256:")) {
      change.old_value = short_digest(old.substr(7));
    } else if (!(old.empty() || (old == "absent" && field.existence))) {
      const bool is_mode = field.name.ends_with("mode") && old.find_first_not_of("01234567") == std::string::npos;
      change.old_value = redact(is_mode ? "0" + old : old);
    }
    report_.drift.push_back(std::move(change));
    handlers_.insert(task.owes.begin(), task.owes.end());
  }

  void take_text(const TaskCode& task, const Field& field, const std::string& encoded) {
    if (!report_.note.empty() || field.piece == 0) return;
    const Result<std::string> old = base64_decode(encoded);
    if (old) report_.note = redact(first_difference(task.name, *old, program_.pieces[field.piece - 1]));
  }

  Result<CheckReport> finish() {
    for (const std::string& slug : handlers_) {
      const auto handler = std::find_if(program_.handlers.begin(), program_.handlers.end(),
                                        [&](const TaskCode& code) { return slug_of(code.name) == slug; });
      if (handler == program_.handlers.end() && slug != "daemon-reload") continue;
      const std::string name = handler != program_.handlers.end() ? handler->name : slug;
      report_.drift.push_back({.field = "handler/" + name, .new_value = "run"});
    }
    return std::move(report_);
  }

  static Error refusal(const std::string& reason) {
    if (reason == "root")
      return fail(ErrorKind::unauthorised, "scripts on the host do not run as root",
                  {.expected = "the user root, or a user with sudo", .advice = "set ssh: {sudo: true} in the spec"});
    return fail(
        ErrorKind::bad_input, "the host does not run systemd",
        {.found = "no /run/systemd/system", .expected = "Debian 12, Debian 13 or Ubuntu 24.04, booted with systemd"});
  }

  const Program& program_;
  CheckReport report_;
  std::set<std::string> handlers_;
};

}  // namespace

Result<CheckReport> read_check_report(const Program& program, const ScriptOutcome& outcome) {
  return Reader(program).read(outcome);
}

std::string clean_text(std::string_view bytes) {
  std::string out;
  for (size_t i = 0; i < bytes.size();) {
    const auto byte = [&](size_t at) { return at < bytes.size() ? static_cast<unsigned char>(bytes[at]) : 0u; };
    const unsigned lead = byte(i);
    size_t length = lead < 0x80                   ? 1
                    : lead >= 0xc2 && lead < 0xe0 ? 2
                    : lead >= 0xe0 && lead < 0xf0 ? 3
                    : lead >= 0xf0 && lead < 0xf5 ? 4
                                                  : 0;
    for (size_t k = 1; k < length; ++k)
      if ((byte(i + k) & 0xc0) != 0x80) length = 0;
    // The second byte's range is narrower after these: no overlong forms, no surrogates, nothing beyond U+10FFFF.
    const unsigned second = byte(i + 1);
    if ((lead == 0xe0 && second < 0xa0) || (lead == 0xed && second > 0x9f) || (lead == 0xf0 && second < 0x90) ||
        (lead == 0xf4 && second > 0x8f))
      length = 0;
    if (length == 0 || (lead < 0x20 && lead != '\t')) {
      out += '?';
      ++i;
    } else {
      out.append(bytes.substr(i, length));
      i += length;
    }
  }
  return out;
}

}  // namespace slipway::playbook
