#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace slipway {

/// Owns a file descriptor; closes it on destruction. Every descriptor we open is O_CLOEXEC.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int number) : number_(number) {}
  FileDescriptor(FileDescriptor&& other) noexcept;
  FileDescriptor& operator=(FileDescriptor&& other) noexcept;
  ~FileDescriptor();
  int number() const { return number_; }
  bool open() const { return number_ >= 0; }
  void close();

 private:
  int number_ = -1;
};

/// Errors: not_found, unauthorised, unavailable.
Result<std::string> read_file(const std::string& path);
/// Replaces `path` as a whole by temp file, fsync, rename and fsync of the folder: a reader sees the old bytes or the
/// new.
Result<void> write_file_atomically(const std::string& path, std::string_view content, int mode = 0644);
/// Makes the folder and its parents. An existing one is fine; `mode` is for those it makes.
Result<void> make_directories(const std::string& path, int mode = 0755);
/// The user's home, cache (`~/.cache/slipway`, SLIPWAY_CACHE) and configuration (`~/.config/slipway`) folders.
std::string home_directory();
std::string cache_directory();
std::string config_directory();

}  // namespace slipway
