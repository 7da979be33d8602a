#include "playbook/apply_run.h"

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "base/ids.h"
#include "base/secret.h"
#include "base/text.h"
#include "playbook/check_report.h"

namespace slipway::playbook {
namespace {

constexpr int reboots_at_most = 2;
constexpr const char* incoming = "/var/lib/slipway/incoming";

std::vector<const Upload*> needed_uploads(const Program& program, const Approval& approval) {
  std::vector<const Upload*> needed;
  for (const TaskCode& task : program.tasks)
    for (const Upload& upload : task.uploads) {
      const bool wanted =
          approval.everything || std::any_of(upload.fields.begin(), upload.fields.end(), [&](int field) {
            return approval.fields.contains({task.number, field});
          });
      const bool twin = std::any_of(needed.begin(), needed.end(),
                                    [&](const Upload* other) { return other->sha256 == upload.sha256; });
      if (wanted && !twin) needed.push_back(&upload);
    }
  return needed;
}

}  // namespace

Result<Value> ApplyRun::run() {
  deadline_ = Deadline::in(limit_);
  until_ = writer_.clock.now() + limit_;
  if (Result<void> sent = send_uploads(); !sent) return std::move(sent).error();
  for (int reboots = 0;; ++reboots) {
    EventStream events(program_, [this](std::string_view text) { recorder_.progress(text); });
    Result<EventStream::Ending> ending = follow(events);
    if (!ending) return std::move(ending).error();
    if (*ending == EventStream::Ending::done) return events.facts();
    if (reboots == reboots_at_most)
      return fail(ErrorKind::verification, "the host wants to be restarted again and again",
                  {.advice = "look at the condition of the playbook's reboot task"});
    if (Result<void> booted = wait_for_new_boot(events.boot_before()); !booted)
      return std::move(booted).error().while_doing("restarting " + host_.machine.text());
  }
}

Result<void> ApplyRun::send_uploads() {
  std::vector<const Upload*> needed = needed_uploads(program_, approval_);
  if (needed.empty()) return {};
  // What an earlier try sent is there under its digest. The apply verifies every digest before it uses a file.
  std::string ask = "set -u\numask 077\nmkdir -p -m 755 /var/lib/slipway\nmkdir -p " + std::string(incoming) + "\ncd " +
                    incoming + " || exit 1\nfor sum in";
  for (const Upload* upload : needed) ask += " " + shell_quote(upload->sha256);
  ask += "; do [ -e \"$sum\" ] && echo \"have $sum\"; done\nset -- $(df -Pk . | tail -n 1)\necho \"free $4\"\n";
  Result<ScriptOutcome> answer = writer_.hosts.run(host_, {.text = ask}, Deadline::in(std::chrono::seconds(30)));
  if (!answer) return std::move(answer).error().while_doing("asking what was sent already");
  uint64_t free_kib = 0;
  bool answered = false;
  for (const std::string& line : split(answer->output, '\n')) {
    if (line.starts_with("have "))
      std::erase_if(needed, [&](const Upload* upload) { return upload->sha256 == trim(line.substr(5)); });
    if (line.starts_with("free ")) {
      const std::string text(trim(line.substr(5)));
      answered = std::from_chars(text.data(), text.data() + text.size(), free_kib).ec == std::errc();
    }
  }
  if (!answered)
    return fail(ErrorKind::internal, "cannot make " + std::string(incoming) + " on the host",
                {.found = clean_text(trim(answer->error_output)),
                 .advice = "is its disk full or read-only, or does the user lack root?"});
  uint64_t bytes = 0;
  for (const Upload* upload : needed) {
    std::error_code problem;
    const uint64_t size = std::filesystem::file_size(upload->local_path, problem);
    if (problem)
      return fail(
          ErrorKind::not_found, "the artifact is not in the cache",
          {.found = upload->local_path + ": " + problem.message(), .advice = "run again: it is fetched or built anew"});
    bytes += size;
  }
  if (bytes / 1024 > free_kib)
    return fail(ErrorKind::quota, "the host's disk is full",
                {.found = format_bytes(free_kib * 1024) + " free in /var/lib/slipway",
                 .expected = format_bytes(bytes) + " for artifacts",
                 .advice = "make room, or give the machine a bigger disk"});
  for (const Upload* upload : needed) {
    if (recorder_.cancelled()) return fail(ErrorKind::cancelled, "stopped before sending " + upload->title);
    Result<void> sent = writer_.hosts.put(
        host_,
        {.path = std::string(incoming) + "/" + upload->sha256,
         .local_path = upload->local_path,
         .mode = 0600,
         .on_progress = [&](uint64_t done,
                            uint64_t total) { recorder_.progress("sending " + upload->title, done, total); }},
        deadline_);
    if (!sent) return std::move(sent).error().while_doing("sending " + upload->title);
  }
  return {};
}

/// The apply lives on the host by itself. As long as time allows, a lost connection is made again and goes on where the
/// events broke off; the same id finds the same apply, so nothing is ever started twice.
Result<EventStream::Ending> ApplyRun::follow(EventStream& events) {
  const std::string id = random_hex(6);
  const Seconds unit_limit = std::chrono::duration_cast<Seconds>(limit_) + Seconds(60);
  Milliseconds span{500};
  for (;;) {
    ApplyScript apply = Compiler::apply_script(program_, approval_, id, unit_limit, events.offset());
    const size_t lines_before = events.lines();
    Result<ScriptOutcome> outcome = writer_.hosts.run(host_,
                                                      {.text = std::move(apply.launch),
                                                       .input = std::move(apply.input),
                                                       .on_line = [&](std::string_view line) { events.take(line); }},
                                                      deadline_);
    // A transport that does not pass lines on as they come has them all at the end.
    if (outcome && events.lines() == lines_before)
      for (const std::string& line : split(outcome->output, '\n'))
        if (!line.empty()) events.take(line);
    Result<EventStream::Ending> ending = events.ending();
    if (!ending || *ending != EventStream::Ending::none) return ending;
    if (outcome)
      return fail(ErrorKind::unavailable, "the apply on the host was cut off",
                  {.found = "exit status " + std::to_string(outcome->exit_status) + " " +
                            clean_text(trim(outcome->error_output.substr(0, 400))),
                   .expected = "a last event 'end'",
                   .advice = "run again: what it began is completed"});
    const bool lost = outcome.error().kind == ErrorKind::unavailable || outcome.error().kind == ErrorKind::timeout;
    if (outcome.error().kind == ErrorKind::timeout && writer_.clock.now() + span >= until_) return end_overdue(id);
    if (!lost || writer_.clock.now() + span >= until_ || recorder_.cancelled())
      return std::move(outcome).error().while_doing("following the apply on the host");
    recorder_.progress("connection lost; the apply goes on by itself, connecting again");
    if (!pause(writer_.clock, span, [this] { return recorder_.cancelled(); }))
      return std::move(outcome).error().while_doing("following the apply on the host");
    span = std::min(span * 2, Milliseconds(8000));
  }
}

/// Ends an apply that outlived its time, and answers with what its task said last.
Error ApplyRun::end_overdue(const std::string& id) {
  Error error = fail(ErrorKind::timeout, "the apply on the host did not end in time",
                     {.found = "still at work after " + format_seconds(static_cast<double>(limit_.count()) / 1000),
                      .advice = "look at the output below and at the host; running again completes it"});
  const std::string ask = "tail -n 25 /run/slipway/apply/" + id + "/talk 2>/dev/null | tail -c 4000\n" +
                          "systemctl stop slipway-apply-" + id + "\n";
  const Result<ScriptOutcome> answer = writer_.hosts.run(host_, {.text = ask}, Deadline::in(std::chrono::seconds(15)));
  if (answer && !answer->output.empty()) {
    std::vector<std::string> lines = split(answer->output, '\n');
    for (std::string& line : lines) line = clean_text(line);
    error.output = redact(trim(join(lines, "\n")));
  }
  return error;
}

Result<void> ApplyRun::wait_for_new_boot(const std::string& boot_before) {
  recorder_.progress("waiting for the host to come back");
  const CheckScript check = Compiler::check_script({});
  for (;;) {
    writer_.hosts.forget(host_.machine);
    if (Result<void> up = writer_.hosts.wait_until_up(host_, deadline_); !up) return std::move(up).error();
    const Result<ScriptOutcome> answer = writer_.read.hosts.check(host_, check, Deadline::in(std::chrono::seconds(15)));
    const Result<CheckReport> report = answer ? read_check_report({}, *answer) : Result<CheckReport>(answer.error());
    if (report) {
      const std::string boot = text_at(report->facts, "boot_id");
      if (!boot.empty() && boot != boot_before) return {};
    }
    if (writer_.clock.now() + Milliseconds(2000) >= until_ || recorder_.cancelled())
      return fail(ErrorKind::timeout, "the host did not restart in time",
                  {.found = "the same boot id", .advice = "look at the host's console"});
    writer_.clock.sleep_until(writer_.clock.now() + Milliseconds(1000));
  }
}

}  // namespace slipway::playbook
