#include "providers/local/keeper.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/secret.h"
#include "base/text.h"

namespace slipway::local {
namespace {

// Paths below the machine's folder are relative: overlay options cannot hold every character of a path. Groups are
// joined before anything else happens, so that whoever kills the host's groups finds every process.
constexpr const char* script = R"sh(set -eu
ulimit -S -n "$(ulimit -H -n)" || true
if [ "$SLIPWAY_LAYOUT" = unified ]; then
  # A unified group holds processes or groups, never both; nspawn makes groups in the one that it is started in.
  mkdir -p "$SLIPWAY_GROUPS/keeper" "$SLIPWAY_GROUPS/host"
  echo $$ > "$SLIPWAY_GROUPS/keeper/cgroup.procs"
  for controller in $(cat "$SLIPWAY_GROUPS/cgroup.controllers"); do
    echo "+$controller" > "$SLIPWAY_GROUPS/cgroup.subtree_control" || true
  done
else
  for group in $SLIPWAY_GROUPS; do echo $$ > "$group/cgroup.procs"; done
fi
mount -t overlay slipway -o lowerdir=base,upperdir=upper,workdir=work root
# nspawn keeps notes there that a kill would leave behind.
mkdir -p /run/systemd/nspawn
mount -t tmpfs -o mode=755 slipway /run/systemd/nspawn
echo "ready $$"
read -r leave
exec </dev/null >console.log 2>&1
# 133 is nspawn's word for a reboot from inside.
status=133
while [ "$status" = 133 ]; do
  status=0
  if [ "$SLIPWAY_LAYOUT" = unified ]; then
    find "$SLIPWAY_GROUPS/host" -depth -type d -exec rmdir {} + || true
    mkdir -p "$SLIPWAY_GROUPS/host"
    sh -c 'echo $$ > "$SLIPWAY_GROUPS/host/cgroup.procs"; exec "$@"' sh "$@" || status=$?
  else
    "$@" || status=$?
  fi
done
echo "the host ended with status $status"
exit "$status"
)sh";

Error cannot(const char* what, int code) {
  return fail(ErrorKind::unavailable, std::string("cannot ") + what, {.found = std::strerror(code)});
}

struct Pipe {
  FileDescriptor read_end, write_end;
};

Result<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return cannot("make a pipe", errno);
  return Pipe{FileDescriptor(ends[0]), FileDescriptor(ends[1])};
}

/// Owns what posix_spawn wants to be destroyed.
struct SpawnSetup {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  SpawnSetup() {
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
  }
  SpawnSetup(const SpawnSetup&) = delete;
  SpawnSetup& operator=(const SpawnSetup&) = delete;
  ~SpawnSetup() {
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
  }
};

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

/// Starts the program with standard input and output on our pipes, its errors in `log`, and nothing else of ours.
Result<int> spawn(std::vector<std::string> words, std::vector<std::string> environment, const std::string& folder,
                  int input, int output) {
  SpawnSetup setup;
  posix_spawn_file_actions_addchdir_np(&setup.actions, folder.c_str());
  posix_spawn_file_actions_adddup2(&setup.actions, input, 0);
  posix_spawn_file_actions_adddup2(&setup.actions, output, 1);
  posix_spawn_file_actions_addopen(&setup.actions, 2, "console.log", O_WRONLY | O_CREAT | O_TRUNC, 0600);
  // The state's lock and whatever a library opened must not live as long as the host.
  posix_spawn_file_actions_addclosefrom_np(&setup.actions, 3);
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&setup.attributes, &none);
  posix_spawnattr_setsigdefault(&setup.attributes, &all);
  posix_spawnattr_setflags(&setup.attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  int pid = 0;
  const int code = posix_spawnp(&pid, words[0].c_str(), &setup.actions, &setup.attributes, pointers_to(words).data(),
                                pointers_to(environment).data());
  if (code != 0) return cannot("start a host's keeper", code);
  return pid;
}

/// One line, without its end. Empty at the end of the stream or of the time.
std::string read_line(const FileDescriptor& from, Deadline deadline) {
  std::string line;
  while (true) {
    pollfd watched{from.number(), POLLIN, 0};
    const int ready = ::poll(&watched, 1, static_cast<int>(deadline.left().count()));
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) return {};
    char byte = 0;
    const ssize_t count = ::read(from.number(), &byte, 1);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return {};
    if (byte == '\n') return line;
    line += byte;
  }
}

}  // namespace

std::string tail_of(const std::string& path, size_t bytes) {
  Result<std::string> text = read_file(path);
  if (!text) return {};
  if (text->size() > bytes) text->erase(0, text->size() - bytes);
  return redact(trim(*text));
}

Result<Keeper> Keeper::start(const KeeperOrder& order, Deadline deadline) {
  if (Result<void> written = write_file_atomically(order.folder + "/keeper.sh", script, 0700); !written)
    return std::move(written).error();
  Result<Pipe> leave = make_pipe(), answer = make_pipe();
  if (!leave) return std::move(leave).error();
  if (!answer) return std::move(answer).error();
  // setsid --fork: the keeper belongs to init, not to us or to a terminal.
  std::vector<std::string> words = {"setsid", "--fork", "--"};
  words.insert(words.end(), order.launch_prefix.begin(), order.launch_prefix.end());
  for (const char* word : {"unshare", "--net", "--mount", "--propagation", "slave", "--", "/bin/sh", "keeper.sh"})
    words.emplace_back(word);
  words.insert(words.end(), order.nspawn.begin(), order.nspawn.end());
  // A small environment of its own: ours may hold credentials, and the host lives on.
  const std::vector<std::string> environment = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                                                "LANG=C.UTF-8", "SYSTEMD_NSPAWN_API_VFS_WRITABLE=network",
                                                "SLIPWAY_LAYOUT=" + order.layout,
                                                "SLIPWAY_GROUPS=" + join(order.cgroup_folders, " ")};
  Result<int> starter = spawn(words, environment, order.folder, leave->read_end.number(), answer->write_end.number());
  if (!starter) return std::move(starter).error();
  leave->read_end.close();
  answer->write_end.close();
  while (::waitpid(*starter, nullptr, 0) < 0 && errno == EINTR) {
  }
  const std::string line = read_line(answer->read_end, deadline);
  const int pid = line.starts_with("ready ") ? std::atoi(line.c_str() + 6) : 0;
  if (pid > 0) return Keeper(pid, std::move(leave->write_end));
  Error error = fail(deadline.passed() ? ErrorKind::timeout : ErrorKind::unavailable, "a host's keeper did not start",
                     {.found = line.empty() ? "no answer" : line, .where = order.folder + "/console.log"});
  error.output = tail_of(order.folder + "/console.log", 2000);
  return error;
}

Result<void> Keeper::boot() {
  // A keeper that died meanwhile must be an error, not a signal that ends us.
  sigset_t pipe_signal, before;
  sigemptyset(&pipe_signal);
  sigaddset(&pipe_signal, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
  const bool sent = ::write(leave_.number(), "boot\n", 5) == 5;
  const int code = errno;
  if (!sent && code == EPIPE) {
    const timespec now{};
    ::sigtimedwait(&pipe_signal, nullptr, &now);
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  leave_.close();
  if (!sent) return cannot("let a host boot", code);
  return {};
}

}  // namespace slipway::local
