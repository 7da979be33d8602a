#include "providers/simulated/host_script.h"

#include <algorithm>

#include "base/digest.h"
#include "base/text.h"

namespace slipway::simulated {
namespace {

/// The value of `name='…'`, set at the beginning of a line; the first or the last of several.
std::string setting(std::string_view text, const std::string& name, bool last = false) {
  const std::string key = "\n" + name + "=";
  size_t at = last ? text.rfind(key) : text.find(key);
  if (at == std::string_view::npos) return {};
  at += key.size();
  std::string value;
  // Quoted by shell_quote: plain, or in single quotes with '\'' for a quote.
  bool quoted = false;
  for (; at < text.size(); ++at) {
    if (text[at] == '\'') {
      quoted = !quoted;
    } else if (!quoted && text[at] == '\\' && at + 1 < text.size()) {
      value += text[++at];
    } else if (!quoted && (text[at] == '\n' || text[at] == ' ')) {
      break;
    } else {
      value += text[at];
    }
  }
  return value;
}

std::vector<std::string> words_of(std::string_view line) {
  std::vector<std::string> words;
  for (std::string& word : split(line, ' ')) {
    if (word.size() >= 2 && word.front() == '\'' && word.back() == '\'') word = word.substr(1, word.size() - 2);
    if (!word.empty()) words.push_back(std::move(word));
  }
  return words;
}

std::optional<size_t> number_in(const std::string& word) {
  if (word.empty() || word.size() > 6 ||
      !std::all_of(word.begin(), word.end(), [](char c) { return c >= '0' && c <= '9'; }))
    return std::nullopt;
  return std::stoul(word);
}

/// The text between "\nNAME() {\n" and the line "}" before `next`.
std::string_view body_of(std::string_view text, const std::string& name, const std::string& next) {
  const std::string begin_word = "\n" + name + "() {\n";
  const size_t begin = text.find(begin_word);
  if (begin == std::string_view::npos) return {};
  const size_t end = text.find("\n}\n" + next, begin);
  if (end == std::string_view::npos) return {};
  const size_t from = begin + begin_word.size();
  return end + 1 > from ? text.substr(from, end + 1 - from) : std::string_view();
}

/// Reads "case $fact_os in 'debian'|'ubuntu') ;; *) return 0 ;; esac" lines at the beginning of a check.
bool fits(std::string_view body, const Facts& facts) {
  for (const std::string& line : split(body, '\n')) {
    constexpr std::string_view begin = "case $fact_", end = ") ;; *) return 0 ;; esac";
    if (!line.starts_with(begin) || !line.ends_with(end)) return true;
    const size_t space = line.find(' ', begin.size());
    const std::string fact = line.substr(begin.size(), space - begin.size());
    const std::string patterns = line.substr(space + 4, line.size() - space - 4 - end.size());
    const auto known = std::find_if(facts.begin(), facts.end(), [&](const auto& pair) { return pair.first == fact; });
    bool fit = false;
    for (const std::string& pattern : split(patterns, '|'))
      fit = fit || (known != facts.end() && replace_all(pattern, "'", "") == known->second);
    if (!fit) return false;
  }
  return true;
}

bool is_digest(const std::string& word) {
  return word.size() == 64 && word.find_first_not_of("0123456789abcdef") == std::string::npos;
}

/// The digest in the last line that has one.
std::string content_of(std::string_view body) {
  std::string content;
  for (const std::string& line : split(body, '\n'))
    if (line.starts_with("want_file ") || line.starts_with("want_import "))
      for (const std::string& word : words_of(line))
        if (is_digest(word)) content = word;
  return content;
}

ScriptTask task_of(std::string_view body, size_t number, const Facts& facts) {
  return {.number = number,
          .digest = sha256(body).substr(0, 16),
          .content = content_of(body),
          .concerns = fits(body, facts)};
}

}  // namespace

std::optional<CheckRequest> read_check(std::string_view text, const Facts& facts) {
  CheckRequest check;
  const size_t begin = text.rfind("\nbegin_check\n");
  if (begin == std::string_view::npos) {
    check.waits_for = setting(text, "id");
    return check.waits_for.empty() ? std::nullopt : std::optional(check);
  }
  check.playbook = setting(text, "playbook");
  check.cluster = setting(text, "cluster");
  check.node_address = setting(text, "node_address");
  check.minds_living = text.find("\nmind_living=1\n") != std::string_view::npos;
  std::vector<size_t> numbers;
  for (const std::string& line : split(text.substr(begin + 1), '\n')) {
    if (line.starts_with("t="))
      if (const std::optional<size_t> number = number_in(line.substr(2))) numbers.push_back(*number);
    if (line.starts_with("list_pending ")) {
      check.pending = words_of(line);
      check.pending.erase(check.pending.begin());
    }
  }
  for (size_t i = 0; i < numbers.size(); ++i) {
    const std::string next =
        i + 1 < numbers.size() ? "check_" + std::to_string(numbers[i + 1]) + "() {\n" : "begin_check\n";
    check.tasks.push_back(task_of(body_of(text, "check_" + std::to_string(numbers[i]), next), numbers[i], facts));
  }
  return check;
}

std::optional<ApplyRequest> read_launch(std::string_view text, std::string_view input, const Facts& facts) {
  if (text.find("\nlaunch() {\n") == std::string_view::npos) return std::nullopt;
  ApplyRequest apply;
  apply.id = setting(text, "id");
  apply.playbook = setting(text, "playbook");
  apply.offset = number_in(setting(text, "offset")).value_or(0);
  size_t total = 0, first = 0;
  for (const std::string& word : words_of(setting(text, "pieces"))) {
    const size_t size = std::strtoul(word.c_str(), nullptr, 10);
    if (total == 0) first = size;
    total += size;
  }
  apply.whole = input.size() == total && input.ends_with("whole");
  if (!apply.whole) return apply;
  const std::string_view script = input.substr(0, first);
  apply.cluster = setting(script, "cluster");
  apply.node_address = setting(script, "node_address");
  apply.digest = setting(script, "digest");
  apply.approved = setting(script, "approved", true);
  constexpr std::string_view version = "kubernetesVersion: v";
  if (const size_t at = input.find(version); at != std::string_view::npos)
    apply.release =
        input.substr(at + version.size(), input.find_first_of(" ,}\n", at + version.size()) - at - version.size());
  apply.removal = setting(script, "removal") == "1";
  const size_t begin = script.rfind("\nbegin_apply\n");
  for (const std::string& line : split(script.substr(begin == std::string_view::npos ? 0 : begin + 1), '\n')) {
    const std::vector<std::string> words = words_of(line);
    if (words.size() < 2) continue;
    if (words[0] == "run_task" || words[0] == "run_reboot") {
      const std::string number = words[1];
      ScriptTask task = task_of(body_of(script, "check_" + number, "apply_" + number + "() {\n"),
                                number_in(number).value_or(0), facts);
      task.reboots = words[0] == "run_reboot";
      task.handlers.assign(words.begin() + 2, words.end());
      apply.tasks.push_back(std::move(task));
    } else if (words[0] == "run_reboot_handler" && words.size() > 2) {
      apply.reboot_handlers.emplace_back(words[1], number_in(words[2]).value_or(0));
    }
  }
  for (const std::string& line : split(body_of(script, "run_handlers", "begin_apply\n"), '\n')) {
    const std::vector<std::string> words = words_of(line);
    if (words.size() > 2 && words[0] == "run_handler")
      apply.handlers.emplace_back(words[1], number_in(words[2]).value_or(0));
  }
  return apply;
}

}  // namespace slipway::simulated
