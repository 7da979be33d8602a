#include "providers/local/base_image.h"

#include <fcntl.h>
#include <filesystem>
#include <unistd.h>

#include "base/digest.h"
#include "base/file.h"
#include "base/process.h"
#include "base/text.h"
#include "providers/local/mounts.h"

namespace slipway::local {
namespace {

namespace fs = std::filesystem;

/// Raised when `finish_tree` changes what an image holds.
constexpr const char* recipe_version = "1";

/// Timers of a lone server that only cost time and disk in a host that lives with its cluster; a login prompt that no
/// terminal shows.
constexpr const char* masked_units[] = {"apt-daily.timer",       "apt-daily-upgrade.timer", "dpkg-db-backup.timer",
                                        "e2scrub_all.timer",     "e2scrub_reap.service",    "fstrim.timer",
                                        "console-getty.service", "systemd-networkd.service"};

Error from_filesystem(const fs::filesystem_error& problem) {
  return fail(problem.code() == std::errc::no_space_on_device ? ErrorKind::quota : ErrorKind::unavailable,
              "cannot finish the base image", {.found = problem.what()});
}

/// Turns the fresh Debian tree into one from which many hosts can start: no identity of its own.
Result<void> finish_tree(const std::string& root) {
  try {
    for (const fs::directory_entry& entry : fs::directory_iterator(root + "/etc/ssh"))
      if (entry.path().filename().string().starts_with("ssh_host_")) fs::remove(entry.path());
    for (const char* identity : {"/etc/machine-id", "/var/lib/dbus/machine-id", "/etc/hostname", "/etc/resolv.conf"})
      fs::remove(root + identity);
    for (const char* unit : masked_units) {
      const std::string link = root + "/etc/systemd/system/" + unit;
      fs::remove(link);
      fs::create_symlink("/dev/null", link);
    }
    fs::create_directories(root + "/etc/systemd/journald.conf.d");
  } catch (const fs::filesystem_error& problem) {
    return from_filesystem(problem);
  }
  // Every host would copy the machine's kernel log into its own journal.
  return write_file_atomically(root + "/etc/systemd/journald.conf.d/50-container.conf", "[Journal]\nReadKMsg=no\n");
}

Error explain(Error error) {
  const std::string said = error.output.value_or("");
  const auto says = [&](const char* text) { return said.find(text) != std::string::npos; };
  if (says("No space left")) {
    error.kind = ErrorKind::quota;
    error.advice = "free some disk space (an image takes about 400 MiB), then try again";
  } else if (says("resolve") || says("Failed to fetch") || says("Unable to connect") || says("Could not connect")) {
    error.kind = ErrorKind::unavailable;
    error.advice = "the package mirror must be reachable: check the network, or set local.mirror";
  } else if (says("NO_PUBKEY") || says("keyring")) {
    error.kind = ErrorKind::verification;
    error.advice = "the release's signing keys are missing: apt-get install debian-archive-keyring";
  }
  return error;
}

}  // namespace

const std::vector<std::string>& base_packages() {
  static const std::vector<std::string> packages = {
      // A host that boots and lets us in.
      "dbus", "iproute2", "kmod", "libpam-systemd", "mount", "openssh-server", "procps", "sudo", "systemd",
      "systemd-sysv", "udev", "util-linux",
      // What a Kubernetes node calls.
      "conntrack", "e2fsprogs", "ebtables", "ethtool", "ipset", "iptables", "nftables", "runc", "socat",
      // What people and playbooks expect of a server.
      "ca-certificates", "cron", "curl", "gpg", "iputils-ping", "less", "logrotate", "netbase", "psmisc",
      "systemd-timesyncd", "tzdata", "xz-utils", "zstd"};
  return packages;
}

std::string BaseImage::directory() { return cache_directory() + "/local"; }

BaseImage::BaseImage(std::string release, std::string mirror)
    : release_(std::move(release)), mirror_(std::move(mirror)) {
  // The mirror is left out: it changes where packages come from, not what they are.
  std::string recipe = release_ + "\n" + recipe_version + "\n" + join(base_packages(), ",");
  for (const char* unit : masked_units) recipe += std::string("\n") + unit;
  name_ = release_ + "-" + sha256(recipe).substr(0, 12);
  folder_ = directory() + "/" + name_;
}

bool BaseImage::ready() const { return ::access((folder_ + "/image.json").c_str(), F_OK) == 0; }

Result<void> BaseImage::bootstrap(const std::string& target, const FileLock& lock, const CloudProgress& progress,
                                  Deadline deadline) const {
  // Where this process is killed, the builder clears up after itself; the next run waits for it, as it has the lock.
  Command command{.arguments = {"setpriv", "--pdeathsig", "TERM", "mmdebstrap", "--mode=root", "--format=directory",
                                "--variant=minbase", "--include=" + join(base_packages(), ","), release_, target},
                  .keep_open = lock.descriptor(),
                  .timeout = deadline.left()};
  if (!mirror_.empty()) command.arguments.push_back(mirror_);
  command.on_line = [&](std::string_view line) {
    if (line.starts_with("I: ")) progress("base image: " + std::string(line.substr(3)));
  };
  Result<std::string> made = run_or_fail(command);
  if (!made) return explain(std::move(made).error());
  return {};
}

Result<void> BaseImage::build(const CloudProgress& progress, Deadline deadline) const {
  if (ready()) return {};
  if (Result<void> made = make_directories(directory(), 0755); !made) return made;
  Result<FileLock> lock = FileLock::take(directory() + "/" + name_ + ".lock", deadline);
  if (!lock) return std::move(lock).error().while_doing("waiting for the base image that another run builds");
  if (!ready()) {
    const std::string partial = folder_ + ".partial";
    if (Result<void> gone = remove_tree(partial); !gone) return gone;
    if (Result<void> gone = remove_tree(folder_); !gone) return gone;
    if (Result<void> made = make_directories(partial, 0755); !made) return made;
    const std::string root = partial + "/rootfs";
    Result<void> built = bootstrap(root, *lock, progress, deadline);
    if (built) built = finish_tree(root);
    if (!built) {
      if (Result<void> gone = remove_tree(partial); !gone) progress("left behind: " + partial);
      return std::move(built).error().while_doing("building the base image " + name_);
    }
    // The image counts once its record is there: a power cut during the build leaves only a folder to clear away.
    if (const FileDescriptor folder(::open(partial.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)); folder.open())
      ::syncfs(folder.number());
    std::error_code problem;
    fs::rename(partial, folder_, problem);
    if (problem)
      return fail(ErrorKind::unavailable, "cannot move the base image to its place",
                  {.found = problem.message(), .where = folder_});
    const Value record = {{"release", release_}, {"packages", base_packages()}};
    if (Result<void> noted = write_file_atomically(folder_ + "/image.json", record.dump(2) + "\n"); !noted)
      return noted;
  }
  lock->remove_file();
  return {};
}

}  // namespace slipway::local
