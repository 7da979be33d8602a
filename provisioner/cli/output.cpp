#include "cli/output.h"

#include <cstdio>
#include <iostream>
#include <unistd.h>

#include "base/secret.h"
#include "cli/session.h"

namespace slipway {

void print_result(const Options& options, const std::string& text, const Value& document) {
  const std::string out = options.json ? document.dump(2) + "\n" : text;
  std::fputs(redact(out).c_str(), stdout);
  std::fflush(stdout);
}

void say(const std::string& text) {
  std::fputs((redact(text) + "\n").c_str(), stderr);
  std::fflush(stderr);
}

int report_error(const Options& options, const Error& error) {
  say(describe(error));
  if (options.json) {
    const Value document = {{"format", 1},
                            {"error",
                             {{"kind", name(error.kind)},
                              {"summary", error.summary},
                              {"found", error.found},
                              {"expected", error.expected},
                              {"try", error.advice},
                              {"where", error.where}}}};
    std::fputs((redact(document.dump(2, ' ', false, Value::error_handler_t::replace)) + "\n").c_str(), stdout);
  }
  return error.kind == ErrorKind::cancelled ? cancelled_exit_code() : exit_code(error.kind);
}

bool confirmed(const Options& options, const std::string& question) {
  if (options.yes || !isatty(STDIN_FILENO) || !isatty(STDERR_FILENO)) return options.yes;
  std::fprintf(stderr, "%s Type 'yes': ", question.c_str());
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "yes";
}

}  // namespace slipway
