#pragma once
#include <functional>
#include <string>

#include "base/file.h"
#include "base/result.h"
#include "base/time.h"

namespace slipway {

/// Holds an exclusive lock on a file until destroyed; threads of one process exclude each other as processes do, and
/// the death of a holder frees it. The file itself stays.
class FileLock {
 public:
  /// Waits for the holder; `on_wait` is called once where there is one. Errors: timeout, and those of the file system.
  static Result<FileLock> take(const std::string& path, Deadline deadline, const std::function<void()>& on_wait = {});

 private:
  explicit FileLock(FileDescriptor file) : file_(std::move(file)) {}
  FileDescriptor file_;
};

}  // namespace slipway
