#include "providers/local/host.h"

#include <arpa/inet.h>
#include <filesystem>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "providers/local/base_image.h"
#include "providers/local/host_files.h"
#include "providers/local/keeper.h"
#include "providers/local/mounts.h"

namespace slipway::local {
namespace {

HostLimits limits_of(const MachineRecord& record) { return {.memory_bytes = record.memory_bytes, .cpus = record.cpus}; }

/// nspawn separates source, target and options of a bind by colons.
std::string bind_argument(const char* option, const std::string& source, const std::string& target) {
  return std::string(option) + "=" + replace_all(replace_all(source, "\\", "\\\\"), ":", "\\:") + ":" + target;
}

bool exists(const char* path) { return ::access(path, F_OK) == 0; }

bool greets_as_ssh(const std::string& address, uint16_t port, Milliseconds patience) {
  const FileDescriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  sockaddr_in target{};
  target.sin_family = AF_INET;
  target.sin_port = htons(port);
  if (!socket.open() || ::inet_pton(AF_INET, address.c_str(), &target.sin_addr) != 1) return false;
  const Deadline deadline = Deadline::in(patience);
  if (::connect(socket.number(), reinterpret_cast<const sockaddr*>(&target), sizeof target) != 0 &&
      errno != EINPROGRESS)
    return false;
  const auto ready = [&](short event) {
    pollfd watched{socket.number(), event, 0};
    return ::poll(&watched, 1, static_cast<int>(deadline.left().count())) == 1;
  };
  char greeting[4] = {};
  return ready(POLLOUT) && ready(POLLIN) && ::recv(socket.number(), greeting, sizeof greeting, 0) == sizeof greeting &&
         std::string_view(greeting, sizeof greeting) == "SSH-";
}

}  // namespace

std::string_view name(HostState state) {
  switch (state) {
    case HostState::creating:
      return "creating";
    case HostState::running:
      return "running";
    case HostState::stopped:
      return "stopped";
  }
  return "stopped";
}

Result<void> wait_for_ssh(const std::string& address, uint16_t port, const std::function<bool()>& still_there,
                          Deadline deadline) {
  while (true) {
    // Packets to a host that is not up yet are answered by silence: short tries, close together.
    if (greets_as_ssh(address, port, std::min(deadline.left(), Milliseconds(500)))) return {};
    if (!still_there())
      return fail(ErrorKind::unavailable, "a host ended while it was booting", {.expected = "sshd at " + address});
    if (deadline.passed())
      return fail(ErrorKind::timeout, "a host does not answer",
                  {.found = "no SSH greeting", .expected = "sshd at " + address + ":" + std::to_string(port)});
    std::this_thread::sleep_for(Milliseconds(15));
  }
}

Host::Host(const Settings& settings, CgroupSetup cgroups, const std::string& name)
    : settings_(settings),
      cgroups_(std::move(cgroups), settings.host_id(name)),
      folder_(settings.machines_directory() + "/" + name),
      name_(name) {}

HostState Host::state(const MachineRecord& record) const {
  if (!record.complete) return HostState::creating;
  return alive(folder_.keeper()) ? HostState::running : HostState::stopped;
}

std::vector<std::string> Host::nspawn_command() const {
  std::vector<std::string> words = {
      "systemd-nspawn", "--quiet", "--boot", "--settings=no", "--keep-unit", "--register=no", "--directory=root",
      "--machine=" + name_, "--network-namespace-path=/proc/self/ns/net", "--resolv-conf=off", "--timezone=off",
      "--link-journal=no",
      // A kubelet and a container runtime are at work in there: mounts, keyrings, BPF, device nodes.
      "--capability=all", "--system-call-filter=@known"};
  for (const MachineFolder::Disk& disk : folder_.disks())
    words.push_back(bind_argument("--bind", disk.source, disk.target));
  for (const char* device : {"/dev/kmsg", "/dev/fuse", "/dev/net/tun"})
    if (exists(device)) words.push_back(bind_argument("--bind", device, device));
  if (exists("/lib/modules")) words.push_back(bind_argument("--bind-ro", "/lib/modules", "/lib/modules"));
  // kubeadm and network plugins take two hosts with one product id for one host.
  constexpr const char* product_id = "/sys/class/dmi/id/product_uuid";
  if (exists(product_id)) words.push_back(bind_argument("--bind-ro", folder_.path() + "/product_uuid", product_id));
  return words;
}

Result<void> Host::prepare_folder(const MachineRecord& record, const MachineOrder& order) const {
  const std::string root = BaseImage::root_of(record.image);
  if (!exists(root.c_str()))
    return fail(ErrorKind::not_found, "the base image of a host is gone",
                {.found = "no folder " + root,
                 .advice = "build it again by 'slipway apply', or replace the machine: slipway node replace"});
  for (const char* part : {"/upper", "/work", "/root"})
    if (Result<void> made = make_directories(folder_.path() + part, 0755); !made) return made;
  for (const MachineFolder::Disk& disk : folder_.disks())
    if (Result<void> made = make_directories(disk.source, 0755); !made) return made;
  std::error_code problem;
  std::filesystem::remove(folder_.base_link(), problem);
  std::filesystem::create_directory_symlink(root, folder_.base_link(), problem);
  if (problem)
    return fail(ErrorKind::unavailable, "cannot prepare a host's folder",
                {.found = problem.message(), .where = folder_.base_link()});
  if (Result<void> written = write_host_files(folder_.upper(), order, record.address); !written) return written;
  const std::string product_id = folder_.path() + "/product_uuid";
  if (exists(product_id.c_str())) return {};
  std::string uuid = random_hex(16);
  for (const size_t dash : {20, 16, 12, 8}) uuid.insert(dash, 1, '-');
  return write_file_atomically(product_id, uuid + "\n", 0444);
}

Result<void> Host::start(const MachineRecord& record, const MachineOrder& order, const CloudProgress& progress,
                         Deadline deadline) const {
  const Result<Address> address = parse_address(record.address);
  if (!address) return address.error();
  const auto failed = [&](Error error) { return std::move(error).while_doing("starting host " + name_); };
  if (Result<void> killed = kill(deadline); !killed) return failed(std::move(killed).error());
  if (Result<void> prepared = prepare_folder(record, order); !prepared) return failed(std::move(prepared).error());
  if (Result<void> grouped = cgroups_.prepare(limits_of(record)); !grouped) return failed(std::move(grouped).error());
  progress("booting " + name_ + " at " + record.address);
  Result<Keeper> keeper = Keeper::start({.folder = folder_.path(),
                                         .launch_prefix = cgroups_.launch_prefix(limits_of(record)),
                                         .layout = cgroups_.layout_name(),
                                         .cgroup_folders = cgroups_.folders(),
                                         .nspawn = nspawn_command()},
                                        deadline);
  if (!keeper) return failed(std::move(keeper).error());
  const ProcessIdentity identity = identify(keeper->pid());
  const Network network(settings_);
  if (Result<void> noted = folder_.write_keeper(identity); !noted) return failed(std::move(noted).error());
  if (Result<void> plugged = network.plug(keeper->pid(), *address); !plugged) return failed(std::move(plugged).error());
  if (Result<void> booted = keeper->boot(); !booted) return failed(std::move(booted).error());
  Result<void> answered = wait_for_ssh(
      record.address, 22, [&] { return alive(identity); }, deadline);
  if (answered) return {};
  Error error = std::move(answered).error();
  error.where = folder_.console_log();
  error.output = tail_of(folder_.console_log(), 2000);
  return failed(std::move(error));
}

Result<void> Host::set_limits(const MachineRecord& record) const { return cgroups_.set_limits(limits_of(record)); }

Result<void> Host::kill(Deadline deadline) const {
  if (Result<void> gone = cgroups_.kill_and_remove(deadline); !gone) return gone;
  const Result<MachineRecord> record = folder_.read();
  const Result<Address> address = parse_address(record ? record->address : "");
  if (address) Network(settings_).unplug(*address);
  ::unlink((folder_.path() + "/keeper.json").c_str());
  return {};
}

Result<void> Host::remove(Deadline deadline) const {
  if (Result<void> killed = kill(deadline); !killed) return std::move(killed).error().while_doing("ending " + name_);
  // The record goes last with its folder: a removal that is cut short is found and finished by the next run.
  std::error_code problem;
  for (const auto& entry : std::filesystem::directory_iterator(folder_.path(), problem))
    if (entry.path().filename() != "machine.json")
      if (Result<void> gone = remove_tree(entry.path().string()); !gone) return gone;
  return remove_tree(folder_.path());
}

}  // namespace slipway::local
