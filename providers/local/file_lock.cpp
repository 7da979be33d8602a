#include "providers/local/file_lock.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

namespace slipway::local {
namespace {

bool still_at(const FileDescriptor& file, const std::string& path) {
  struct stat held {
  }, named{};
  return ::fstat(file.number(), &held) == 0 && ::stat(path.c_str(), &named) == 0 && held.st_ino == named.st_ino &&
         held.st_dev == named.st_dev;
}

}  // namespace

Result<FileLock> FileLock::take(const std::string& path, Deadline deadline) {
  while (true) {
    FileDescriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!file.open())
      return fail(ErrorKind::unavailable, "cannot make a lock file", {.found = std::strerror(errno), .where = path});
    while (::flock(file.number(), LOCK_EX | LOCK_NB) != 0) {
      if (deadline.passed())
        return fail(
            ErrorKind::timeout, "another Slipway holds a lock for too long",
            {.expected = "the lock to become free", .advice = "wait for the other run, then try again", .where = path});
      std::this_thread::sleep_for(Milliseconds(20));
    }
    // The last holder may have removed the file; a lock on a nameless file keeps nobody out.
    if (still_at(file, path)) return FileLock(std::move(file), path);
  }
}

void FileLock::remove_file() { ::unlink(path_.c_str()); }

}  // namespace slipway::local
