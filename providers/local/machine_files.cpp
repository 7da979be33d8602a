#include "providers/local/machine_files.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "providers/local/machine_folder.h"

namespace slipway::local {
namespace {

Error problem_with(int code, const std::string& doing, const std::string& where) {
  return fail(code == ENOENT ? ErrorKind::not_found : ErrorKind::unavailable, "cannot " + doing,
              {.found = std::strerror(code), .where = where});
}

/// Opens `path` as the host itself would: absolute links and ".." stay below `root`.
FileDescriptor open_inside(const std::string& root, const std::string& path, int flags) {
  const FileDescriptor top(::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!top.open()) return FileDescriptor();
  open_how how{};
  how.flags = static_cast<uint64_t>(flags | O_CLOEXEC);
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  return FileDescriptor(static_cast<int>(::syscall(SYS_openat2, top.number(), path.c_str(), &how, sizeof how)));
}

Result<std::string> read_all(const FileDescriptor& file, const std::string& where) {
  constexpr size_t most = 16 << 20;
  std::string content;
  char block[65536];
  while (content.size() <= most) {
    const ssize_t count = ::read(file.number(), block, sizeof block);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return problem_with(errno, "read a host's file", where);
    if (count == 0) return content;
    content.append(block, static_cast<size_t>(count));
  }
  return fail(ErrorKind::quota, "a host's file is too large", {.expected = "at most 16 MiB", .where = where});
}

/// Replaces `name` in the open folder as a whole.
Result<void> replace_in(const FileDescriptor& folder, const std::string& name, const std::string& content,
                        const std::string& where) {
  const std::string temporary = name + ".slipway";
  ::unlinkat(folder.number(), temporary.c_str(), 0);
  FileDescriptor file(
      ::openat(folder.number(), temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file.open()) return problem_with(errno, "write a host's file", where);
  const bool whole = ::write(file.number(), content.data(), content.size()) == static_cast<ssize_t>(content.size());
  if (!whole || ::fsync(file.number()) != 0) return problem_with(errno, "write a host's file", where);
  file.close();
  if (::renameat(folder.number(), temporary.c_str(), folder.number(), name.c_str()) != 0)
    return problem_with(errno, "write a host's file", where);
  return {};
}

}  // namespace

Result<std::string> LocalMachineFiles::root_of(const MachineName& machine) const {
  const MachineFolder folder(settings_.machines_directory() + "/" + machine.text());
  if (Result<MachineRecord> record = folder.read(); !record) return std::move(record).error();
  const ProcessIdentity keeper = folder.keeper();
  // The overlay is mounted where only the keeper and its children see it.
  if (keeper.pid > 0 && alive(keeper)) return "/proc/" + std::to_string(keeper.pid) + "/root" + folder.path() + "/root";
  return folder.upper();
}

Result<std::string> LocalMachineFiles::read(const MachineName& machine, const std::string& path) {
  const Result<std::string> root = root_of(machine);
  if (!root) return root.error();
  const std::string where = machine.text() + ":" + path;
  const FileDescriptor file = open_inside(*root, path, O_RDONLY | O_NONBLOCK);
  if (!file.open()) return problem_with(errno, "read a host's file", where);
  return read_all(file, where);
}

Result<void> LocalMachineFiles::authorise(const MachineName& machine, const std::string& login_public_key) {
  const Result<std::string> root = root_of(machine);
  if (!root) return root.error();
  const std::string where = machine.text() + ":/root/.ssh/authorized_keys";
  const std::string line = std::string(trim(login_public_key));
  Result<std::string> present = read(machine, "/root/.ssh/authorized_keys");
  if (!present && present.error().kind != ErrorKind::not_found) return std::move(present).error();
  std::string content = present ? *present : "";
  for (const std::string& known : split(content, '\n'))
    if (trim(known) == line) return {};
  if (!content.empty() && !content.ends_with('\n')) content += '\n';
  const FileDescriptor folder = open_inside(*root, "/root/.ssh", O_RDONLY | O_DIRECTORY);
  if (!folder.open()) return problem_with(errno, "open a host's folder", where);
  return replace_in(folder, "authorized_keys", content + line + "\n", where);
}

}  // namespace slipway::local
