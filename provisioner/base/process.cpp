#include "base/process.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/secret.h"
#include "base/text.h"

extern char** environ;

namespace slipway {
namespace {

constexpr int kept_descriptor = 200;

struct Pipe {
  FileDescriptor read_end, write_end;
};

std::optional<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return std::nullopt;
  return Pipe{FileDescriptor(ends[0]), FileDescriptor(ends[1])};
}

std::vector<std::string> merged_environment(const std::map<std::string, std::string>& added) {
  std::vector<std::string> entries;
  for (char** entry = environ; *entry; ++entry) {
    const std::string_view text(*entry);
    if (!added.contains(std::string(text.substr(0, text.find('='))))) entries.emplace_back(text);
  }
  for (const auto& [key, value] : added) entries.push_back(key + "=" + value);
  return entries;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

/// Hands complete lines to the callback, keeping an unfinished tail.
class LineFeeder {
 public:
  explicit LineFeeder(const std::function<void(std::string_view)>& sink) : sink_(sink) {}
  void feed(std::string_view piece) {
    if (!sink_) return;
    pending_ += piece;
    size_t start = 0;
    for (size_t end; (end = pending_.find('\n', start)) != std::string::npos; start = end + 1)
      sink_(std::string_view(pending_).substr(start, end - start));
    pending_.erase(0, start);
  }
  void finish() {
    if (sink_ && !pending_.empty()) sink_(pending_);
    pending_.clear();
  }

 private:
  const std::function<void(std::string_view)>& sink_;
  std::string pending_;
};

int wait_for(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/// Writes to a pipe whose reader may be gone: an error then (EPIPE), not a signal that ends this process.
ssize_t write_quietly(int descriptor, std::string_view text) {
  sigset_t broken_pipe, before;
  sigemptyset(&broken_pipe);
  sigaddset(&broken_pipe, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &broken_pipe, &before);
  const ssize_t count = ::write(descriptor, text.data(), text.size());
  const int why = errno;
  const timespec at_once{};
  if (count < 0 && why == EPIPE) ::sigtimedwait(&broken_pipe, nullptr, &at_once);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  errno = why;
  return count;
}

}  // namespace

Result<CommandOutcome> run_command(const Command& command) {
  std::optional<Pipe> input = make_pipe(), output = make_pipe(), errors = make_pipe();
  if (!input || !output || !errors)
    return fail(ErrorKind::unavailable, "cannot make a pipe", {.found = std::strerror(errno)});

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, input->read_end.number(), 0);
  posix_spawn_file_actions_adddup2(&actions, output->write_end.number(), 1);
  posix_spawn_file_actions_adddup2(&actions, errors->write_end.number(), 2);
  // Out of the way: shells know no descriptors of two digits, so programs want the low ones for themselves.
  if (command.keep_open >= 0) posix_spawn_file_actions_adddup2(&actions, command.keep_open, kept_descriptor);
  if (!command.directory.empty()) posix_spawn_file_actions_addchdir_np(&actions, command.directory.c_str());
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  // A group of its own: a timeout ends the children too, and Ctrl-C reaches us alone.
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  sigset_t signals;
  sigemptyset(&signals);
  posix_spawnattr_setsigmask(&attributes, &signals);
  sigaddset(&signals, SIGPIPE);
  posix_spawnattr_setsigdefault(&attributes, &signals);

  std::vector<std::string> arguments = command.arguments;
  std::vector<std::string> environment = merged_environment(command.environment);
  std::vector<char*> argument_pointers = pointers_to(arguments), environment_pointers = pointers_to(environment);
  pid_t child = -1;
  const int spawned = posix_spawnp(&child, arguments[0].c_str(), &actions, &attributes, argument_pointers.data(),
                                   environment_pointers.data());
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (spawned != 0)
    return fail(spawned == ENOENT ? ErrorKind::not_found : ErrorKind::unavailable, "cannot start " + arguments[0],
                {.found = std::strerror(spawned),
                 .advice = spawned == ENOENT ? "install the program '" + arguments[0] + "'" : ""});
  input->read_end.close();
  output->write_end.close();
  errors->write_end.close();

  const Deadline deadline = Deadline::in(command.timeout);
  CommandOutcome outcome;
  std::string_view to_feed = command.input;
  if (to_feed.empty()) input->write_end.close();
  if (input->write_end.open()) ::fcntl(input->write_end.number(), F_SETFL, O_NONBLOCK);
  LineFeeder lines(command.on_line), error_lines(command.on_line);
  char block[65536];
  while (output->read_end.open() || errors->read_end.open()) {
    pollfd watched[3] = {{output->read_end.number(), POLLIN, 0},
                         {errors->read_end.number(), POLLIN, 0},
                         {input->write_end.number(), POLLOUT, 0}};
    const auto left = deadline.left().count();
    if (left == 0) {
      ::kill(-child, SIGKILL);
      wait_for(child);
      Error error =
          fail(ErrorKind::timeout, arguments[0] + " took too long",
               {.found = "still running after " + format_seconds(static_cast<double>(command.timeout.count()) / 1000)});
      error.output =
          redact(outcome.error_output.size() > 2000 ? outcome.error_output.substr(outcome.error_output.size() - 2000)
                                                    : outcome.error_output);
      return error;
    }
    if (::poll(watched, 3, static_cast<int>(std::min<int64_t>(left, 1000))) < 0 && errno != EINTR)
      return fail(ErrorKind::internal, "poll failed", {.found = std::strerror(errno)});
    const auto drain = [&](FileDescriptor& end, short ready, std::string& into, LineFeeder& feeder) {
      if (!end.open() || ready == 0) return;
      const ssize_t count = ::read(end.number(), block, sizeof block);
      if (count > 0) {
        into.append(block, static_cast<size_t>(count));
        feeder.feed(std::string_view(block, static_cast<size_t>(count)));
      } else if (count == 0 || errno != EINTR) {
        feeder.finish();
        end.close();
      }
    };
    drain(output->read_end, watched[0].revents, outcome.output, lines);
    drain(errors->read_end, watched[1].revents, outcome.error_output, error_lines);
    if (input->write_end.open() && watched[2].revents != 0) {
      const ssize_t count = write_quietly(input->write_end.number(), to_feed);
      if (count > 0) to_feed.remove_prefix(static_cast<size_t>(count));
      if (to_feed.empty() || (count < 0 && errno != EAGAIN && errno != EINTR)) input->write_end.close();
    }
  }
  outcome.exit_status = wait_for(child);
  return outcome;
}

Result<std::string> run_or_fail(const Command& command) {
  Result<CommandOutcome> outcome = run_command(command);
  if (!outcome) return std::move(outcome).error();
  if (outcome->ok()) return std::move(outcome->output);
  Error error = fail(ErrorKind::internal, command.arguments[0] + " failed",
                     {.found = "exit status " + std::to_string(outcome->exit_status), .expected = "exit status 0"});
  std::string said = outcome->error_output.empty() ? outcome->output : outcome->error_output;
  if (said.size() > 2000) said.erase(0, said.size() - 2000);
  error.output = redact(trim(said));
  return error.while_doing("running " + redact(join(command.arguments, " ")));
}

}  // namespace slipway
