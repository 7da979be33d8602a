#include "artifacts/tar_writer.h"

#include <archive.h>
#include <archive_entry.h>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <optional>
#include <sys/stat.h>
#include <unistd.h>

#include "artifacts/utf8_names.h"
#include "base/file.h"

namespace slipway {

struct TarWriter::Parts {
  Sink sink;
  archive* out = archive_write_new();
  std::optional<Error> failure;

  ~Parts() { archive_write_free(out); }

  static la_ssize_t take(archive*, void* context, const void* data, size_t size) {
    auto& parts = *static_cast<Parts*>(context);
    if (parts.failure) return -1;
    Result<void> taken = parts.sink(std::string_view(static_cast<const char*>(data), size));
    if (taken) return static_cast<la_ssize_t>(size);
    parts.failure = std::move(taken).error();
    return -1;
  }

  Error why(const std::string& path) const {
    if (failure) return *failure;
    const char* said = archive_error_string(out);
    return fail(ErrorKind::internal, "cannot write archive", {.found = said ? said : "", .where = path});
  }

  Result<void> begin(const std::string& path, unsigned type, int mode, uint64_t size, const char* target = nullptr) {
    const Utf8Names names;
    const std::unique_ptr<archive_entry, void (*)(archive_entry*)> entry(archive_entry_new(), archive_entry_free);
    archive_entry_set_pathname(entry.get(), path.c_str());
    archive_entry_set_filetype(entry.get(), type);
    archive_entry_set_perm(entry.get(), static_cast<__LA_MODE_T>(mode));
    archive_entry_set_size(entry.get(), static_cast<la_int64_t>(size));
    archive_entry_set_mtime(entry.get(), 0, 0);
    if (target) archive_entry_set_symlink(entry.get(), target);
    if (archive_write_header(out, entry.get()) != ARCHIVE_OK) return why(path);
    return {};
  }

  Result<void> write(const std::string& path, std::string_view bytes) {
    while (!bytes.empty()) {
      const la_ssize_t count = archive_write_data(out, bytes.data(), bytes.size());
      if (count <= 0) return why(path);
      bytes.remove_prefix(static_cast<size_t>(count));
    }
    return {};
  }
};

TarWriter::TarWriter(Sink sink) : parts_(std::make_unique<Parts>()) {
  parts_->sink = std::move(sink);
  archive_write_set_format_pax_restricted(parts_->out);
  archive_write_set_bytes_per_block(parts_->out, 1 << 20);
  archive_write_set_bytes_in_last_block(parts_->out, 512);
  archive_write_open(parts_->out, parts_.get(), nullptr, &Parts::take, nullptr);
}

TarWriter::~TarWriter() = default;

Result<void> TarWriter::add_directory(const std::string& path, int mode) {
  return parts_->begin(path, AE_IFDIR, mode, 0);
}

Result<void> TarWriter::add_link(const std::string& path, const std::string& target) {
  return parts_->begin(path, AE_IFLNK, 0777, 0, target.c_str());
}

Result<void> TarWriter::add_text(const std::string& path, int mode, std::string_view text) {
  if (Result<void> begun = parts_->begin(path, AE_IFREG, mode, text.size()); !begun) return begun;
  return parts_->write(path, text);
}

Result<void> TarWriter::add_file(const std::string& path, int mode, const std::string& local_path) {
  const FileDescriptor file(::open(local_path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status {};
  if (!file.open() || ::fstat(file.number(), &status) != 0)
    return fail(errno == ENOENT ? ErrorKind::not_found : ErrorKind::unavailable, "cannot read file",
                {.found = std::strerror(errno), .where = local_path});
  return add_stream(path, mode, static_cast<uint64_t>(status.st_size), [&](const Sink& sink) -> Result<void> {
    std::string block(1 << 20, '\0');
    while (true) {
      const ssize_t count = ::read(file.number(), block.data(), block.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0)
        return fail(ErrorKind::unavailable, "cannot read file", {.found = std::strerror(errno), .where = local_path});
      if (count == 0) return {};
      if (Result<void> taken = sink(std::string_view(block.data(), static_cast<size_t>(count))); !taken) return taken;
    }
  });
}

Result<void> TarWriter::add_stream(const std::string& path, int mode, uint64_t size,
                                   const std::function<Result<void>(const Sink&)>& produce) {
  if (Result<void> begun = parts_->begin(path, AE_IFREG, mode, size); !begun) return begun;
  uint64_t written = 0;
  const Result<void> produced = produce([&](std::string_view bytes) -> Result<void> {
    written += bytes.size();
    if (written > size) return fail(ErrorKind::internal, "file grew while it was packed", {.where = path});
    return parts_->write(path, bytes);
  });
  if (!produced) return produced;
  if (written != size) return fail(ErrorKind::internal, "file shrank while it was packed", {.where = path});
  return {};
}

Result<void> TarWriter::finish() {
  if (archive_write_close(parts_->out) != ARCHIVE_OK) return parts_->why("end of archive");
  return {};
}

}  // namespace slipway
