#include "base/error.h"

#include <array>

#include "base/error_reference.h"

namespace slipway {
namespace {

struct KindRow {
  ErrorKind kind;
  std::string_view name;
  int exit_code;
  bool retryable;
  std::string_view meaning;
  std::string_view advice;
};

constexpr std::array<KindRow, 15> kinds{{
    {ErrorKind::bad_input, "bad input", 3, false, "The spec, a flag or a file given to Slipway is wrong. Nothing was touched.",
     "mend what 'found' shows and run the same command again; slipway validate SPEC checks a spec alone"},
    {ErrorKind::approval_needed, "approval needed", 4, false,
     "A replace, a delete or a loss of data waits for consent. All else was done.",
     "look at slipway plan SPEC, then run the same command with --approve"},
    {ErrorKind::world_changed, "world changed", 4, false,
     "The world asks for more than the plan that was approved. The step stopped before doing it.",
     "make the plan again with slipway plan SPEC, look at it, and run again"},
    {ErrorKind::locked, "locked", 5, false, "Another run holds the lock of this cluster's state.",
     "wait for the run that 'found' names, or use --wait SECONDS; the lock of a dead run frees itself"},
    {ErrorKind::cancelled, "cancelled", 130, false,
     "Ctrl-C or SIGTERM (exit code 143). What was running was finished and recorded.",
     "run the same command again: it goes on where it stopped"},
    {ErrorKind::not_found, "not found", 1, false, "A thing that the run needs does not exist.",
     "check the name in 'found'; slipway plan SPEC --all lists every step, slipway node list SPEC every machine"},
    {ErrorKind::conflict, "conflict", 1, true, "Somebody else changes the same thing at this moment.",
     "run the same command again; if it stays, find out who else writes to it"},
    {ErrorKind::unauthorised, "unauthorised", 1, false, "Credentials are missing, wrong, expired or not enough.",
     "check the credentials that 'where' names; slipway doctor SPEC tries them"},
    {ErrorKind::quota, "quota", 1, false, "A limit is reached: a provider's quota, a disk, memory, a range of addresses.",
     "free some room or raise the limit, then run the same command again"},
    {ErrorKind::unavailable, "unavailable", 1, true, "The other side cannot be reached, or is not up yet.",
     "check that it is up and reachable from here; slipway doctor SPEC looks; then run the same command again"},
    {ErrorKind::throttled, "throttled", 1, true, "The other side asked to slow down, for longer than this run could wait.",
     "run the same command again later, or with a smaller --parallelism"},
    {ErrorKind::timeout, "timeout", 1, true, "A deadline passed. The effect may or may not have happened.",
     "run the same command again: it looks first at what did happen"},
    {ErrorKind::verification, "verification", 1, false,
     "A checksum, signature, certificate or host key is not the expected one.",
     "do not go on before you know why: compare 'expected' and 'found' with a source that you trust"},
    {ErrorKind::corrupt, "corrupt", 1, false, "Stored data cannot be read, or is not what was written.",
     "keep the file as it is and restore a copy: STATE.json.1 beside the state, or your last state export"},
    {ErrorKind::internal, "internal", 1, false, "A broken promise inside Slipway, or a failure that fits no other kind.",
     "run the same command again; if it comes back, report it with the log of this run"},
}};

const KindRow& row(ErrorKind kind) { return kinds[static_cast<size_t>(kind)]; }

/// Appends "  label     text", with the text's further lines under its first.
void append_field(std::string& out, std::string_view label, std::string_view text) {
  if (text.empty()) return;
  out += "\n  ";
  out += label;
  out.append(label.size() < 10 ? 10 - label.size() : 1, ' ');
  for (const char c : text) {
    out += c;
    if (c == '\n') out.append(12, ' ');
  }
}

}  // namespace

std::string_view name(ErrorKind kind) { return row(kind).name; }
int exit_code(ErrorKind kind) { return row(kind).exit_code; }
bool retryable(ErrorKind kind) { return row(kind).retryable; }
std::string_view meaning(ErrorKind kind) { return row(kind).meaning; }
std::string_view general_advice(ErrorKind kind) { return row(kind).advice; }

const std::vector<ErrorKind>& error_kinds() {
  static const std::vector<ErrorKind> all = [] {
    std::vector<ErrorKind> list;
    for (const KindRow& entry : kinds) list.push_back(entry.kind);
    return list;
  }();
  return all;
}

Error Error::while_doing(std::string what) && {
  context.push_back(std::move(what));
  return std::move(*this);
}

Error Error::while_doing(std::string what) const& { return Error(*this).while_doing(std::move(what)); }

Error fail(ErrorKind kind, std::string summary, ErrorDetails details) {
  Error error;
  error.kind = kind;
  error.summary = std::move(summary);
  error.found = std::move(details.found);
  error.expected = std::move(details.expected);
  error.advice = std::move(details.advice);
  error.where = std::move(details.where);
  return error;
}

std::string describe(const Error& error) {
  std::string out;
  if (!error.where.empty()) out += error.where + ": ";
  out += error.summary;
  out += " (";
  out += name(error.kind);
  out += ")";
  std::string doing;
  for (const std::string& step : error.context) doing += (doing.empty() ? "" : ", ") + step;
  append_field(out, "while", doing);
  append_field(out, "found", error.found);
  append_field(out, "expected", error.expected);
  append_field(out, "try", error.advice.empty() ? general_advice(error.kind) : error.advice);
  if (error.output) append_field(out, "output", *error.output);
  return out;
}

}  // namespace slipway
