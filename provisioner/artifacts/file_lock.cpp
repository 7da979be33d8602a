#include "artifacts/file_lock.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/file.h>
#include <thread>

namespace slipway {

Result<FileLock> FileLock::take(const std::string& path, Deadline deadline, const std::function<void()>& on_wait) {
  FileDescriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (!file.open())
    return fail(errno == EACCES ? ErrorKind::unauthorised : ErrorKind::unavailable, "cannot open lock file",
                {.found = std::strerror(errno), .where = path});
  bool waited = false;
  while (::flock(file.number(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR)
      return fail(ErrorKind::unavailable, "cannot lock", {.found = std::strerror(errno), .where = path});
    if (deadline.passed())
      return fail(ErrorKind::timeout, "another run is still at it",
                  {.found = "the lock is held", .expected = "it to be free in time", .where = path});
    if (!waited && on_wait) on_wait();
    waited = true;
    std::this_thread::sleep_for(std::min<Milliseconds>(deadline.left(), Milliseconds(50)));
  }
  return FileLock(std::move(file));
}

}  // namespace slipway
