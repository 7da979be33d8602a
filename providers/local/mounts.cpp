#include "providers/local/mounts.h"

#include <cerrno>
#include <cstring>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/process.h"
#include "base/text.h"

namespace slipway::local {
namespace {

/// mountinfo writes blanks, tabs, newlines and backslashes as \ooo.
std::string unescape(const std::string& text) {
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size()) {
      plain += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0'));
      i += 3;
    } else {
      plain += text[i];
    }
  }
  return plain;
}

}  // namespace

std::vector<Mount> parse_mountinfo(const std::string& text) {
  std::vector<Mount> mounts;
  for (const std::string& line : split(text, '\n')) {
    const std::vector<std::string> fields = split(line, ' ');
    size_t dash = 6;
    while (dash < fields.size() && fields[dash] != "-") ++dash;
    if (dash + 3 >= fields.size()) continue;
    mounts.push_back({unescape(fields[4]), fields[dash + 1], fields[dash + 3]});
  }
  return mounts;
}

Result<void> remove_tree(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return {};
  Result<std::string> table = read_file("/proc/self/mountinfo");
  if (!table) return std::move(table).error();
  const std::vector<Mount> mounts = parse_mountinfo(*table);
  for (auto mount = mounts.rbegin(); mount != mounts.rend(); ++mount) {
    if (mount->target != path && !mount->target.starts_with(path + "/")) continue;
    if (::umount2(mount->target.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) != 0)
      return fail(ErrorKind::unavailable, "cannot take a mount off a folder that is to be deleted",
                  {.found = std::strerror(errno), .where = mount->target});
  }
  Result<std::string> gone = run_or_fail({.arguments = {"rm", "-rf", "--one-file-system", "--", path}});
  if (!gone) return std::move(gone).error();
  return {};
}

std::string nearest_existing(const std::string& path) {
  std::string nearest = path;
  struct stat status {};
  while (nearest.size() > 1 && ::stat(nearest.c_str(), &status) != 0) {
    const size_t slash = nearest.rfind('/');
    if (slash == std::string::npos) return ".";
    nearest.erase(slash == 0 ? 1 : slash);
  }
  return nearest;
}

}  // namespace slipway::local
