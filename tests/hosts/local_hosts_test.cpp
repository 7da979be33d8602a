// Real hosts of provider `local` on this machine. Needs root; the first run builds the base image.
#include <cstdio>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "base/file.h"
#include "base/process.h"
#include "base/text.h"
#include "providers/local/machine_folder.h"
#include "providers/local/settings.h"

#include "tests/contract/local_bench.h"
#include "tests/contract/step_harness.h"
#include "tests/hosts/machine_traces.h"

namespace slipway::testing_support {
namespace {

constexpr const char* first_subnet = "10.213.72.0/24";
constexpr const char* second_subnet = "10.213.73.0/24";

/// A cluster of real hosts that goes with the test.
class Cluster {
 public:
  explicit Cluster(const std::string& subnet) : bench_(subnet) {
    const Result<local::Settings> settings =
        local::settings_from(bench_.spec(), {.data_directory = bench_.directory()});
    EXPECT_TRUE(settings.ok());
    if (settings) settings_ = *settings;
  }
  ~Cluster() { destroy(); }
  Cluster(const Cluster&) = delete;
  Cluster& operator=(const Cluster&) = delete;

  GraphRun run(size_t machines, Apply apply = Apply::yes) {
    const std::unique_ptr<Provider> provider = bench_.open();
    Graph graph;
    const auto steps = provider->expand(graph, bench_.orders(machines));
    EXPECT_TRUE(steps.ok()) << describe(steps.error());
    return steps.ok() ? run_graph(graph, provider->reader(), provider->writer(), apply) : GraphRun{};
  }

  void destroy() {
    const std::unique_ptr<Provider> provider = bench_.open();
    for (const char* kind : {"machine", "network"}) {
      const Result<std::vector<CloudObject>> objects = provider->reader().list(kind);
      ASSERT_TRUE(objects.ok()) << describe(objects.error());
      for (const CloudObject& object : *objects) {
        const Result<void> gone = provider->writer().remove(kind, object.id, Deadline::in(Seconds(60)));
        ASSERT_TRUE(gone.ok()) << describe(gone.error());
      }
    }
  }

  std::string state_of(const std::string& name) {
    const Result<std::vector<CloudObject>> machines = bench_.open()->reader().list("machine");
    for (const CloudObject& machine : machines.value())
      if (machine.name == name) return text_at(machine.fields, "state");
    return "absent";
  }

  /// OpenSSH itself, with our host key and no other.
  CommandOutcome ssh(const std::string& name, const std::string& command) {
    MachineOrder order;
    for (const MachineOrder& candidate : bench_.orders(2))
      if (candidate.name.text() == name) order = candidate;
    const std::string address = local::MachineFolder(settings_.machines_directory() + "/" + name).read()->address;
    const std::string known = bench_.login_key() + ".known-" + name;
    EXPECT_TRUE(write_file_atomically(known, address + " " + order.host_public_key + "\n", 0600).ok());
    Result<CommandOutcome> outcome =
        run_command({.arguments = {"ssh", "-F", "none", "-i", bench_.login_key(), "-o", "IdentitiesOnly=yes", "-o",
                                   "StrictHostKeyChecking=yes", "-o", "UserKnownHostsFile=" + known, "-o",
                                   "GlobalKnownHostsFile=/dev/null", "-o", "BatchMode=yes", "-o", "ConnectTimeout=5",
                                   "root@" + address, command},
                     .timeout = Seconds(30)});
    EXPECT_TRUE(outcome.ok()) << describe(outcome.error());
    return outcome ? *outcome : CommandOutcome{-1, {}, {}};
  }

  std::string group(const std::string& name) const { return settings_.host_id(name); }
  std::vector<std::string> traces() const { return traces_of(settings_.bridge(), settings_.directory); }
  const local::Settings& settings() const { return settings_; }
  LocalBench& bench() { return bench_; }

