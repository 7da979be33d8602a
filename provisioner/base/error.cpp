#include "base/error.h"

#include <array>

namespace slipway {
namespace {

struct KindRow {
  ErrorKind kind;
  std::string_view name;
  int exit_code;
  bool retryable;
};

constexpr std::array<KindRow, 15> kinds{{
    {ErrorKind::bad_input, "bad input", 3, false},
    {ErrorKind::approval_needed, "approval needed", 4, false},
    {ErrorKind::world_changed, "world changed", 4, false},
    {ErrorKind::locked, "locked", 5, false},
    {ErrorKind::cancelled, "cancelled", 130, false},
    {ErrorKind::not_found, "not found", 1, false},
    {ErrorKind::conflict, "conflict", 1, true},
    {ErrorKind::unauthorised, "unauthorised", 1, false},
    {ErrorKind::quota, "quota", 1, false},
    {ErrorKind::unavailable, "unavailable", 1, true},
    {ErrorKind::throttled, "throttled", 1, true},
    {ErrorKind::timeout, "timeout", 1, true},
    {ErrorKind::verification, "verification", 1, false},
    {ErrorKind::corrupt, "corrupt", 1, false},
    {ErrorKind::internal, "internal", 1, false},
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
  append_field(out, "try", error.advice);
  if (error.output) append_field(out, "output", *error.output);
  return out;
}

}  // namespace slipway
