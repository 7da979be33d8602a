#include "artifacts/cache.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>

#include "artifacts/folder.h"
#include "base/digest.h"
#include "base/ids.h"
#include "base/text.h"

namespace slipway {
namespace {

namespace fs = std::filesystem;

constexpr auto trust_for = std::chrono::hours(24 * 7);

/// Changes whenever somebody writes to the file or puts another in its place; the last is not under a writer's control.
std::string identity_of(const struct stat& status) {
  return std::to_string(status.st_ino) + ":" + std::to_string(status.st_size) + ":" +
         std::to_string(status.st_mtim.tv_sec) + "." + std::to_string(status.st_mtim.tv_nsec) + ":" +
         std::to_string(status.st_ctim.tv_sec) + "." + std::to_string(status.st_ctim.tv_nsec);
}

bool younger_than(const std::string& path, std::chrono::hours age) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return false;
  const auto written = std::chrono::system_clock::from_time_t(status.st_mtim.tv_sec);
  const auto now = std::chrono::system_clock::now();
  return written <= now + std::chrono::minutes(5) && now - written < age;
}

Error system_failure(const std::string& doing, const std::string& path) {
  const int code = errno;
  const bool full = code == ENOSPC || code == EDQUOT;
  return fail(full ? ErrorKind::quota : ErrorKind::unavailable, "cannot " + doing,
              {.found = std::strerror(code),
               .advice = full ? "free disk space, or set SLIPWAY_CACHE to a folder on a larger disk" : "",
               .where = path});
}

bool is_digest(const std::string& text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

/// "KIND/NAME": it becomes part of a path, and may come out of somebody's bundle.
bool is_artifact_name(const std::string& text) {
  const std::vector<std::string> parts = split(text, '/');
  return parts.size() == 2 && std::all_of(parts.begin(), parts.end(), [](const std::string& part) {
           return !part.empty() && part[0] != '.' && part.find_first_of("\\:\n") == std::string::npos;
         });
}

void sync_folder(const std::string& path) {
  const FileDescriptor folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.open()) ::fsync(folder.number());
}

}  // namespace

Value to_value(const CacheRecord& record) {
  return {{"format", 1},
          {"name", record.name},
          {"version", record.version},
          {"recipe", record.recipe},
          {"sha256", record.sha256},
          {"size", record.size},
          {"source", record.source},
          {"detail", record.detail},
          {"made_at", record.made_at},
          {"seconds", record.seconds},
          {"passed_over", record.passed_over}};
}

Result<CacheRecord> cache_record_from(const Value& value) {
  CacheRecord record{.name = text_at(value, "name"),
                     .version = text_at(value, "version"),
                     .recipe = text_at(value, "recipe"),
                     .sha256 = text_at(value, "sha256"),
                     .source = text_at(value, "source"),
                     .detail = text_at(value, "detail"),
                     .made_at = text_at(value, "made_at"),
                     .passed_over = {}};
  if (!value.is_object() || !is_artifact_name(record.name) || !is_digest(record.sha256) || !is_digest(record.recipe) ||
      !value.contains("size") || !value["size"].is_number_unsigned())
    return fail(ErrorKind::corrupt, "not an artifact record", {.expected = "name, recipe, sha256 and size"});
  record.size = value["size"].get<uint64_t>();
  if (const auto it = value.find("seconds"); it != value.end() && it->is_number()) record.seconds = it->get<double>();
  if (const auto it = value.find("passed_over"); it != value.end() && it->is_array())
    for (const Value& text : *it)
      if (text.is_string()) record.passed_over.push_back(text.get<std::string>());
  return record;
}

WorkFolder::WorkFolder(WorkFolder&& other) noexcept
    : path_(std::exchange(other.path_, {})), alive_(std::move(other.alive_)) {}

WorkFolder::~WorkFolder() {
  if (path_.empty()) return;
  std::error_code ignored;
  fs::remove_all(path_, ignored);
  fs::remove(path_ + ".lock", ignored);
}

Result<std::unique_ptr<Cache>> Cache::open(const std::string& directory) {
  for (const char* folder : {"/blobs/sha256", "/index", "/verified", "/downloads", "/locks", "/work"})
    if (Result<void> made = make_directories(directory + folder); !made)
      return std::move(made).error().while_doing("preparing the artifact cache");
  std::unique_ptr<Cache> cache(new Cache(directory));
  cache->sweep();
  return cache;
}