 private:
  LocalBench bench_;
  local::Settings settings_;
};

class LocalHostsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "SKIPPED, LOUDLY: real hosts need root";
  }
};

void kill_all(const std::vector<int>& pids) {
  for (const int pid : pids) ::kill(pid, SIGKILL);
}

/// What was killed is gone a moment later; a host whose keeper is gone is observed as stopped at once.
template <class Question>
bool soon(Question question) {
  for (int i = 0; i < 500; ++i) {
    if (question()) return true;
    std::this_thread::sleep_for(Milliseconds(10));
  }
  return false;
}

TEST_F(LocalHostsTest, LoginWorksWithTheInjectedHostKeyAndTheHostIsItself) {
  Cluster cluster(first_subnet);
  cluster.run(2);
  const CommandOutcome first = cluster.ssh("w-1", "hostname; cat /etc/machine-id; systemctl is-system-running --wait");
  EXPECT_EQ(first.exit_status, 0) << first.output << first.error_output;
  const CommandOutcome second = cluster.ssh("w-2", "hostname; cat /etc/machine-id");
  ASSERT_TRUE(first.output.starts_with("w-1\n")) << first.output;
  ASSERT_TRUE(second.output.starts_with("w-2\n")) << second.output;
  EXPECT_NE(split(first.output, '\n')[1], split(second.output, '\n')[1]);
  EXPECT_NE(first.output.find("running"), std::string::npos) << first.output;
  // One host key only: those of the base image are nobody's.
  EXPECT_EQ(cluster.ssh("w-1", "ls /etc/ssh | grep -c '^ssh_host_.*key$'").output, "1\n");
}

TEST_F(LocalHostsTest, HostsReachEachOtherAndTheirGroupsAreTheirOwn) {
  Cluster cluster(first_subnet);
  cluster.run(2);
  const std::string other = local::MachineFolder(cluster.settings().machines_directory() + "/w-2").read()->address;
  EXPECT_EQ(cluster.ssh("w-1", "ping -c 1 -W 2 " + other).exit_status, 0);
  EXPECT_EQ(cluster.ssh("w-1", "ping -c 1 -W 2 w-1 >/dev/null && ip route show default | wc -l").output, "1\n");
  // A kubelet's needs that only the outside can give: real disks, the kernel log, system calls, its own network
  // settings.
  const CommandOutcome needs = cluster.ssh(
      "w-1",
      "set -e; for d in containerd etcd kubelet; do test \"$(stat -f -c %T /var/lib/$d)\" != overlayfs; done; "
      "test -c /dev/kmsg; echo 1 > /proc/sys/net/ipv4/ip_forward; "
      "mkdir -p /var/lib/containerd/t/l /var/lib/containerd/t/u /var/lib/containerd/t/w /var/lib/containerd/t/m; "
      "mount -t overlay o -o lowerdir=/var/lib/containerd/t/l,upperdir=/var/lib/containerd/t/u,"
      "workdir=/var/lib/containerd/t/w /var/lib/containerd/t/m; umount /var/lib/containerd/t/m; "
      "ip link add probe type bridge; ip link del probe; findmnt -n -o PROPAGATION /");
  EXPECT_EQ(needs.exit_status, 0) << needs.error_output;
  EXPECT_NE(needs.output.find("shared"), std::string::npos) << needs.output;
  for (const char* name : {"w-1", "w-2"}) EXPECT_FALSE(processes_of(cluster.group(name)).empty()) << name;
  for (const int pid : processes_of(cluster.group("w-1"))) {
    const Result<std::string> groups = read_file("/proc/" + std::to_string(pid) + "/cgroup");
    if (!groups) continue;
    EXPECT_EQ(groups->find(cluster.group("w-2")), std::string::npos) << *groups;
  }
}

