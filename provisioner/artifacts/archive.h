#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/file.h"
#include "base/result.h"

namespace slipway {

/// One entry of an archive while it is read.
struct ArchiveEntry {
  enum class Kind { file, directory, link, hard_link, other };
  std::string path;  ///< Without leading "/" and "./" and without trailing "/".
  Kind kind = Kind::other;
  int mode = 0;
  uint64_t size = 0;
  std::string target;  ///< Of links; of a hard link written like `path`.
};

/// Hands the entry's content piece by piece; may be called once, or never.
using ReadEntry = std::function<Result<void>(const std::function<Result<void>(std::string_view piece)>&)>;
enum class Walk { on, stop };

/// Reads a tar (plain or compressed) or zip archive from start to end. `visit` may stop it.
/// Errors: not_found, corrupt, and those of `visit`.
Result<void> read_archive(const std::string& path,
                          const std::function<Result<Walk>(const ArchiveEntry&, const ReadEntry&)>& visit);

/// Writes one member to a new file. Errors: not_found (no such member; found lists some), corrupt, quota.
Result<void> extract_member(const std::string& archive, const std::string& member, const std::string& destination);

/// Unpacks files, folders and links below `prefix` into `folder`. An entry that would land outside is corrupt.
Result<void> extract_tree(const std::string& archive, const std::string& prefix, const std::string& folder);

/// A writer of a new file, for pieces. Errors: quota, unavailable.
class NewFile {
 public:
  static Result<NewFile> create(const std::string& path, int mode = 0644);
  Result<void> write(std::string_view piece);
  uint64_t size() const { return size_; }

 private:
  NewFile(FileDescriptor file, std::string path) : file_(std::move(file)), path_(std::move(path)) {}
  FileDescriptor file_;
  std::string path_;
  uint64_t size_ = 0;
};

}  // namespace slipway
