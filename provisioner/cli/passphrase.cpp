#include "cli/passphrase.h"

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <map>
#include <termios.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "state/passphrase.h"

namespace slipway {
namespace {

/// Turns the terminal's echo off while it lives.
class Unseen {
 public:
  Unseen() {
    if (::tcgetattr(STDIN_FILENO, &before_) != 0) return;
    termios quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    changed_ = ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet) == 0;
  }
  ~Unseen() {
    if (changed_) ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
  }
  Unseen(const Unseen&) = delete;
  Unseen& operator=(const Unseen&) = delete;

 private:
  termios before_{};
  bool changed_ = false;
};

Secret ask_terminal(const std::string& question) {
  std::fprintf(stderr, "%s: ", question.c_str());
  std::string answer;
  {
    const Unseen unseen;
    std::getline(std::cin, answer);
  }
  std::fputc('\n', stderr);
  return Secret(answer);
}

/// Kept here once read: a variable of the environment would be handed on to every program we start.
std::optional<Secret> from_environment(const std::string& variable) {
  static std::map<std::string, Secret> taken;
  if (const char* given = std::getenv(variable.c_str()); given && *given) {
    taken[variable] = Secret(given);
    ::unsetenv(variable.c_str());
  }
  const auto found = taken.find(variable);
  return found == taken.end() ? std::nullopt : std::optional(found->second);
}

Result<Secret> look_for(const PassphraseSource& source) {
  if (!source.file.empty()) {
    Result<std::string> text = read_file(source.file);
    if (!text) return std::move(text).error().while_doing("reading the passphrase of " + source.what);
    return Secret(split(*text, '\n').front());
  }
  if (std::optional<Secret> given = from_environment(source.variable)) return *std::move(given);
  if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
    return fail(ErrorKind::unauthorised, "a passphrase is needed and there is no terminal to ask at",
                {.found = "no " + source.variable + " in the environment",
                 .expected = "the passphrase of " + source.what,
                 .advice = "set " + source.variable + ", or name a file that holds it (slipway VERB --help)"});
  Secret first = ask_terminal((source.chosen ? "New passphrase of " : "Passphrase of ") + source.what);
  if (source.chosen && ask_terminal("The same again") != first)
    return fail(ErrorKind::bad_input, "the two passphrases differ", {.advice = "try again"});
  return first;
}

}  // namespace

Result<Secret> read_passphrase(const PassphraseSource& source) {
  Result<Secret> found = look_for(source);
  if (!found || !source.chosen) return found;
  if (Result<void> good = check_passphrase(*found); !good) return std::move(good).error();
  return found;
}

AskPassphrase key_passphrase() {
  return [](const std::string& what) -> Result<Secret> {
    static std::optional<Secret> answered;
    if (answered) return *answered;
    Result<Secret> found = read_passphrase({.what = what, .variable = "SLIPWAY_PASSPHRASE"});
    if (found) answered = *found;
    return found;
  };
}

}  // namespace slipway