TEST_F(LocalHostsTest, MemoryLimitOfTheSizeHolds) {
  Cluster cluster(first_subnet);
  cluster.run(1);
  // The host may use 256 MiB: a program that wants 400 is killed, and the host lives on.
  const CommandOutcome greedy = cluster.ssh("w-1", "head -c 400M /dev/zero | tail -c 390M >/dev/null");
  EXPECT_NE(greedy.exit_status, 0);
  EXPECT_EQ(cluster.ssh("w-1", "true").exit_status, 0);
}

TEST_F(LocalHostsTest, KilledHostIsSeenAsStoppedAndMendedWithItsDisk) {
  Cluster cluster(first_subnet);
  cluster.run(2);
  ASSERT_EQ(cluster.ssh("w-1", "echo kept > /root/note; echo kept > /var/lib/kubelet/note; sync").exit_status, 0);
  const std::string id = cluster.ssh("w-1", "cat /etc/machine-id").output;
  const std::vector<int> others = processes_of(cluster.group("w-2"));
  kill_all(processes_of(cluster.group("w-1")));
  EXPECT_TRUE(soon([&] { return cluster.state_of("w-1") == "stopped"; }));
  EXPECT_EQ(cluster.state_of("w-2"), "running");

  const GraphRun seen = cluster.run(2, Apply::no);
  EXPECT_EQ(seen.acted(), 1u);
  const Diff& diff = seen.diffs.at(StepId("machine/w-1"));
  EXPECT_EQ(diff.action, Action::update);
  EXPECT_EQ(diff.reason, Reason::drift);
  ASSERT_EQ(diff.fields.size(), 1u);
  EXPECT_EQ(diff.fields[0].field, "state");

  cluster.run(2);
  EXPECT_EQ(cluster.ssh("w-1", "cat /root/note /var/lib/kubelet/note").output, "kept\nkept\n");
  EXPECT_EQ(cluster.ssh("w-1", "cat /etc/machine-id").output, id);
  EXPECT_EQ(cluster.run(2).acted(), 0u);
  const std::vector<int> still = processes_of(cluster.group("w-2"));
  EXPECT_TRUE(std::includes(still.begin(), still.end(), others.begin(), others.begin() + 1));
}

TEST_F(LocalHostsTest, KilledSupervisorAloneIsMendedToo) {
  Cluster cluster(first_subnet);
  cluster.run(1);
  const local::MachineFolder folder(cluster.settings().machines_directory() + "/w-1");
  kill_all({folder.keeper().pid});
  EXPECT_TRUE(soon([&] { return cluster.state_of("w-1") == "stopped"; }));
  cluster.run(1);
  EXPECT_EQ(cluster.state_of("w-1"), "running");
  EXPECT_EQ(cluster.ssh("w-1", "true").exit_status, 0);
}

TEST_F(LocalHostsTest, PowerCutOfTheMachineIsMended) {
  Cluster cluster(first_subnet);
  cluster.run(2);
  // What a power cut takes: every process, the bridge with its cables, the rules.
  for (const char* name : {"w-1", "w-2"}) kill_all(processes_of(cluster.group(name)));
  ASSERT_TRUE(run_or_fail({.arguments = {"ip", "link", "delete", "dev", cluster.settings().bridge()}}).ok());
  ASSERT_TRUE(run_or_fail({.arguments = {"nft", "delete", "table", "ip", cluster.settings().nft_table()}}).ok());
  const GraphRun seen = cluster.run(2, Apply::no);
  EXPECT_EQ(seen.diffs.at(StepId("cloud/network")).action, Action::update);
  EXPECT_EQ(cluster.run(2).acted(), 3u);
  EXPECT_EQ(cluster.ssh("w-1", "true").exit_status, 0);
  EXPECT_EQ(cluster.ssh("w-2", "true").exit_status, 0);
}

