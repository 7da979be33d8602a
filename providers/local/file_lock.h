#pragma once
#include <string>

#include "base/file.h"
#include "base/time.h"

namespace slipway::local {

/// An exclusive lock between processes, held while the object lives. The kernel frees it when its owner dies.
class FileLock {
 public:
  /// Waits for the lock. Errors: timeout; unavailable (the file cannot be made).
  static Result<FileLock> take(const std::string& path, Deadline deadline);
  /// Removes the file while the lock is held, so that nothing is left behind; waiters start over.
  void remove_file();
  /// For Command::keep_open: a command that outlives this process keeps the lock until it ends.
  int descriptor() const { return file_.number(); }

 private:
  FileLock(FileDescriptor file, std::string path) : file_(std::move(file)), path_(std::move(path)) {}
  FileDescriptor file_;
  std::string path_;
};

}  // namespace slipway::local
