#include "state/file_layer.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

namespace slipway {
namespace {

Error from_errno(int code, const std::string& doing, const std::string& path) {
  ErrorKind kind = ErrorKind::unavailable;
  std::string advice;
  if (code == ENOENT || code == ENOTDIR) kind = ErrorKind::not_found;
  if (code == EACCES || code == EPERM || code == EROFS) {
    kind = ErrorKind::unauthorised;
    advice = "run as the user who owns the state folder, or name another one with --state-dir";
  }
  if (code == ENOSPC || code == EDQUOT || code == EFBIG) {
    kind = ErrorKind::quota;
    advice = "free some space on this disk and run again: nothing recorded so far is lost";
  }
  return fail(kind, "cannot " + doing, {.found = std::strerror(code), .advice = advice, .where = path});
}

class RealAppendFile final : public AppendFile {
 public:
  RealAppendFile(FileDescriptor file, std::string path) : file_(std::move(file)), path_(std::move(path)) {}

  Result<void> append(std::string_view data) override {
    while (!data.empty()) {
      const ssize_t count = ::write(file_.number(), data.data(), data.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return from_errno(errno, "write file", path_);
      data.remove_prefix(static_cast<size_t>(count));
    }
    return {};
  }

  Result<void> sync() override {
    if (::fdatasync(file_.number()) != 0) return from_errno(errno, "sync file", path_);
    return {};
  }

  Result<void> truncate(uint64_t size) override {
    if (::ftruncate(file_.number(), static_cast<off_t>(size)) != 0) return from_errno(errno, "cut file", path_);
    return {};
  }

 private:
  FileDescriptor file_;
  std::string path_;
};

class RealFiles final : public FileLayer {
 public:
  Result<std::string> read(const std::string& path) override {
    const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file.open()) return from_errno(errno, "read file", path);
    struct stat status {};
    if (::fstat(file.number(), &status) != 0) return from_errno(errno, "read file", path);
    std::string content(static_cast<size_t>(status.st_size) + 1, '\0');
    size_t filled = 0;
    while (true) {
      // One byte more than the size is asked for, so that a file that grew meanwhile is noticed.
      if (filled == content.size()) content.resize(content.size() * 2);
      const ssize_t count = ::read(file.number(), content.data() + filled, content.size() - filled);
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return from_errno(errno, "read file", path);
      if (count == 0) break;
      filled += static_cast<size_t>(count);
    }
    content.resize(filled);
    return content;
  }

  Result<std::unique_ptr<AppendFile>> open(const std::string& path, OpenAs mode) override {
    const int flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | (mode == OpenAs::emptied ? O_TRUNC : 0);
    FileDescriptor file(::open(path.c_str(), flags, 0600));
    if (!file.open()) return from_errno(errno, "open file", path);
    // A file left by an earlier run may have wider permissions than it should.
    if (::fchmod(file.number(), 0600) != 0) return from_errno(errno, "open file", path);
    return std::unique_ptr<AppendFile>(std::make_unique<RealAppendFile>(std::move(file), path));
  }

  Result<void> rename(const std::string& from, const std::string& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0) return from_errno(errno, "rename file to " + to, from);
    return {};
  }

  Result<void> remove(const std::string& path) override {
    if (std::remove(path.c_str()) != 0) return from_errno(errno, "remove", path);
    return {};
  }

  Result<void> sync_directory(const std::string& path) override {
    const FileDescriptor folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!folder.open()) return from_errno(errno, "open folder", path);
    if (::fsync(folder.number()) != 0) return from_errno(errno, "sync folder", path);
    return {};
  }

  Result<void> make_directories(const std::string& path) override {
    struct stat status {};
    if (::stat(path.c_str(), &status) == 0) {
      if (S_ISDIR(status.st_mode)) return {};
      return fail(ErrorKind::conflict, "not a folder",
                  {.found = "a file",
                   .expected = "a folder, or nothing",
                   .advice = "move it away, or name another folder with --state-dir",
                   .where = path});
    }
    const std::string parent = folder_of(path);
    if (Result<void> made = make_directories(parent); !made) return made;
    if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return from_errno(errno, "make folder", path);
    return sync_directory(parent);
  }
};

}  // namespace

std::shared_ptr<FileLayer> real_files() { return std::make_shared<RealFiles>(); }

std::string folder_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  // "a/b/" names the folder b in a.
  if (slash + 1 == path.size() && slash > 0) return folder_of(path.substr(0, slash));
  return slash == 0 ? "/" : path.substr(0, slash);
}

Result<void> write_durably(FileLayer& files, const std::string& path, std::string_view content) {
  const std::string temporary = path + ".tmp";
  {
    Result<std::unique_ptr<AppendFile>> file = files.open(temporary, OpenAs::emptied);
    if (!file) return std::move(file).error();
    Result<void> written = (*file)->append(content);
    if (written) written = (*file)->sync();
    if (!written) {
      // The space is needed by whoever frees the disk; a failure here changes nothing.
      (void)files.remove(temporary);
      return written;
    }
  }
  if (Result<void> renamed = files.rename(temporary, path); !renamed) return renamed;
  return files.sync_directory(folder_of(path));
}

Result<void> remove_if_present(FileLayer& files, const std::string& path) {
  Result<void> removed = files.remove(path);
  if (!removed && removed.error().kind == ErrorKind::not_found) return {};
  return removed;
}

}  // namespace slipway
