#pragma once
// Errors are the interface: each says what was expected, what was found, where, and what to do next.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace slipway {

/// The closed list of error kinds. The kind alone decides the reaction (retry or not) and the exit code.
enum class ErrorKind {
  bad_input,        ///< The user's input is wrong; nothing was touched. Exit 3.
  approval_needed,  ///< A replace, a delete or a loss of data waits for consent. Exit 4.
  world_changed,    ///< The world asks for more than the approved plan holds. Exit 4.
  locked,           ///< Another run holds the state's lock. Exit 5.
  cancelled,        ///< Ctrl-C or SIGTERM. Exit 130 (143).
  not_found,        ///< The thing asked for does not exist.
  conflict,         ///< The thing is being changed by someone else. May be retried.
  unauthorised,     ///< Credentials are missing, wrong or insufficient.
  quota,            ///< A limit of the provider or the machine is reached.
  unavailable,      ///< The other side cannot be reached or is not up yet. May be retried.
  throttled,        ///< The other side asked us to slow down. May be retried.
  timeout,          ///< A deadline passed; the effect may or may not have happened. May be retried.
  verification,     ///< A checksum, signature, fingerprint or host key is not the expected one.
  corrupt,          ///< Stored data cannot be read.
  internal,         ///< A broken invariant: a bug in Slipway, or a failure that fits no other kind.
};

/// The kind's name as users and JSON see it, e.g. "bad input".
std::string_view name(ErrorKind kind);
/// The process exit code that the kind asks for.
int exit_code(ErrorKind kind);
/// True for unavailable, throttled, timeout and conflict: repeating the same call may succeed.
bool retryable(ErrorKind kind);

/// One failure, told once. Values; no ownership, any thread. Wrap with `while_doing` as it travels up,
/// each floor adding its context once.
struct Error {
  ErrorKind kind = ErrorKind::internal;
  std::string summary;                     ///< Short and fixed: "unknown provider".
  std::string found;                       ///< What was found, or empty.
  std::string expected;                    ///< What was expected, or empty.
  std::string advice;                      ///< The next command or edit, or empty.
  std::string where;                       ///< file:line:column, host, URL, request id; or empty.
  std::vector<std::string> context;        ///< "installing containerd on workers-1", outermost last.
  std::optional<std::string> output;       ///< The failed command's last output, redacted.
  std::optional<int> retry_after_seconds;  ///< Set when the other side named a time.

  /// Adds "doing X" as context and returns itself.
  Error while_doing(std::string what) &&;
  Error while_doing(std::string what) const&;
};

/// Makes an error in one line: `fail(ErrorKind::not_found, "no such machine", {.found = name})`.
struct ErrorDetails {
  std::string found{};
  std::string expected{};
  std::string advice{};
  std::string where{};
};
Error fail(ErrorKind kind, std::string summary, ErrorDetails details = {});

/// The error as a user reads it: the first line names place, summary and kind; then aligned found, expected, try lines.
std::string describe(const Error& error);

}  // namespace slipway
