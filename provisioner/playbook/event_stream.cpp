#include "playbook/event_stream.h"

#include <algorithm>

#include "base/digest.h"
#include "base/secret.h"
#include "base/text.h"
#include "playbook/check_report.h"

namespace slipway::playbook {
namespace {

std::string next_word(std::string_view& rest) {
  const size_t space = rest.find(' ');
  const std::string word(rest.substr(0, space));
  rest = space == std::string_view::npos ? std::string_view{} : rest.substr(space + 1);
  return word;
}

std::string decoded(std::string_view encoded) {
  const Result<std::string> text = base64_decode(encoded);
  if (!text) return {};
  // Cleaned line by line: line breaks are what makes it readable.
  std::vector<std::string> lines = split(*text, '\n');
  for (std::string& line : lines) line = clean_text(line);
  return redact(trim(join(lines, "\n")));
}

std::string took(const std::string& milliseconds) {
  return " (" + format_seconds(std::strtod(milliseconds.c_str(), nullptr) / 1000) + ")";
}

const TaskCode* with_number(const std::vector<TaskCode>& list, const std::string& number) {
  const auto found = std::find_if(list.begin(), list.end(),
                                  [&](const TaskCode& code) { return std::to_string(code.number) == number; });
  return found == list.end() ? nullptr : &*found;
}

std::string name_of(const TaskCode* code) { return code ? code->name : "?"; }

/// "0.3 old" after a task's number: the field's name and what it is.
std::string field_seen(const TaskCode* task, std::string_view rest) {
  const std::string number = next_word(rest);
  const size_t index = std::strtoul(number.c_str(), nullptr, 10);
  if (!task || index >= task->fields.size()) return "a field of it";
  const Field& field = task->fields[index];
  return field.name + (field.sensitive ? " (secret)" : " is '" + clean_text(rest) + "'");
}

}  // namespace

size_t EventStream::lines() const {
  const std::lock_guard lock(mutex_);
  return lines_;
}

uint64_t EventStream::offset() const {
  const std::lock_guard lock(mutex_);
  return offset_;
}

void EventStream::take(std::string_view line) {
  const std::lock_guard lock(mutex_);
  ++lines_;
  std::string_view rest = line;
  const std::string word = next_word(rest);
  if (word == "launch") {
    take_launch(rest);
    return;
  }
  offset_ += line.size() + 1;
  take_event(word, rest);
}

const TaskCode* EventStream::task(const std::string& number) const { return with_number(program_.tasks, number); }

void EventStream::take_event(const std::string& word, std::string_view rest) {
  if (word == "end") {
    status_ = rest;
  } else if (word == "started") {
    tell_(name_of(task(std::string(rest))));
  } else if (word == "changed") {
    const std::string number = next_word(rest);
    ++changed_;
    tell_(name_of(task(number)) + ": changed" + took(std::string(rest)));
  } else if (word == "handling") {
    tell_("handler " + name_of(with_number(program_.handlers, std::string(rest))));
  } else if (word == "handled") {
    const std::string number = next_word(rest);
    tell_("handler " + name_of(with_number(program_.handlers, number)) + ": done" + took(std::string(rest)));
  } else if (word == "rebooting") {
    boot_before_ = clean_text(rest);
    tell_("restarting the host");
  } else if (word == "fact") {
    const std::string key = clean_text(next_word(rest));
    facts_[key] = clean_text(rest);
  } else if (word == "left") {
    const std::string number = next_word(rest);
    left_.push_back(field_seen(task(number), rest));
  } else if (word == "world") {
    const std::string number = next_word(rest);
    if (!error_)
      error_ = fail(ErrorKind::world_changed, "the world changed since the plan",
                    {.found = field_seen(task(number), rest),
                     .expected = "drift only where the plan shows it",
                     .advice = "plan again, look at it, and apply that"});
  } else if (word == "locked") {
    error_ = fail(ErrorKind::conflict, "another apply is at work on the host", {.advice = "wait until it has ended"});
  } else if (word == "failed" || word == "unhandled" || word == "unverified") {
    take_failure(word, rest);
  }
}

void EventStream::take_failure(const std::string& word, std::string_view rest) {
  const std::string number = next_word(rest);
  next_word(rest);  // Milliseconds.
  if (word == "unverified") {
    error_ = fail(ErrorKind::verification, "task '" + name_of(task(number)) + "' ran, and its result is not there",
                  {.found = join(left_, "; "), .advice = "something else on the host may be changing it back"});
  } else {
    const std::string status = next_word(rest);
    const std::string what = word == "failed" ? "task '" + name_of(task(number))
                                              : "handler '" + name_of(with_number(program_.handlers, number));
    error_ = fail(ErrorKind::internal, what + "' failed on the host",
                  {.found = "exit status " + status, .expected = "exit status 0"});
  }
  const std::string output = decoded(rest);
  if (!output.empty()) {
    error_->output = output;
    if (error_->kind == ErrorKind::internal && output.find("it was damaged on its way") != std::string::npos)
      error_->kind = ErrorKind::verification;
  }
}

void EventStream::take_launch(std::string_view rest) {
  const std::string word = next_word(rest);
  if (word == "waiting") {
    tell_("an earlier apply is still at work on the host; waiting for it");
  } else if (word == "refused") {
    const std::string reason = next_word(rest);
    if (reason == "root")
      error_ = fail(ErrorKind::unauthorised, "scripts on the host do not run as root",
                    {.advice = "set ssh: {sudo: true} in the spec"});
    else if (reason == "missing")
      error_ = fail(ErrorKind::bad_input, "the host lacks a program that every Debian with systemd has",
                    {.found = "no " + clean_text(rest), .expected = "Debian 12, Debian 13 or Ubuntu 24.04"});
    else
      error_ = fail(ErrorKind::bad_input, "/run on the host is no tmpfs",
                    {.expected = "a host booted with systemd: secrets may only lie in memory"});
  } else if (word == "incomplete") {
    error_ = fail(ErrorKind::unavailable, "the connection broke while sending", {.advice = "run again"});
  } else if (word == "unstarted") {
    error_ = fail(ErrorKind::unavailable, "systemd-run could not start the apply");
    error_->output = decoded(rest);
  } else if (word == "held") {
    error_ = fail(ErrorKind::conflict, "another apply is being started on the host", {.advice = "run again"});
  } else if (word == "started") {
    error_.reset();
  }
}

Result<EventStream::Ending> EventStream::ending() const {
  const std::lock_guard lock(mutex_);
  if (status_ == "0") return Ending::done;
  if (status_ == "6") return Ending::rebooting;
  if (error_) return *error_;
  if (status_.empty()) return Ending::none;
  return fail(ErrorKind::internal, "the apply on the host ended with status " + status_);
}

}  // namespace slipway::playbook
