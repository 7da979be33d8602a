// The shell itself is asked what it saw: one dash for all inputs, since starting one costs a millisecond.

#include <climits>
#include <csignal>
#include <cstring>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "playbook/compiler.h"

#include "targets.h"

namespace slipway::fuzz {
namespace {

class Shell {
 public:
  Shell() {
    int in[2], out[2];
    require(::pipe(in) == 0 && ::pipe(out) == 0, "there are pipes");
    std::signal(SIGPIPE, SIG_IGN);
    if (::fork() == 0) {
      ::dup2(in[0], 0);
      ::dup2(out[1], 1);
      for (const int end : {in[0], in[1], out[0], out[1]}) ::close(end);
      ::execl("/bin/sh", "sh", static_cast<char*>(nullptr));
      ::_exit(127);
    }
    ::close(in[0]);
    ::close(out[1]);
    to_ = in[1];
    from_ = out[0];
  }

  /// What `command` prints; the program ends where the shell waits for more, which is what a lost quote makes it do.
  std::string say(const std::string& command) {
    static const std::string end("\0<end>\0", 7);
    const std::string text = command + "\nprintf '\\0<end>\\0'\n";
    std::string answer;
    size_t sent = 0;
    while (!answer.ends_with(end)) {
      pollfd watched[2] = {{from_, POLLIN, 0}, {to_, POLLOUT, 0}};
      require(::poll(watched, sent < text.size() ? 2 : 1, 10000) > 0, "the shell answers");
      if (watched[1].revents & POLLOUT && sent < text.size()) {
        // A pipe takes what it has room for; at most a page never blocks where it says it has room.
        const ssize_t count = ::write(to_, text.data() + sent, std::min<size_t>(text.size() - sent, PIPE_BUF));
        require(count > 0, "the shell reads");
        sent += static_cast<size_t>(count);
      }
      if (watched[0].revents & (POLLIN | POLLHUP)) {
        char block[65536];
        const ssize_t count = ::read(from_, block, sizeof block);
        require(count > 0, "the shell lives");
        answer.append(block, static_cast<size_t>(count));
      }
    }
    answer.resize(answer.size() - end.size());
    return answer;
  }

 private:
  int to_ = -1, from_ = -1;
};

Shell& shell() {
  static Shell one;
  return one;
}

std::string without_nul(std::string_view text) {
  std::string out(text);
  std::erase(out, '\0');
  return out;
}

void words(std::string_view bytes) {
  // A word of its own, in the middle of another, and twice in a row.
  const std::string word = shell_quote(bytes), meant = without_nul(bytes);
  const std::string seen = shell().say("printf '%s\\n' " + word + " a" + word + "b " + word + word);
  require(seen == meant + "\na" + meant + "b\n" + meant + meant + "\n", "the shell sees what was meant");
}

/// Every line of check and apply of one task, with the library's functions in the place of printf.
void task(std::string_view bytes) {
  static const Result<playbook::Playbook> book =
      playbook::parse_playbook("quoting.yaml", "- name: a line\n  line: {path: /etc/sample, line: \"${text}\"}\n",
                               [](const std::string&) -> Result<std::string> { return std::string(); });
  require(book.ok(), "the sample is a playbook");
  const std::string meant(bytes);
  const Result<playbook::Program> program = playbook::Compiler::compile(
      *book, {.cluster = "demo", .role = "worker", .labels = {}, .variables = {{"text", meant}}, .secrets = {}});
  if (!program) return;
  const playbook::TaskCode& code = program->tasks.at(0);
  std::string script = "want_line() { printf '%s\\0' \"$@\"; }\nset_line() { printf '%s\\0' \"$@\"; }\n";
  for (const std::vector<std::string>* lines : {&code.check, &code.apply})
    for (const std::string& line : *lines) script += line + "\n";
  const std::string seen = shell().say(script),
                    wanted = std::string("\0", 1) + without_nul(meant) + std::string("\0", 1);
  const size_t first = seen.find(wanted);
  require(first != std::string::npos, "the check sees the line that was meant");
  require(seen.find(wanted, first + wanted.size()) != std::string::npos, "and so does the apply");
}

}  // namespace

void fuzz_quoting(std::string_view bytes) {
  const Choice choice = choose(bytes, 2);
  if (choice.rest.size() > 4096) return;
  if (choice.number == 0) words(choice.rest);
  if (choice.number == 1) task(choice.rest);
}

}  // namespace slipway::fuzz
