#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "artifacts/file_lock.h"
#include "base/json.h"
#include "base/result.h"

namespace slipway {

/// What the cache remembers of one artifact made by one recipe.
struct CacheRecord {
  std::string name, version, recipe, sha256;
  uint64_t size = 0;
  std::string source;                    ///< As ArtifactFile::source.
  std::string detail;                    ///< "go1.26.8", the URL, the package and its version.
  std::string made_at;                   ///< "2026-11-21T09:30:00Z"
  double seconds = 0;                    ///< How long it took.
  std::vector<std::string> passed_over;  ///< Sources tried before, each with its answer.
};
Value to_value(const CacheRecord& record);
/// Errors: corrupt.
Result<CacheRecord> cache_record_from(const Value& value);

/// A folder for unfinished work that goes away with this object, or with the next Cache where the process died.
class WorkFolder {
 public:
  WorkFolder(std::string path, FileLock alive) : path_(std::move(path)), alive_(std::move(alive)) {}
  WorkFolder(WorkFolder&& other) noexcept;
  WorkFolder& operator=(WorkFolder&&) = delete;
  ~WorkFolder();
  const std::string& path() const { return path_; }
  std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
  FileLock alive_;
};

/// Files by content, found by artifact and recipe:
///   blobs/sha256/HEX                 the content
///   index/KIND/NAME/RECIPE.json      which content an artifact is (CacheRecord)
///   verified/HEX                     when the content was last compared with its checksum, and the file's identity
///   then downloads/HEX.part               what came of a file so far locks/ work/                     who works on
///   what; unfinished work
/// A file gets its final name only when it is whole and on disk, so a crash leaves nothing half.
/// Threads: any; processes: any number.
class Cache {
 public:
  /// Makes the folders and sweeps up after processes that died. Errors: those of the file system.
  static Result<std::unique_ptr<Cache>> open(const std::string& directory);

  const std::string& directory() const { return directory_; }
  std::string blob_path(const std::string& sha256) const { return directory_ + "/blobs/sha256/" + sha256; }
  std::string part_path(const std::string& sha256) const { return directory_ + "/downloads/" + sha256 + ".part"; }

  /// The record, if its content is there, of the recorded size, and unchanged. The checksum is computed again where the
  /// file was touched or seven days have passed since; content that fails is not found.
  std::optional<CacheRecord> find(const std::string& name, const std::string& recipe);
  /// As find, for content without a record.
  bool holds(const std::string& sha256, std::optional<uint64_t> size = std::nullopt);

  /// Errors: not_found.
  Result<uint64_t> size_of(const std::string& sha256) const;

  /// Takes a finished file (same file system, e.g. in a WorkFolder) as content; it moves away from `path`.
  /// `known_sha256` saves reading it again. Answers checksum and size. Errors: those of the file system.
  struct Content {
    std::string sha256;
    uint64_t size = 0;
  };
  Result<Content> take_in(const std::string& path, int mode, const std::string& known_sha256 = {});
  /// REQUIRES: the content is in.
  Result<void> remember(const CacheRecord& record);

  Result<FileLock> lock(const std::string& name, Deadline deadline, const std::function<void()>& on_wait = {});
  Result<WorkFolder> work_folder();

 private:
  explicit Cache(std::string directory) : directory_(std::move(directory)) {}
  std::string record_path(const std::string& name, const std::string& recipe) const;
  void sweep() const;

  std::string directory_;
};

}  // namespace slipway