void Cache::sweep() const {
  std::error_code ignored;
  for (const std::string& entry : entries_in(directory_ + "/work")) {
    if (!entry.ends_with(".lock")) continue;
    const Result<FileLock> lock = FileLock::take(entry, Deadline::in(Milliseconds(0)));
    if (!lock) continue;
    fs::remove_all(entry.substr(0, entry.size() - 5), ignored);
    fs::remove(entry, ignored);
  }
}

std::string Cache::record_path(const std::string& name, const std::string& recipe) const {
  return directory_ + "/index/" + name + "/" + recipe + ".json";
}

bool Cache::holds(const std::string& sha256, std::optional<uint64_t> size) {
  const std::string path = blob_path(sha256);
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return false;
  if (size && static_cast<uint64_t>(status.st_size) != *size) return false;
  const std::string stamp_path = directory_ + "/verified/" + sha256;
  if (const Result<std::string> stamp = read_file(stamp_path);
      stamp && *stamp == identity_of(status) && younger_than(stamp_path, trust_for))
    return true;
  if (const Result<std::string> found = sha256_file(path); !found || *found != sha256) return false;
  // Where the stamp cannot be written, the next look computes the checksum again.
  static_cast<void>(write_file_atomically(stamp_path, identity_of(status)).ok());
  return true;
}

Result<uint64_t> Cache::size_of(const std::string& sha256) const {
  struct stat status {};
  if (::stat(blob_path(sha256).c_str(), &status) != 0) return system_failure("read artifact", blob_path(sha256));
  return static_cast<uint64_t>(status.st_size);
}

std::optional<CacheRecord> Cache::find(const std::string& name, const std::string& recipe) {
  const Result<std::string> text = read_file(record_path(name, recipe));
  if (!text) return std::nullopt;
  Result<CacheRecord> record = cache_record_from(Value::parse(*text, nullptr, false));
  if (!record || !holds(record->sha256, record->size)) return std::nullopt;
  return std::move(*record);
}

Result<Cache::Content> Cache::take_in(const std::string& path, int mode, const std::string& known_sha256) {
  Content content{.sha256 = known_sha256};
  if (content.sha256.empty()) {
    Result<std::string> computed = sha256_file(path);
    if (!computed) return std::move(computed).error();
    content.sha256 = *computed;
  }
  const std::string blob = blob_path(content.sha256);
  {
    const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat status {};
    if (!file.open() || ::fchmod(file.number(), static_cast<mode_t>(mode)) != 0 || ::fsync(file.number()) != 0 ||
        ::fstat(file.number(), &status) != 0)
      return system_failure("keep artifact", path);
    content.size = static_cast<uint64_t>(status.st_size);
  }
  if (::rename(path.c_str(), blob.c_str()) != 0) return system_failure("keep artifact", blob);
  sync_folder(directory_ + "/blobs/sha256");
  struct stat status {};
  if (::stat(blob.c_str(), &status) == 0)
    static_cast<void>(write_file_atomically(directory_ + "/verified/" + content.sha256, identity_of(status)).ok());
  return content;
}

Result<void> Cache::remember(const CacheRecord& record) {
  const std::string path = record_path(record.name, record.recipe);
  if (Result<void> made = make_directories(path.substr(0, path.rfind('/'))); !made) return made;
  return write_file_atomically(path, to_value(record).dump(2, ' ', false, Value::error_handler_t::replace) + "\n");
}

Result<FileLock> Cache::lock(const std::string& name, Deadline deadline, const std::function<void()>& on_wait) {
  return FileLock::take(directory_ + "/locks/" + replace_all(name, "/", "+") + ".lock", deadline, on_wait);
}

Result<WorkFolder> Cache::work_folder() {
  // The sweep of another process may take a lock file away between its making and its locking: then once more.
  for (int attempt = 0; attempt < 10; ++attempt) {
    const std::string path = directory_ + "/work/" + random_hex(8);
    Result<FileLock> alive = FileLock::take(path + ".lock", Deadline::in(Milliseconds(0)));
    if (!alive || ::access((path + ".lock").c_str(), F_OK) != 0) continue;
    if (::mkdir(path.c_str(), 0755) != 0) return system_failure("make work folder", path);
    return WorkFolder(path, std::move(*alive));
  }
  return fail(ErrorKind::internal, "cannot make a work folder", {.where = directory_ + "/work"});
}

}  // namespace slipway