TEST_F(LocalHostsTest, BridgeTakenFromLivingHostsIsMendedWithoutRestartingThem) {
  Cluster cluster(first_subnet);
  cluster.run(2);
  const std::string boot = cluster.ssh("w-1", "cat /proc/sys/kernel/random/boot_id").output;
  ASSERT_TRUE(run_or_fail({.arguments = {"ip", "link", "delete", "dev", cluster.settings().bridge()}}).ok());
  const GraphRun mended = cluster.run(2);
  EXPECT_EQ(mended.acted(), 1u);
  EXPECT_EQ(mended.diffs.at(StepId("cloud/network")).action, Action::update);
  EXPECT_EQ(cluster.ssh("w-1", "cat /proc/sys/kernel/random/boot_id").output, boot);
  const std::string other = local::MachineFolder(cluster.settings().machines_directory() + "/w-2").read()->address;
  EXPECT_EQ(cluster.ssh("w-1", "ping -c 1 -W 2 " + other).exit_status, 0);
}

TEST_F(LocalHostsTest, RebootFromInsideComesBackByItself) {
  Cluster cluster(first_subnet);
  cluster.run(1);
  const std::string boot = cluster.ssh("w-1", "cat /proc/sys/kernel/random/boot_id").output;
  (void)cluster.ssh("w-1", "systemctl reboot");
  EXPECT_TRUE(soon([&] {
    const CommandOutcome now = cluster.ssh("w-1", "cat /proc/sys/kernel/random/boot_id");
    return now.exit_status == 0 && now.output != boot;
  }));
  EXPECT_EQ(cluster.state_of("w-1"), "running");
}

TEST_F(LocalHostsTest, InterruptedCreateIsFinishedByTheNextRun) {
  Cluster cluster(first_subnet);
  cluster.run(1);
  // As a crash between the record and the boot leaves it: a record that is not complete, and half a host.
  const local::MachineFolder folder(cluster.settings().machines_directory() + "/w-1");
  local::MachineRecord record = *folder.read();
  record.complete = false;
  ASSERT_TRUE(folder.write(record).ok());
  EXPECT_EQ(cluster.state_of("w-1"), "creating");
  cluster.run(1);
  EXPECT_EQ(cluster.state_of("w-1"), "running");
  EXPECT_EQ(cluster.ssh("w-1", "true").exit_status, 0);
}

TEST_F(LocalHostsTest, DestroyLeavesNoTrace) {
  const Result<std::string> forwarding = read_file("/proc/sys/net/ipv4/ip_forward");
  std::vector<std::string> namespaces;
  std::vector<std::string> left;
  {
    Cluster cluster(first_subnet);
    cluster.run(2);
    ASSERT_FALSE(cluster.traces().empty()) << "the search for traces finds nothing where there is something";
    // What pods are like: processes, mounts and namespaces of their own, and files no one may change.
    ASSERT_EQ(
        cluster
            .ssh("w-1",
                 "unshare --net --mount --pid --fork sleep 600 >/dev/null 2>&1 & mkdir -p /var/lib/kubelet/pods/v; "
                 "mount -t tmpfs t /var/lib/kubelet/pods/v; mkdir -p /var/lib/kubelet/b; "
                 "mount --bind /etc /var/lib/kubelet/b; sleep 0.2")
            .exit_status,
        0);
    for (const char* name : {"w-1", "w-2"})
      for (const std::string& one : network_namespaces_of(cluster.group(name))) namespaces.push_back(one);
    EXPECT_GE(namespaces.size(), 3u);
    cluster.destroy();
    left = cluster.traces();
  }
  EXPECT_EQ(join(left, "\n"), "");
  for (const std::string& one : namespaces) EXPECT_FALSE(namespace_lives(one)) << one;
  EXPECT_EQ(*read_file("/proc/sys/net/ipv4/ip_forward"), *forwarding);
}

