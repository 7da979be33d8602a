#include "providers/local/cgroups.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <filesystem>
#include <set>
#include <signal.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

#include "base/file.h"
#include "base/process.h"
#include "base/text.h"

namespace slipway::local {
namespace {

/// Control files take one write of the whole value; there is nothing to rename or sync.
bool write_control(const std::string& path, const std::string& value) {
  const FileDescriptor file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  return file.open() && ::write(file.number(), value.data(), value.size()) == static_cast<ssize_t>(value.size());
}

std::string read_control(const std::string& path) {
  const Result<std::string> text = read_file(path);
  return text ? std::string(trim(*text)) : std::string();
}

bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

/// The folder and all groups below it, deepest first. Groups vanish while we look; what is gone needs nothing.
void collect_groups(const std::string& folder, std::vector<std::string>& groups) {
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(::opendir(folder.c_str()), ::closedir);
  if (!stream) return;
  while (const dirent* entry = ::readdir(stream.get())) {
    const std::string name = entry->d_name;
    if (entry->d_type == DT_DIR && name != "." && name != "..") collect_groups(folder + "/" + name, groups);
  }
  groups.push_back(folder);
}

std::vector<std::string> groups_below(const std::string& folder) {
  std::vector<std::string> groups;
  collect_groups(folder, groups);
  return groups;
}

std::string weight_of(int cpus) { return std::to_string(std::clamp(cpus, 1, 100) * 100); }

std::string memory_text(const HostLimits& limits, const char* unlimited) {
  return limits.memory_bytes ? std::to_string(limits.memory_bytes) : unlimited;
}

}  // namespace

CgroupSetup cgroup_setup_from(const std::vector<Mount>& mounts, bool systemd_is_init) {
  CgroupSetup setup{.layout = CgroupLayout::none, .hierarchies = {}, .systemd = systemd_is_init};
  bool legacy = false;
  std::set<std::string> seen;
  for (const Mount& mount : mounts) {
    if (mount.type != "cgroup" && mount.type != "cgroup2") continue;
    if (!mount.target.starts_with("/sys/fs/cgroup")) continue;
    if (!seen.insert(mount.target).second) continue;
    legacy = legacy || mount.type == "cgroup";
    setup.hierarchies.push_back(mount.target);
  }
  if (!setup.hierarchies.empty()) setup.layout = legacy ? CgroupLayout::legacy : CgroupLayout::unified;
  return setup;
}

CgroupSetup detect_cgroups() {
  const Result<std::string> table = read_file("/proc/self/mountinfo");
  // sd_booted(3)
  const bool systemd = exists("/run/systemd/system");
  return table ? cgroup_setup_from(parse_mountinfo(*table), systemd) : CgroupSetup{};
}

std::vector<std::string> missing_controllers(const CgroupSetup& setup) {
  std::vector<std::string> missing;
  std::vector<std::string> offered;
  if (setup.layout == CgroupLayout::unified) {
    offered = split(read_control(setup.hierarchies.front() + "/cgroup.controllers"), ' ');
  } else {
    // A joint mount such as cpu,cpuacct counts for both.
    for (const std::string& folder : setup.hierarchies)
      for (const std::string& name : split(std::filesystem::path(folder).filename().string(), ','))
        offered.push_back(name);
  }
  for (const char* wanted : {"cpu", "cpuset", "memory", "pids"})
    if (std::find(offered.begin(), offered.end(), wanted) == offered.end()) missing.push_back(wanted);
  return missing;
}

std::vector<std::string> HostCgroups::folders() const {
  std::vector<std::string> folders;
  for (const std::string& hierarchy : setup_.hierarchies)
    folders.push_back(setup_.layout == CgroupLayout::unified && setup_.systemd
                          ? hierarchy + "/system.slice/" + id_ + ".scope"
                          : hierarchy + "/" + id_);
  return folders;
}

std::vector<std::string> HostCgroups::launch_prefix(const HostLimits& limits) const {
  if (setup_.layout != CgroupLayout::unified || !setup_.systemd) return {};
  // systemd is the only writer of its tree; a scope with delegation is how one gets a part of it.
  return {"systemd-run",
          "--scope",
          "--quiet",
          "--collect",
          "--slice=system.slice",
          "--unit=" + id_,
          "--property=Delegate=yes",
          "--property=TasksMax=infinity",
          "--property=CPUWeight=" + weight_of(limits.cpus),
          "--property=MemoryMax=" + memory_text(limits, "infinity"),
          "--"};
}

Result<void> HostCgroups::prepare(const HostLimits& limits) const {
  if (setup_.layout == CgroupLayout::none)
    return fail(ErrorKind::unavailable, "no control groups on this machine",
                {.expected = "cgroup file systems below /sys/fs/cgroup"});
  if (setup_.layout == CgroupLayout::unified && setup_.systemd) return {};
  for (size_t i = 0; i < setup_.hierarchies.size(); ++i) {
    const std::string& parent = setup_.hierarchies[i];
    const std::string folder = folders()[i];
    if (setup_.layout == CgroupLayout::unified)
      for (const std::string& controller : split(read_control(parent + "/cgroup.controllers"), ' '))
        write_control(parent + "/cgroup.subtree_control", "+" + controller);
    if (::mkdir(folder.c_str(), 0755) != 0 && errno != EEXIST)
      return fail(ErrorKind::unavailable, "cannot make a control group",
                  {.found = std::strerror(errno),
                   .advice = "run as root on a machine with writable control groups",
                   .where = folder});
    if (setup_.layout == CgroupLayout::legacy && exists(parent + "/cpuset.cpus")) {
      // A new cpuset is empty, and nothing can be put into an empty one.
      write_control(folder + "/cpuset.cpus", read_control(parent + "/cpuset.cpus"));
      write_control(folder + "/cpuset.mems", read_control(parent + "/cpuset.mems"));
      write_control(folder + "/cgroup.clone_children", "1");
    }
  }
  return set_limits(limits);
}

Result<void> HostCgroups::set_limits(const HostLimits& limits) const {
  if (setup_.layout == CgroupLayout::unified && setup_.systemd) {
    Result<std::string> set = run_or_fail(
        {.arguments = {"systemctl", "set-property", "--runtime", id_ + ".scope", "CPUWeight=" + weight_of(limits.cpus),
                       "MemoryMax=" + memory_text(limits, "infinity")}});
    if (!set) return std::move(set).error();
    return {};
  }
  for (const std::string& folder : folders()) {
    const auto set = [&](const char* control, const std::string& value) -> bool {
      return !exists(folder + "/" + control) || write_control(folder + "/" + control, value);
    };
    if (!set("memory.limit_in_bytes", memory_text(limits, "-1")) || !set("memory.max", memory_text(limits, "max")))
      return fail(ErrorKind::conflict, "cannot set a host's memory limit",
                  {.found = std::strerror(errno),
                   .expected = format_bytes(limits.memory_bytes),
                   .advice = "the host uses more than that now: choose a larger size",
                   .where = folder});
    set("cpu.shares", std::to_string(std::clamp(limits.cpus, 1, 100) * 1024));
    set("cpu.weight", weight_of(limits.cpus));
  }
  return {};
}

std::vector<int> HostCgroups::members() const {
  std::set<int> pids;
  for (const std::string& folder : folders())
    for (const std::string& group : groups_below(folder))
      for (const std::string& line : split(read_control(group + "/cgroup.procs"), '\n'))
        if (const int pid = std::atoi(line.c_str()); pid > 0) pids.insert(pid);
  return {pids.begin(), pids.end()};
}

bool HostCgroups::populated() const { return !members().empty(); }

Result<void> HostCgroups::kill_and_remove(Deadline deadline) const {
  while (true) {
    const std::vector<int> pids = members();
    for (const std::string& folder : folders()) write_control(folder + "/cgroup.kill", "1");
    for (const int pid : pids) ::kill(pid, SIGKILL);
    // In a hierarchy of version 1 a frozen process dies only once it thaws: a container that was paused when its
    // runtime ended.
    for (const std::string& folder : folders())
      for (const std::string& group : groups_below(folder))
        if (const std::string state = read_control(group + "/freezer.state"); state.starts_with("FR"))
          write_control(group + "/freezer.state", "THAWED");
    std::string left;
    for (const std::string& folder : folders())
      for (const std::string& group : groups_below(folder))
        if (::rmdir(group.c_str()) != 0 && errno != ENOENT) left = group + ": " + std::strerror(errno);
    if (left.empty()) return {};
    if (!deadline.passed()) {
      std::this_thread::sleep_for(Milliseconds(5));
    } else if (pids.empty()) {
      return fail(ErrorKind::timeout, "cannot remove a control group", {.found = left});
    } else {
      const std::string name = read_control("/proc/" + std::to_string(pids.front()) + "/comm");
      return fail(ErrorKind::timeout, "a process of a host cannot be killed",
                  {.found = "process " + std::to_string(pids.front()) + " (" + name + ")",
                   .expected = "no process left in " + id_,
                   .advice = "it waits for the kernel, e.g. for a lost network disk: mend that, then try again"});
    }
  }
}

}  // namespace slipway::local
