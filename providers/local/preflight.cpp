#include "providers/local/preflight.h"

#include <algorithm>
#include <cstdlib>
#include <set>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <thread>
#include <unistd.h>

#include "base/file.h"
#include "base/process.h"
#include "base/text.h"
#include "providers/common/pool_changes.h"
#include "providers/local/base_image.h"
#include "providers/local/cgroups.h"
#include "providers/local/machine_folder.h"
#include "providers/local/network.h"

namespace slipway::local {
namespace {

constexpr uint64_t gibibyte = uint64_t{1} << 30;
/// What a node's own files, images and logs come to; `size.disk` is a ceiling that nobody reserves.
constexpr uint64_t disk_of_a_node = 3 * gibibyte;
constexpr uint64_t disk_of_an_image = gibibyte;

struct Program {
  const char* name;
  const char* package;
};
constexpr Program programs[] = {{"systemd-nspawn", "systemd-container"},
                                {"ip", "iproute2"},
                                {"nft", "nftables"},
                                {"unshare", "util-linux"},
                                {"setsid", "util-linux"},
                                {"nsenter", "util-linux"},
                                {"mount", "mount"},
                                {"rm", "coreutils"}};

bool in_path(const std::string& program) {
  const char* path = std::getenv("PATH");
  for (const std::string& folder : split(path ? path : "/usr/sbin:/usr/bin:/sbin:/bin", ':'))
    if (::access((folder + "/" + program).c_str(), X_OK) == 0) return true;
  return false;
}

uint64_t free_disk(const std::string& path) {
  struct statvfs status {};
  if (::statvfs(nearest_existing(path).c_str(), &status) != 0) return 0;
  return static_cast<uint64_t>(status.f_bavail) * status.f_frsize;
}

void check_programs(bool image_ready, std::vector<Error>& problems) {
  std::vector<std::string> missing;
  std::set<std::string> packages;
  const auto need = [&](const Program& program) {
    if (in_path(program.name)) return;
    missing.emplace_back(program.name);
    packages.insert(program.package);
  };
  for (const Program& program : programs) need(program);
  if (!image_ready) need({"mmdebstrap", "mmdebstrap"});
  if (missing.empty()) return;
  problems.push_back(
      fail(ErrorKind::bad_input, "programs that local hosts need are missing",
           {.found = "no " + join(missing, ", ") + " in PATH",
            .expected = "them installed",
            .advice = "apt-get install --no-install-recommends " + join({packages.begin(), packages.end()}, " ")}));
}

/// Tried in a network namespace of its own, which ends with the command: modules that load on demand load, and nothing
/// else of the machine changes.
void check_links(std::vector<Error>& problems) {
  struct LinkKind {
    const char* type;
    const char* purpose;
    const char* words;
  };
  constexpr LinkKind kinds[] = {{"bridge", "the hosts' network", ""},
                                {"veth", "the hosts' cables", " peer name peer"},
                                {"vxlan", "pod networks", " id 1 dstport 0 dev lo"}};
  std::string batch;
  for (const LinkKind& kind : kinds)
    batch += std::string("link add name probe-") + kind.type + " type " + kind.type + kind.words + "\n";
  const Result<CommandOutcome> outcome = run_command(
      {.arguments = {"unshare", "--net", "ip", "-force", "-batch", "-"}, .input = batch, .timeout = Seconds(30)});
  if (outcome && outcome->ok()) return;
  const std::string found = outcome ? std::string(trim(outcome->error_output)) : describe(outcome.error());
  size_t line = 0;
  for (const LinkKind& kind : kinds) {
    // ip names the lines that it could not do; where it names none, it did none.
    const std::string failed = "Command failed -:" + std::to_string(++line);
    if (found.find("Command failed") != std::string::npos && found.find(failed) == std::string::npos) continue;
    problems.push_back(fail(ErrorKind::bad_input, std::string("the kernel lacks ") + kind.type + " interfaces",
                            {.found = found,
                             .expected = std::string("kernel module ") + kind.type + " for " + kind.purpose,
                             .advice = std::string("modprobe ") + kind.type +
                                       ", or use a kernel that has it; inside a container, start that with it"}));
  }
}

void check_overlay(std::vector<Error>& problems) {
  const Result<std::string> filesystems = read_file("/proc/filesystems");
  if (filesystems && filesystems->find("\toverlay\n") != std::string::npos) return;
  const Result<CommandOutcome> loadable =
      run_command({.arguments = {"modprobe", "--dry-run", "overlay"}, .timeout = Seconds(30)});
  if (loadable && loadable->ok()) return;
  problems.push_back(fail(ErrorKind::bad_input, "the kernel lacks the overlay file system",
                          {.found = "no overlay in /proc/filesystems",
                           .expected = "kernel module overlay",
                           .advice = "modprobe overlay, or use a kernel that has it"}));
}

void check_cgroups(std::vector<Error>& problems) {
  const CgroupSetup setup = detect_cgroups();
  if (setup.layout == CgroupLayout::none) {
    problems.push_back(fail(
        ErrorKind::bad_input, "no control groups are mounted",
        {.expected = "cgroup file systems below /sys/fs/cgroup", .advice = "mount -t cgroup2 none /sys/fs/cgroup"}));
    return;
  }
  if (::access(setup.hierarchies.front().c_str(), W_OK) != 0) {
    problems.push_back(fail(ErrorKind::bad_input, "control groups cannot be written",
                            {.found = setup.hierarchies.front() + " is read-only",
                             .advice = "run on the machine itself, or in a container with writable control groups"}));
    return;
  }
  const std::vector<std::string> missing = missing_controllers(setup);
  if (!missing.empty())
    problems.push_back(fail(ErrorKind::bad_input, "control group controllers are missing",
                            {.found = "no " + join(missing, ", "),
                             .expected = "cpu, cpuset, memory and pids",
                             .advice = "boot the kernel with them, e.g. cgroup_enable=memory"}));
}

void check_data_filesystem(const Settings& settings, std::vector<Error>& problems) {
  struct Unfit {
    long magic;
    const char* type;
  };
  // statfs(2); the kernel takes none of them as the upper layer of an overlay.
  constexpr Unfit unfit[] = {{0x794c7630, "overlay"}, {0x6969, "nfs"},      {0x01021997, "9p"},
                             {0x4d44, "vfat"},        {0xff534d42, "cifs"}, {0x6a656a63, "virtiofs or fuse"},
                             {0x65735546, "fuse"},    {0x5346544e, "ntfs"}};
  struct statfs status {};
  const std::string folder = nearest_existing(settings.directory);
  if (::statfs(folder.c_str(), &status) != 0) return;
  for (const Unfit& type : unfit)
    if (static_cast<long>(status.f_type) == type.magic)
      problems.push_back(fail(ErrorKind::bad_input, "the state folder's disk cannot hold hosts",
                              {.found = std::string("a file system of type ") + type.type,
                               .expected = "ext4, xfs, btrfs or tmpfs",
                               .advice = "choose another place by --state-dir",
                               .where = folder}));
}

void check_network(const Settings& settings, std::vector<Error>& problems) {
  const Result<std::string> user = subnet_user(settings.subnet, settings.bridge());
  if (user && !user->empty())
    problems.push_back(fail(ErrorKind::bad_input, "the subnet for local hosts is in use",
                            {.found = *user,
                             .expected = to_string(settings.subnet) + " unused",
                             .advice = "choose another local.subnet in the spec, and addresses of it under network"}));
  if (::access(("/sys/class/net/" + settings.bridge()).c_str(), F_OK) == 0 &&
      ::access(("/sys/class/net/" + settings.bridge() + "/bridge").c_str(), F_OK) != 0)
    problems.push_back(
        fail(ErrorKind::bad_input, "the name of the cluster's bridge is in use",
             {.found = "interface " + settings.bridge(), .advice = "remove that interface, or rename the cluster"}));
}

std::optional<uint64_t> free_memory() {
  if (const Result<std::string> meminfo = read_file("/proc/meminfo")) return available_memory(*meminfo);
  return std::nullopt;
}

void check_machines(const Spec& spec, const Settings& settings, bool image_ready, std::vector<Error>& problems) {
  const size_t living = machine_folders(settings.machines_directory()).size();
  size_t wanted = 0;
  uint64_t memory = 0;
  int most_cpus = 0;
  std::vector<uint64_t> sizes;
  for (const Pool& pool : spec.pools) {
    wanted += static_cast<size_t>(std::max(pool.count, 0));
    for (int i = 0; i < pool.count; ++i) sizes.push_back(pool.size.memory_bytes);
    most_cpus = std::max(most_cpus, pool.size.cpus);
  }
  // Hosts that live already have their memory; which ones they are does not matter for a sum that only warns early.
  const size_t fresh = wanted > living ? wanted - living : 0;
  std::sort(sizes.begin(), sizes.end());
  for (size_t i = 0; i < fresh && i < sizes.size(); ++i) memory += sizes[i];

  if (const std::optional<uint64_t> free = free_memory(); free && memory > *free)
    problems.push_back(fail(ErrorKind::quota, "not enough free memory for the machines in the spec",
                            {.found = format_bytes(*free) + " free",
                             .expected = format_bytes(memory) + " for " + std::to_string(fresh) + " new machines",
                             .advice = "close other programs, or choose smaller sizes or fewer machines"}));
  if (const int cores = static_cast<int>(std::max(1u, std::thread::hardware_concurrency())); most_cpus > cores)
    problems.push_back(fail(ErrorKind::quota, "a machine in the spec has more cores than this machine",
                            {.found = std::to_string(cores) + " cores",
                             .expected = std::to_string(most_cpus) + " cores",
                             .advice = "choose a smaller size.cpus; all local machines share the cores"}));
  const uint64_t disk = fresh * disk_of_a_node;
  if (const uint64_t free = free_disk(settings.directory); disk > free)
    problems.push_back(fail(ErrorKind::quota, "not enough free disk for the machines in the spec",
                            {.found = format_bytes(free) + " free",
                             .expected = format_bytes(disk) + " for " + std::to_string(fresh) + " new machines",
                             .advice = "free some space, or choose another place by --state-dir",
                             .where = nearest_existing(settings.directory)}));
  if (!image_ready && free_disk(BaseImage::directory()) < disk_of_an_image)
    problems.push_back(fail(ErrorKind::quota, "not enough free disk for the base image",
                            {.found = format_bytes(free_disk(BaseImage::directory())) + " free",
                             .expected = format_bytes(disk_of_an_image),
                             .advice = "free some space, or set SLIPWAY_CACHE to another place",
                             .where = nearest_existing(BaseImage::directory())}));
}

}  // namespace

uint64_t available_memory(const std::string& meminfo) {
  for (const std::string& line : split(meminfo, '\n'))
    if (line.starts_with("MemAvailable:")) return std::strtoull(line.c_str() + 13, nullptr, 10) * 1024;
  return 0;
}

std::vector<Claim> claims(const Plan& plan, const Spec& spec, const Settings& settings) {
  uint64_t memory = 0, disk = 0;
  for (const PoolChange& change : pool_changes(plan, spec.pools)) {
    if (!change.pool) continue;
    memory += static_cast<uint64_t>(change.made) * change.pool->size.memory_bytes;
    disk += static_cast<uint64_t>(change.made) * disk_of_a_node;
  }
  if (disk == 0) return {};
  const auto mebibytes = [](uint64_t bytes) { return static_cast<int64_t>(bytes >> 20); };
  Claim of_memory{"MiB of memory", mebibytes(memory), {}};
  if (const std::optional<uint64_t> free = free_memory()) of_memory.left = mebibytes(*free);
  return {of_memory, {"MiB of disk", mebibytes(disk), mebibytes(free_disk(settings.directory))}};
}

std::vector<Error> preflight(const Spec& spec, const Settings& settings, bool image_ready) {
  std::vector<Error> problems;
  if (::geteuid() != 0) {
    problems.push_back(fail(ErrorKind::bad_input, "local hosts need root",
                            {.found = "user id " + std::to_string(::geteuid()),
                             .expected = "user id 0",
                             .advice = "run it by sudo, or use provider 'existing'"}));
    // Every other check would only tell of missing rights.
    return problems;
  }
  check_programs(image_ready, problems);
  if (in_path("ip") && in_path("unshare")) check_links(problems);
  check_overlay(problems);
  check_cgroups(problems);
  check_data_filesystem(settings, problems);
  if (in_path("ip")) check_network(settings, problems);
  check_machines(spec, settings, image_ready, problems);
  return problems;
}

}  // namespace slipway::local