TEST_F(LocalHostsTest, TwoClustersLiveSideBySideAndOneLeavesTheOther) {
  Cluster first(first_subnet), second(second_subnet);
  first.run(1);
  second.run(1);
  EXPECT_NE(first.settings().id, second.settings().id);
  EXPECT_EQ(first.ssh("w-1", "true").exit_status, 0);
  EXPECT_EQ(second.ssh("w-1", "true").exit_status, 0);
  first.destroy();
  EXPECT_EQ(join(first.traces(), "\n"), "");
  EXPECT_EQ(second.run(1).acted(), 0u);
  EXPECT_EQ(second.ssh("w-1", "true").exit_status, 0);
  EXPECT_EQ(*read_file("/proc/sys/net/ipv4/ip_forward"), "1\n");
}

TEST_F(LocalHostsTest, SubnetOfAnotherClusterIsRefusedBeforeAnythingIsMade) {
  Cluster first(first_subnet);
  first.run(1);
  Cluster intruder("10.213.72.0/25");
  std::string said;
  for (const Error& problem : intruder.bench().open()->preflight()) said += describe(problem) + "\n";
  EXPECT_NE(said.find("the subnet for local hosts is in use"), std::string::npos) << said;
  EXPECT_NE(said.find(first.settings().bridge()), std::string::npos) << said;
  const Result<CloudObject> network = intruder.bench().open()->writer().create(
      {.kind = "network", .name = "x", .mark = "x/cloud/network", .fields = {}}, [](std::string_view) {},
      Deadline::in(Seconds(10)));
  ASSERT_FALSE(network.ok());
  EXPECT_EQ(network.error().kind, ErrorKind::bad_input);
  EXPECT_EQ(join(intruder.traces(), "\n"), "");
}

TEST_F(LocalHostsTest, HostsOutliveTheirMakerAndHoldNoneOfItsDescriptors) {
  Cluster cluster(first_subnet);
  cluster.run(0);
  const std::string lock = cluster.bench().login_key() + ".lock";
  // The maker is a process of its own that holds a lock without O_CLOEXEC, and is killed after its work.
  const pid_t maker = ::fork();
  if (maker == 0) {
    const int held = ::open(lock.c_str(), O_RDWR | O_CREAT, 0600);
    ::flock(held, LOCK_EX);
    cluster.run(1);
    ::kill(::getpid(), SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(maker, &status, 0), maker);
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(cluster.state_of("w-1"), "running");
  EXPECT_EQ(cluster.ssh("w-1", "true").exit_status, 0);
  const FileDescriptor again(::open(lock.c_str(), O_RDWR | O_CLOEXEC));
  EXPECT_EQ(::flock(again.number(), LOCK_EX | LOCK_NB), 0) << "a host holds its maker's lock";
  const int keeper = local::MachineFolder(cluster.settings().machines_directory() + "/w-1").keeper().pid;
  EXPECT_EQ(::getsid(keeper) != ::getsid(0), true);
}

TEST_F(LocalHostsTest, SizesChangeOnLivingHosts) {
  Cluster cluster(first_subnet);
  cluster.run(1);
  const std::string boot = cluster.ssh("w-1", "cat /proc/sys/kernel/random/boot_id").output;
  const std::unique_ptr<Provider> provider = cluster.bench().open();
  const Result<std::vector<CloudObject>> machines = provider->reader().list("machine");
  const CloudObject machine = machines->at(0);
  const Result<CloudObject> grown = provider->writer().update(
      machine, {{"memory_bytes", uint64_t{640} << 20}}, [](std::string_view) {}, Deadline::in(Seconds(10)));
  ASSERT_TRUE(grown.ok()) << describe(grown.error());
  EXPECT_EQ(grown->fields.at("memory_bytes"), uint64_t{640} << 20);
  EXPECT_EQ(cluster.ssh("w-1", "head -c 400M /dev/zero | tail -c 390M >/dev/null").exit_status, 0);
  EXPECT_EQ(cluster.ssh("w-1", "cat /proc/sys/kernel/random/boot_id").output, boot);
}

}  // namespace
}  // namespace slipway::testing_support
