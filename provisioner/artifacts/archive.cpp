#include "artifacts/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <memory>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

#include "artifacts/utf8_names.h"
#include "base/file.h"
#include "base/text.h"

namespace slipway {
namespace {

std::string plain(const char* path) {
  std::string_view text(path ? path : "");
  while (text.starts_with("/") || text.starts_with("./")) text.remove_prefix(text[0] == '/' ? 1 : 2);
  while (text.ends_with("/")) text.remove_suffix(1);
  return text == "." ? std::string() : std::string(text);
}

ArchiveEntry describe_entry(archive_entry* raw) {
  ArchiveEntry entry{.path = plain(archive_entry_pathname(raw)), .target = {}};
  entry.mode = static_cast<int>(archive_entry_perm(raw));
  entry.size = static_cast<uint64_t>(std::max<la_int64_t>(0, archive_entry_size(raw)));
  if (const char* hard = archive_entry_hardlink(raw)) {
    entry.kind = ArchiveEntry::Kind::hard_link;
    entry.target = plain(hard);
    return entry;
  }
  switch (archive_entry_filetype(raw)) {
    case AE_IFREG:
      entry.kind = ArchiveEntry::Kind::file;
      break;
    case AE_IFDIR:
      entry.kind = ArchiveEntry::Kind::directory;
      break;
    case AE_IFLNK:
      entry.kind = ArchiveEntry::Kind::link;
      if (const char* target = archive_entry_symlink(raw)) entry.target = target;
      break;
    default:
      break;
  }
  return entry;
}

bool climbs_out(const std::string& path) {
  for (const std::string& part : split(path, '/'))
    if (part == "..") return true;
  return false;
}

Error write_failure(const std::string& path) {
  const int code = errno;
  const bool full = code == ENOSPC || code == EDQUOT;
  return fail(full ? ErrorKind::quota : ErrorKind::unavailable, "cannot write file",
              {.found = std::strerror(code),
               .advice = full ? "free disk space, or set SLIPWAY_CACHE to a folder on a larger disk" : "",
               .where = path});
}

}  // namespace

Result<void> read_archive(const std::string& path,
                          const std::function<Result<Walk>(const ArchiveEntry&, const ReadEntry&)>& visit) {
  if (::access(path.c_str(), R_OK) != 0)
    return fail(ErrorKind::not_found, "cannot read archive", {.found = std::strerror(errno), .where = path});
  const Utf8Names names;
  const std::unique_ptr<archive, int (*)(archive*)> in(archive_read_new(), archive_read_free);
  archive_read_support_filter_all(in.get());
  archive_read_support_format_tar(in.get());
  archive_read_support_format_zip(in.get());
  const auto corrupt = [&] {
    const char* said = archive_error_string(in.get());
    return fail(ErrorKind::corrupt, "cannot read archive", {.found = said ? said : "", .where = path});
  };
  if (archive_read_open_filename(in.get(), path.c_str(), 1 << 20) != ARCHIVE_OK) return corrupt();
  archive_entry* raw = nullptr;
  while (true) {
    const int got = archive_read_next_header(in.get(), &raw);
    if (got == ARCHIVE_EOF) return {};
    if (got != ARCHIVE_OK && got != ARCHIVE_WARN) return corrupt();
    const ReadEntry read = [&](const std::function<Result<void>(std::string_view)>& take) -> Result<void> {
      std::string block(1 << 20, '\0');
      while (true) {
        const la_ssize_t count = archive_read_data(in.get(), block.data(), block.size());
        if (count < 0) return corrupt();
        if (count == 0) return {};
        if (Result<void> taken = take(std::string_view(block.data(), static_cast<size_t>(count))); !taken) return taken;
      }
    };
    const Result<Walk> next = visit(describe_entry(raw), read);
    if (!next) return next.error();
    if (*next == Walk::stop) return {};
  }
}

Result<void> extract_member(const std::string& archive, const std::string& member, const std::string& destination) {
  std::vector<std::string> seen;
  bool found = false;
  const Result<void> walked =
      read_archive(archive, [&](const ArchiveEntry& entry, const ReadEntry& read) -> Result<Walk> {
        if (entry.kind != ArchiveEntry::Kind::file) return Walk::on;
        if (entry.path != plain(member.c_str())) {
          if (seen.size() < 8) seen.push_back(entry.path);
          return Walk::on;
        }
        Result<NewFile> file = NewFile::create(destination);
        if (!file) return std::move(file).error();
        if (Result<void> copied = read([&](std::string_view piece) { return file->write(piece); }); !copied)
          return std::move(copied).error();
        found = true;
        return Walk::stop;
      });
  if (!walked || found) return walked;
  return fail(ErrorKind::not_found, "archive lacks the file",
              {.found = join(seen, ", "), .expected = member, .where = archive});
}

Result<void> extract_tree(const std::string& archive, const std::string& prefix, const std::string& folder) {
  return read_archive(archive, [&](const ArchiveEntry& entry, const ReadEntry& read) -> Result<Walk> {
    if (!entry.path.starts_with(prefix)) return Walk::on;
    const std::string inner = plain(entry.path.substr(prefix.size()).c_str());
    if (climbs_out(inner) || (entry.kind == ArchiveEntry::Kind::link && !entry.target.empty() &&
                              (entry.target[0] == '/' || climbs_out(entry.target))))
      return fail(ErrorKind::corrupt, "archive entry leads outside", {.found = entry.path, .where = archive});
    const std::string path = folder + "/" + inner;
    if (entry.kind == ArchiveEntry::Kind::directory) {
      if (Result<void> made = make_directories(path); !made) return std::move(made).error();
      return Walk::on;
    }
    if (Result<void> made = make_directories(path.substr(0, path.rfind('/'))); !made) return std::move(made).error();
    if (entry.kind == ArchiveEntry::Kind::link) {
      if (::symlink(entry.target.c_str(), path.c_str()) != 0) return write_failure(path);
    } else if (entry.kind == ArchiveEntry::Kind::file) {
      Result<NewFile> file = NewFile::create(path, entry.mode & 0755 ? entry.mode & 0755 : 0644);
      if (!file) return std::move(file).error();
      if (Result<void> copied = read([&](std::string_view piece) { return file->write(piece); }); !copied)
        return std::move(copied).error();
    }
    return Walk::on;
  });
}

Result<NewFile> NewFile::create(const std::string& path, int mode) {
  FileDescriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
  if (!file.open()) return write_failure(path);
  return NewFile(std::move(file), path);
}

Result<void> NewFile::write(std::string_view piece) {
  size_ += piece.size();
  while (!piece.empty()) {
    const ssize_t count = ::write(file_.number(), piece.data(), piece.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return write_failure(path_);
    piece.remove_prefix(static_cast<size_t>(count));
  }
  return {};
}

}  // namespace slipway
