#pragma once
// The few file operations the state is built on, so that a test can stand between the store and the disk and lose what
// was not synced.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace slipway {

/// A file that grows at its end. One thread at a time; the destructor closes it.
/// Errors: quota (disk full), unavailable. After a failed append the end may hold a part of the data.
class AppendFile {
 public:
  virtual ~AppendFile() = default;
  virtual Result<void> append(std::string_view data) = 0;
  /// Returns when all appended bytes are on disk. After a failure nobody knows which are.
  virtual Result<void> sync() = 0;
  /// Cuts the file to its first `size` bytes; the next append goes there.
  virtual Result<void> truncate(uint64_t size) = 0;
};

enum class OpenAs {
  continued,  ///< Keeps what the file holds.
  emptied,    ///< Starts with nothing.
};

/// Threads: any, on different files. Errors: not_found, unauthorised, quota, unavailable, each with the path.
class FileLayer {
 public:
  virtual ~FileLayer() = default;
  virtual Result<std::string> read(const std::string& path) = 0;
  /// Opens for appending; makes the file (0600) where it is absent. Its name is durable after sync_directory.
  virtual Result<std::unique_ptr<AppendFile>> open(const std::string& path, OpenAs mode) = 0;
  /// Replaces `to` at one instant. Durable after sync_directory of both folders.
  virtual Result<void> rename(const std::string& from, const std::string& to) = 0;
  /// Removes a file or an empty folder.
  virtual Result<void> remove(const std::string& path) = 0;
  virtual Result<void> sync_directory(const std::string& path) = 0;
  /// Makes the folder and its parents (0700), durable at return. An existing one is fine.
  virtual Result<void> make_directories(const std::string& path) = 0;
};

/// The real files of this machine.
std::shared_ptr<FileLayer> real_files();

/// The folder that holds `path`: "." for a bare name.
std::string folder_of(const std::string& path);

/// Replaces `path` as a whole, durable at return: temp file ("PATH.tmp"), fsync, rename, fsync of the folder.
Result<void> write_durably(FileLayer& files, const std::string& path, std::string_view content);
/// As remove(); an absent file is fine.
Result<void> remove_if_present(FileLayer& files, const std::string& path);

}  // namespace slipway
