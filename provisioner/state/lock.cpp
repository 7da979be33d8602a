#include "state/lock.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

#include "state/json_reader.h"
#include "state/json_writer.h"
#include "state/store.h"

namespace slipway {
namespace {

struct flock whole_file(short type) {
  struct flock range {};
  range.l_type = type;
  range.l_whence = SEEK_SET;
  return range;
}

/// The lock belongs to the open file, not to the process, so two stores of one process exclude each other as well.
bool try_lock(int file) {
  struct flock range = whole_file(F_WRLCK);
  return ::fcntl(file, F_OFD_SETLK, &range) == 0;
}

bool held_by_another(int file) {
  struct flock range = whole_file(F_WRLCK);
  return ::fcntl(file, F_OFD_GETLK, &range) == 0 && range.l_type != F_UNLCK;
}

/// False where the file was removed (an erased state) while we waited for its lock.
bool still_at(int file, const std::string& path) {
  struct stat ours {
  }, there{};
  return ::fstat(file, &ours) == 0 && ::stat(path.c_str(), &there) == 0 && ours.st_dev == there.st_dev &&
         ours.st_ino == there.st_ino;
}

std::string host_name() {
  char name[256] = {};
  return ::gethostname(name, sizeof name - 1) == 0 ? name : "unknown";
}

std::optional<LockHolder> read_holder(int file) {
  char text[2048];
  const ssize_t size = ::pread(file, text, sizeof text, 0);
  if (size <= 0) return std::nullopt;
  LockHolder holder;
  JsonReader reader(std::string_view(text, static_cast<size_t>(size)));
  reader.object([&](std::string_view key) {
    if (key == "host")
      holder.host = reader.text();
    else if (key == "pid")
      holder.pid = static_cast<int>(reader.natural());
    else if (key == "verb")
      holder.verb = reader.text();
    else if (key == "since")
      holder.since = reader.text();
    else
      reader.value();
  });
  reader.end();
  return reader.fault() ? std::nullopt : std::optional(holder);
}

void write_holder(int file, const std::string& verb) {
  std::string text;
  {
    ObjectWriter object(text);
    object.field("host", host_name());
    object.field("pid", static_cast<uint64_t>(::getpid()));
    object.field("verb", verb);
    object.field("since", format_time(std::chrono::system_clock::now()));
  }
  text += '\n';
  // The lock is the kernel's; the text only tells people, so a full disk does not refuse it.
  if (::ftruncate(file, 0) == 0) (void)!::pwrite(file, text.data(), text.size(), 0);
}

/// A holder writes its name right after it took the lock; until then an older name, or none, stands there.
std::optional<LockHolder> settled_holder(int file) {
  std::optional<LockHolder> holder;
  for (int look = 0; look < 10 && held_by_another(file); ++look) {
    holder = read_holder(file);
    const bool dead =
        holder && holder->host == host_name() && ::access(("/proc/" + std::to_string(holder->pid)).c_str(), F_OK) != 0;
    if (holder && !dead) return holder;
    std::this_thread::sleep_for(Milliseconds(10));
  }
  return holder;
}

Error locked_by(int file, const std::string& path) {
  const std::optional<LockHolder> holder = settled_holder(file);
  const std::string who = holder ? "slipway " + holder->verb + ", process " + std::to_string(holder->pid) +
                                       " on host " + holder->host + ", since " + holder->since
                                 : "a process that has not said who it is";
  return fail(ErrorKind::locked, "another run is changing this cluster",
              {.found = "the lock is held by " + who,
               .expected = "no other run",
               .advice = holder ? "wait until it ends; if it hangs, end process " + std::to_string(holder->pid) +
                                      " on " + holder->host + ": the lock frees itself and nothing recorded is lost"
                                : "wait until it ends",
               .where = path});
}

}  // namespace

StateLock::~StateLock() {
  // An empty file shows that nobody holds it.
  if (file_.open()) (void)!::ftruncate(file_.number(), 0);
}

void StateLock::remove() {
  if (file_.open()) ::unlink(path_.c_str());
  file_.close();
}

Result<StateLock> StateLock::acquire(const std::string& directory, const std::string& verb, Milliseconds wait) {
  const std::string path = directory + "/STATE.lock";
  const Deadline deadline = Deadline::in(wait);
  Milliseconds pause(20);
  while (true) {
    FileDescriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!file.open()) {
      const int code = errno;
      const bool forbidden = code == EACCES || code == EPERM || code == EROFS;
      return fail(forbidden        ? ErrorKind::unauthorised
                  : code == ENOSPC ? ErrorKind::quota
                                   : ErrorKind::unavailable,
                  "cannot open the state's lock", {.found = std::strerror(code), .where = path});
    }
    if (try_lock(file.number())) {
      if (!still_at(file.number(), path)) continue;
      write_holder(file.number(), verb);
      return StateLock(std::move(file), path);
    }
    const int code = errno;
    if (code != EAGAIN && code != EACCES && code != EINTR)
      return fail(ErrorKind::unavailable, "cannot lock the state",
                  {.found = std::strerror(code),
                   .advice = "keep the state on a file system with locks, by --state-dir",
                   .where = path});
    if (deadline.passed()) return locked_by(file.number(), path);
    std::this_thread::sleep_for(std::min(pause, std::max(deadline.left(), Milliseconds(1))));
    pause = std::min(pause * 2, Milliseconds(250));
  }
}

std::optional<LockHolder> lock_holder(const std::string& directory) {
  const FileDescriptor file(::open((directory + "/STATE.lock").c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.open() || !held_by_another(file.number())) return std::nullopt;
  // The holder may be about to write its name; that it holds the lock is certain.
  const std::optional<LockHolder> holder = settled_holder(file.number());
  if (holder) return holder;
  return held_by_another(file.number()) ? std::optional(LockHolder{}) : std::nullopt;
}

}  // namespace slipway
