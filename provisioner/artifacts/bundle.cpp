#include "artifacts/bundle.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <map>
#include <sys/stat.h>
#include <unistd.h>

#include "artifacts/archive.h"
#include "artifacts/machine.h"
#include "artifacts/tar_writer.h"
#include "base/digest.h"

namespace slipway {
namespace {

constexpr const char* index_name = "slipway-bundle.json";

std::string index_text(const std::vector<CacheRecord>& records, const std::string& architecture) {
  Value artifacts = Value::array();
  for (const CacheRecord& record : records) artifacts.push_back(to_value(record));
  return Value{{"format", 1}, {"architecture", architecture}, {"artifacts", artifacts}}.dump(
             2, ' ', false, Value::error_handler_t::replace) +
         "\n";
}

Result<std::vector<CacheRecord>> parse_index(const std::string& text, const std::string& where) {
  const Value index = Value::parse(text, nullptr, false);
  if (!index.is_object() || !index.contains("artifacts") || !index["artifacts"].is_array() || !index.contains("format"))
    return fail(ErrorKind::corrupt, "not a bundle", {.expected = index_name, .where = where});
  if (index["format"] != 1)
    return fail(ErrorKind::corrupt, "bundle of a newer Slipway",
                {.found = "format " + index["format"].dump(), .expected = "format 1", .where = where});
  std::vector<CacheRecord> records;
  for (const Value& value : index["artifacts"]) {
    Result<CacheRecord> record = cache_record_from(value);
    if (!record) return std::move(record).error().while_doing("reading " + where);
    records.push_back(std::move(*record));
  }
  return records;
}

std::string blob_name(const std::string& sha256) { return "blobs/sha256/" + sha256; }

bool is_folder(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

/// Compares while it writes, so that the content is read once.
class CheckedCopy {
 public:
  static Result<CheckedCopy> start(const std::string& path) {
    Result<NewFile> file = NewFile::create(path);
    if (!file) return std::move(file).error();
    return CheckedCopy(std::move(*file));
  }
  Result<void> write(std::string_view piece) {
    digest_.update(piece);
    return file_.write(piece);
  }
  Result<void> expect(const std::string& sha256, const std::string& where) {
    const std::string found = digest_.finish();
    if (found == sha256) return {};
    return fail(ErrorKind::verification, "bundle content is not what its index says",
                {.found = "sha256 " + found,
                 .expected = "sha256 " + sha256,
                 .advice = "make the bundle again, or copy it again",
                 .where = where});
  }

 private:
  explicit CheckedCopy(NewFile file) : file_(std::move(file)) {}
  NewFile file_;
  Sha256 digest_;
};

Result<void> copy_file(const std::string& from, const std::function<Result<void>(std::string_view)>& take) {
  const FileDescriptor file(::open(from.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.open()) return fail(ErrorKind::not_found, "bundle lacks a file", {.where = from});
  std::string block(1 << 20, '\0');
  while (true) {
    const ssize_t count = ::read(file.number(), block.data(), block.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0)
      return fail(ErrorKind::unavailable, "cannot read bundle", {.found = std::strerror(errno), .where = from});
    if (count == 0) return {};
    if (Result<void> taken = take(std::string_view(block.data(), static_cast<size_t>(count))); !taken) return taken;
  }
}

int mode_of(const CacheRecord& record) { return record.name.starts_with("binary/") ? 0755 : 0644; }

Result<void> import_blob(Cache& cache, const CacheRecord& record, const std::string& from) {
  if (cache.holds(record.sha256, record.size)) return {};
  if (Result<void> space = require_space(cache.directory(), record.size, record.name); !space) return space;
  Result<WorkFolder> work = cache.work_folder();
  if (!work) return std::move(work).error();
  Result<CheckedCopy> copy = CheckedCopy::start(work->file("blob"));
  if (!copy) return std::move(copy).error();
  if (Result<void> copied = copy_file(from, [&](std::string_view piece) { return copy->write(piece); }); !copied)
    return copied;
  if (Result<void> right = copy->expect(record.sha256, from); !right) return right;
  const Result<Cache::Content> taken = cache.take_in(work->file("blob"), mode_of(record), record.sha256);
  if (!taken) return taken.error();
  return {};
}

Result<std::vector<CacheRecord>> import_tar(Cache& cache, const std::string& path, const ArtifactProgress& progress) {
  Result<WorkFolder> work = cache.work_folder();
  if (!work) return std::move(work).error();
  std::vector<CacheRecord> records;
  std::map<std::string, const CacheRecord*> wanted;
  // The index comes first in the file: see write_bundle.
  const Result<void> read =
      read_archive(path, [&](const ArchiveEntry& entry, const ReadEntry& content) -> Result<Walk> {
        if (entry.path == index_name) {
          std::string text;
          Result<void> got = content([&](std::string_view piece) -> Result<void> {
            text += piece;
            return {};
          });
          if (!got) return std::move(got).error();
          Result<std::vector<CacheRecord>> parsed = parse_index(text, path);
          if (!parsed) return std::move(parsed).error();
          records = std::move(*parsed);
          for (const CacheRecord& record : records) wanted[blob_name(record.sha256)] = &record;
          return Walk::on;
        }
        const auto it = wanted.find(entry.path);
        if (entry.kind != ArchiveEntry::Kind::file || it == wanted.end()) return Walk::on;
        const CacheRecord& record = *it->second;
        if (cache.holds(record.sha256, record.size)) return Walk::on;
        if (Result<void> space = require_space(cache.directory(), record.size, record.name); !space)
          return std::move(space).error();
        const std::string file = work->file(record.sha256);
        Result<CheckedCopy> copy = CheckedCopy::start(file);
        if (!copy) return std::move(copy).error();
        uint64_t done = 0;
        Result<void> copied = content([&](std::string_view piece) {
          done += piece.size();
          if (progress) progress("unpacking " + record.name, done, record.size);
          return copy->write(piece);
        });
        if (!copied) return std::move(copied).error();
        if (Result<void> right = copy->expect(record.sha256, path + ":" + entry.path); !right)
          return std::move(right).error();
        if (const Result<Cache::Content> taken = cache.take_in(file, mode_of(record), record.sha256); !taken)
          return taken.error();
        return Walk::on;
      });
  if (!read) return read.error();
  if (records.empty()) return fail(ErrorKind::corrupt, "not a bundle", {.expected = index_name, .where = path});
  for (const CacheRecord& record : records)
    if (!cache.holds(record.sha256, record.size))
      return fail(ErrorKind::corrupt, "bundle is not whole",
                  {.found = "no content of " + record.name, .advice = "copy the bundle again", .where = path});
  return records;
}

Result<std::vector<CacheRecord>> read_index(const std::string& folder) {
  const Result<std::string> text = read_file(folder + "/" + index_name);
  if (!text) return Error(text.error()).while_doing("reading the bundle");
  return parse_index(*text, folder);
}

}  // namespace

Result<void> write_bundle(Cache& cache, const std::vector<CacheRecord>& records, const std::string& architecture,
                          const std::string& destination, const ArtifactProgress& progress) {
  std::map<std::string, const CacheRecord*> blobs;
  uint64_t total = 0;
  for (const CacheRecord& record : records)
    if (blobs.emplace(record.sha256, &record).second) total += record.size;
  uint64_t done = 0;
  const auto tell = [&](const CacheRecord& record) {
    done += record.size;
    if (progress) progress("bundling " + record.name, done, total);
  };
  if (!destination.ends_with(".tar")) {
    if (Result<void> made = make_directories(destination + "/blobs/sha256"); !made) return made;
    if (Result<void> space = require_space(destination, total, "the bundle"); !space) return space;
    for (const auto& [sha256, record] : blobs) {
      const std::string to = destination + "/" + blob_name(sha256), unfinished = to + ".tmp";
      ::unlink(unfinished.c_str());
      Result<CheckedCopy> copy = CheckedCopy::start(unfinished);
      if (!copy) return std::move(copy).error();
      if (Result<void> copied =
              copy_file(cache.blob_path(sha256), [&](std::string_view piece) { return copy->write(piece); });
          !copied)
        return copied;
      if (Result<void> right = copy->expect(sha256, cache.blob_path(sha256)); !right) return right;
      if (::rename(unfinished.c_str(), to.c_str()) != 0)
        return fail(ErrorKind::unavailable, "cannot write bundle", {.found = std::strerror(errno), .where = to});
      tell(*record);
    }
    return write_file_atomically(destination + "/" + index_name, index_text(records, architecture));
  }
  const std::string unfinished = destination + ".tmp";
  ::unlink(unfinished.c_str());
  const size_t slash = destination.rfind('/');
  if (Result<void> space =
          require_space(slash == std::string::npos ? "." : destination.substr(0, slash + 1), total, "the bundle");
      !space)
    return space;
  {
    Result<NewFile> file = NewFile::create(unfinished);
    if (!file) return std::move(file).error();
    TarWriter tar([&](std::string_view bytes) { return file->write(bytes); });
    // First, so that whoever unpacks knows what comes.
    if (Result<void> added = tar.add_text(index_name, 0644, index_text(records, architecture)); !added) return added;
    for (const auto& [sha256, record] : blobs) {
      if (Result<void> added = tar.add_file(blob_name(sha256), mode_of(*record), cache.blob_path(sha256)); !added)
        return added;
      tell(*record);
    }
    if (Result<void> finished = tar.finish(); !finished) return finished;
  }
  if (::rename(unfinished.c_str(), destination.c_str()) != 0)
    return fail(ErrorKind::unavailable, "cannot write bundle", {.found = std::strerror(errno), .where = destination});
  return {};
}

Result<std::vector<CacheRecord>> import_bundle(Cache& cache, const std::string& path,
                                               const ArtifactProgress& progress) {
  Result<std::vector<CacheRecord>> records = is_folder(path) ? read_index(path) : import_tar(cache, path, progress);
  if (!records) return std::move(records).error().while_doing("using bundle " + path);
  for (const CacheRecord& record : *records) {
    if (is_folder(path)) {
      if (progress) progress("taking in " + record.name, 0, record.size);
      if (Result<void> taken = import_blob(cache, record, path + "/" + blob_name(record.sha256)); !taken)
        return std::move(taken).error().while_doing("using bundle " + path);
    }
    if (Result<void> kept = cache.remember(record); !kept) return std::move(kept).error();
  }
  return records;
}

Result<CacheRecord> take_from_bundle(Cache& cache, const std::string& folder, const std::string& name,
                                     const std::string& recipe, const ArtifactProgress& progress) {
  const Result<std::vector<CacheRecord>> records = read_index(folder);
  if (!records) return records.error();
  bool another_recipe = false;
  for (const CacheRecord& record : *records) {
    if (record.name != name) continue;
    if (record.recipe != recipe) {
      another_recipe = true;
      continue;
    }
    if (progress) progress("taking " + name + " out of the bundle", 0, record.size);
    if (Result<void> taken = import_blob(cache, record, folder + "/" + blob_name(record.sha256)); !taken)
      return std::move(taken).error();
    return record;
  }
  return fail(ErrorKind::not_found, another_recipe ? "bundle holds it by other pins" : "not in the bundle",
              {.found = another_recipe ? "made from another versions.yaml" : "", .where = folder});
}

}  // namespace slipway
