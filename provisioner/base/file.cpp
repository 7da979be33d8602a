#include "base/file.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/ids.h"

namespace slipway {
namespace {

Error from_errno(int code, const std::string& doing, const std::string& path) {
  ErrorKind kind = ErrorKind::unavailable;
  if (code == ENOENT || code == ENOTDIR) kind = ErrorKind::not_found;
  if (code == EACCES || code == EPERM) kind = ErrorKind::unauthorised;
  if (code == ENOSPC || code == EDQUOT) kind = ErrorKind::quota;
  return fail(kind, "cannot " + doing, {.found = std::strerror(code), .where = path});
}

std::string parent_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::string directory_under(const char* own_variable, const char* xdg_variable, const std::string& fallback) {
  if (const char* own = own_variable ? std::getenv(own_variable) : nullptr; own && *own) return own;
  if (const char* xdg = std::getenv(xdg_variable); xdg && *xdg) return std::string(xdg) + "/slipway";
  return home_directory() + fallback;
}

}  // namespace

FileDescriptor::FileDescriptor(FileDescriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}

FileDescriptor& FileDescriptor::operator=(FileDescriptor&& other) noexcept {
  if (this != &other) {
    close();
    number_ = std::exchange(other.number_, -1);
  }
  return *this;
}

FileDescriptor::~FileDescriptor() { close(); }

void FileDescriptor::close() {
  if (number_ >= 0) ::close(number_);
  number_ = -1;
}

Result<std::string> read_file(const std::string& path) {
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.open()) return from_errno(errno, "read file", path);
  std::string content;
  char block[65536];
  while (true) {
    const ssize_t count = ::read(file.number(), block, sizeof block);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return from_errno(errno, "read file", path);
    if (count == 0) return content;
    content.append(block, static_cast<size_t>(count));
  }
}

Result<void> write_file_atomically(const std::string& path, std::string_view content, int mode) {
  const std::string temporary = path + ".tmp-" + random_hex(4);
  FileDescriptor file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
  if (!file.open()) return from_errno(errno, "write file", path);
  const auto give_up = [&](int code) {
    ::unlink(temporary.c_str());
    return from_errno(code, "write file", path);
  };
  // The umask must not decide what others may read.
  if (::fchmod(file.number(), static_cast<mode_t>(mode)) != 0) return give_up(errno);
  while (!content.empty()) {
    const ssize_t count = ::write(file.number(), content.data(), content.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return give_up(errno);
    content.remove_prefix(static_cast<size_t>(count));
  }
  if (::fsync(file.number()) != 0) return give_up(errno);
  file.close();
  if (::rename(temporary.c_str(), path.c_str()) != 0) return give_up(errno);
  const FileDescriptor folder(::open(parent_of(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.open()) ::fsync(folder.number());
  return {};
}

Result<void> make_directories(const std::string& path, int mode) {
  if (path.empty() || path == "/" || path == ".") return {};
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0) {
    if (S_ISDIR(status.st_mode)) return {};
    return fail(ErrorKind::conflict, "not a folder", {.found = "a file", .expected = "a folder", .where = path});
  }
  if (Result<void> parent = make_directories(parent_of(path), mode); !parent) return parent;
  if (::mkdir(path.c_str(), static_cast<mode_t>(mode)) != 0 && errno != EEXIST)
    return from_errno(errno, "make folder", path);
  return {};
}

std::string home_directory() {
  if (const char* home = std::getenv("HOME"); home && *home) return home;
  passwd entry{};
  passwd* found = nullptr;
  char buffer[4096];
  if (getpwuid_r(getuid(), &entry, buffer, sizeof buffer, &found) == 0 && found) return found->pw_dir;
  return "/";
}

std::string cache_directory() { return directory_under("SLIPWAY_CACHE", "XDG_CACHE_HOME", "/.cache/slipway"); }
std::string config_directory() { return directory_under("SLIPWAY_CONFIG", "XDG_CONFIG_HOME", "/.config/slipway"); }

}  // namespace slipway
