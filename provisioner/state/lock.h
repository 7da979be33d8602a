#pragma once
#include <optional>
#include <string>

#include "base/file.h"
#include "base/result.h"
#include "base/time.h"

namespace slipway {

/// Holds a state folder's STATE.lock, which also says who holds it. The kernel frees it when the holder dies, and no
/// child keeps it (O_CLOEXEC). The destructor frees it. Another machine that shares the folder sees it as far as the
/// file system carries locks (NFS does).
class StateLock {
 public:
  /// Errors: locked (host, pid, verb and since are named) after `wait`; unauthorised, unavailable, quota.
  static Result<StateLock> acquire(const std::string& directory, const std::string& verb, Milliseconds wait);
  StateLock(StateLock&&) noexcept = default;
  StateLock& operator=(StateLock&&) noexcept = default;
  ~StateLock();
  /// Removes the file too; whoever waits for it takes a new one.
  void remove();

 private:
  StateLock(FileDescriptor file, std::string path) : file_(std::move(file)), path_(std::move(path)) {}
  FileDescriptor file_;
  std::string path_;
};

}  // namespace slipway
