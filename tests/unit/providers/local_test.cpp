// The parts of provider `local` that need neither root nor hosts; tests/contract and tests/hosts run the whole.
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/file.h"
#include "base/process.h"
#include "providers/local/base_image.h"
#include "providers/local/cgroups.h"
#include "providers/local/file_lock.h"
#include "providers/local/host_files.h"
#include "providers/local/local_provider.h"
#include "providers/local/machine_folder.h"
#include "providers/local/mounts.h"
#include "providers/local/network.h"
#include "providers/local/preflight.h"
#include "providers/local/processes.h"
#include "providers/local/settings.h"

#include "tests/contract/step_harness.h"

namespace slipway::local {
namespace {

/// A folder that goes with the test.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    char name[] = "/tmp/slipway-local-test-XXXXXX";
    path_ = ::mkdtemp(name);
  }
  ~TemporaryFolder() { (void)remove_tree(path_); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

Spec spec_named(const std::string& name, Value settings = Value::object()) {
  Spec spec;
  spec.name = name;
  spec.provider = "local";
  spec.provider_settings = std::move(settings);
  return spec;
}

Settings settings_for(const std::string& name, const std::string& folder, Value block = Value::object()) {
  Result<Settings> settings = settings_from(spec_named(name, std::move(block)), {.data_directory = folder});
  EXPECT_TRUE(settings.ok()) << describe(settings.error());
  return settings.ok() ? *settings : Settings{};
}

TEST(LocalSettingsTest, KernelNamesFitAndDifferBetweenClustersAndFolders) {
  const Settings one = settings_for("a-cluster-with-a-very-long-name-indeed", "/tmp/nowhere/1");
  const Settings two = settings_for("a-cluster-with-a-very-long-name-indeed", "/tmp/nowhere/2");
  EXPECT_NE(one.id, two.id);
  EXPECT_EQ(one.bridge().size(), 10u);
  EXPECT_LE(one.cable({one.subnet.base.bits + 0xffff}).size(), 15u);
  EXPECT_NE(one.cable({one.subnet.base.bits + 11}), one.cable({one.subnet.base.bits + 12}));
}

TEST(LocalSettingsTest, MovedFolderKeepsTheNamesOfItsLivingHosts) {
  const TemporaryFolder folder;
  ASSERT_TRUE(write_file_atomically(folder.path() + "/network.json", R"({"id":"abc123"})").ok());
  EXPECT_EQ(settings_for("demo", folder.path()).id, "abc123");
  ASSERT_TRUE(write_file_atomically(folder.path() + "/network.json", R"({"id":"../../etc"})").ok());
  EXPECT_NE(settings_for("demo", folder.path()).id, "../../etc");
}

TEST(LocalSettingsTest, UnusableSettingsAreBadInput) {
  for (const Value& block : {Value{{"subnet", "10.0.0.0/8"}}, Value{{"subnet", "10.0.0.0/30"}},
                             Value{{"subnet", "ten"}}, Value{{"release", "woody"}}}) {
    const Result<Settings> settings = settings_from(spec_named("demo", block), {.data_directory = "/tmp/nowhere"});
    ASSERT_FALSE(settings.ok()) << block.dump();
    EXPECT_EQ(settings.error().kind, ErrorKind::bad_input);
  }
}

TEST(ProcessesTest, StatIsReadPastANameWithBlanksAndParentheses) {
  const StatFields fields =
      parse_stat("42 (a) b (c) S 1 42 42 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 987654 1000 10 18446744073709551615");
  EXPECT_EQ(fields.state, 'S');
  EXPECT_EQ(fields.start, "987654");
  EXPECT_EQ(parse_stat("42 (short) S 1").start, "");
}

TEST(ProcessesTest, LaterProcessWithTheSameNumberIsAnotherOne) {
  const ProcessIdentity self = identify(::getpid());
  EXPECT_TRUE(alive(self));
  EXPECT_EQ(process_identity_from(to_value(self)), self);
  ProcessIdentity earlier = self;
  earlier.start = "1";
  EXPECT_FALSE(alive(earlier));
  ProcessIdentity before_reboot = self;
  before_reboot.boot = "another";
  EXPECT_FALSE(alive(before_reboot));
  EXPECT_FALSE(alive({}));
}

TEST(MountsTest, MountinfoIsReadWithEscapedBlanksAndOptionalFields) {
  const std::vector<Mount> mounts = parse_mountinfo(
      "36 35 98:0 / /mnt/a\\040b rw,noatime shared:1 master:2 - ext4 /dev/root rw,errors=continue\n"
      "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755\nbroken line\n");
  ASSERT_EQ(mounts.size(), 2u);
  EXPECT_EQ(mounts[0].target, "/mnt/a b");
  EXPECT_EQ(mounts[0].type, "ext4");
  EXPECT_EQ(mounts[1].type, "tmpfs");
}

TEST(CgroupsTest, HybridMachineIsLegacyWithEveryHierarchy) {
  const CgroupSetup setup = cgroup_setup_from({{"/sys/fs/cgroup", "tmpfs", ""},
                                               {"/sys/fs/cgroup/cpu,cpuacct", "cgroup", "rw,cpu,cpuacct"},
                                               {"/sys/fs/cgroup/cpuset", "cgroup", "rw,cpuset"},
                                               {"/sys/fs/cgroup/memory", "cgroup", "rw,memory"},
                                               {"/sys/fs/cgroup/systemd", "cgroup", "rw,name=systemd"},
                                               {"/sys/fs/cgroup/unified", "cgroup2", "rw"}},
                                              false);
  EXPECT_EQ(setup.layout, CgroupLayout::legacy);
  EXPECT_EQ(setup.hierarchies.size(), 5u);
  EXPECT_EQ(missing_controllers(setup), std::vector<std::string>{"pids"});
  const HostCgroups groups(setup, "slw-1-w");
  EXPECT_EQ(groups.folders()[0], "/sys/fs/cgroup/cpu,cpuacct/slw-1-w");
  EXPECT_TRUE(groups.launch_prefix({}).empty());
}

TEST(CgroupsTest, UnifiedMachineWithSystemdAsksItForAScope) {
  const CgroupSetup setup = cgroup_setup_from({{"/sys/fs/cgroup", "cgroup2", "rw"}}, true);
  EXPECT_EQ(setup.layout, CgroupLayout::unified);
  const HostCgroups groups(setup, "slw-1-w");
  EXPECT_EQ(groups.folders(), std::vector<std::string>{"/sys/fs/cgroup/system.slice/slw-1-w.scope"});
  const std::vector<std::string> prefix = groups.launch_prefix({.memory_bytes = 1024, .cpus = 2});
  EXPECT_EQ(prefix.front(), "systemd-run");
  EXPECT_NE(std::find(prefix.begin(), prefix.end(), "--property=MemoryMax=1024"), prefix.end());
}

TEST(CgroupsTest, UnifiedMachineWithoutSystemdHasItsGroupAtTheTop) {
  const CgroupSetup setup = cgroup_setup_from({{"/sys/fs/cgroup", "cgroup2", "rw"}}, false);
  EXPECT_EQ(HostCgroups(setup, "slw-1-w").folders(), std::vector<std::string>{"/sys/fs/cgroup/slw-1-w"});
  EXPECT_EQ(cgroup_setup_from({{"/proc", "proc", "rw"}}, false).layout, CgroupLayout::none);
}

constexpr const char* addresses = R"([{"ifname":"eth0","addr_info":[{"local":"192.168.7.5","prefixlen":24}]},
                                      {"ifname":"slw-abc123","addr_info":[{"local":"10.99.0.1","prefixlen":24}]}])";
constexpr const char* routes = R"([{"dst":"default","dev":"eth0"},{"dst":"172.16.0.0/12","dev":"tun0"},
                                   {"dst":"10.98.4.4","dev":"eth0"},{"dst":"10.99.0.0/24","dev":"slw-abc123"}])";

struct SubnetCase {
  const char* subnet;
  const char* own_bridge;
  const char* user;
};
class SubnetUserTest : public ::testing::TestWithParam<SubnetCase> {};

TEST_P(SubnetUserTest, IsNamed) {
  EXPECT_EQ(subnet_user(addresses, routes, *parse_cidr(GetParam().subnet), GetParam().own_bridge), GetParam().user);
}

INSTANTIATE_TEST_SUITE_P(
    Subnets, SubnetUserTest,
    ::testing::Values(SubnetCase{"10.97.0.0/24", "slw-abc123", ""}, SubnetCase{"10.99.0.0/24", "slw-abc123", ""},
                      SubnetCase{"10.99.0.0/24", "slw-def456", "address 10.99.0.1/24 on interface slw-abc123"},
                      SubnetCase{"10.99.0.128/25", "slw-def456", "address 10.99.0.1/24 on interface slw-abc123"},
                      SubnetCase{"192.168.0.0/16", "", "address 192.168.7.5/24 on interface eth0"},
                      SubnetCase{"172.20.0.0/24", "", "route 172.16.0.0/12 by interface tun0"},
                      SubnetCase{"10.98.4.0/24", "", "route 10.98.4.4 by interface eth0"}));

TEST(ResolvConfTest, LoopbackServersAreReplacedByWhatSystemdResolvedForwardsTo) {
  EXPECT_EQ(resolv_conf_for_hosts("# by hand\nnameserver 10.1.1.1\nsearch lab\n", ""),
            "nameserver 10.1.1.1\nsearch lab\n");
  EXPECT_EQ(resolv_conf_for_hosts("nameserver 127.0.0.53\noptions edns0\n", "nameserver 192.168.1.1\n"),
            "nameserver 192.168.1.1\n");
  EXPECT_EQ(resolv_conf_for_hosts("nameserver 127.0.0.1\n", ""), "");
}

TEST(HostFilesTest, NamesThatWereAddedOutliveARestart) {
  const TemporaryFolder folder;
  MachineOrder order;
  order.name = MachineName("workers-1");
  ASSERT_TRUE(write_host_files(folder.path(), order, "10.99.0.12").ok());
  const std::string path = folder.path() + "/etc/hosts", added = *read_file(path) + "10.99.0.10 api.lab\n";
  ASSERT_TRUE(write_file_atomically(path, added, 0644).ok());
  ASSERT_TRUE(write_host_files(folder.path(), order, "10.99.0.12").ok());
  EXPECT_EQ(*read_file(path), added);
  ASSERT_TRUE(write_host_files(folder.path(), order, "10.99.0.13").ok());
  EXPECT_NE(read_file(path)->find("10.99.0.13 workers-1\n"), std::string::npos);
}

TEST(HostFilesTest, IdentityIsWrittenAndTheMachineIdIsKept) {
  const TemporaryFolder folder;
  MachineOrder order;
  order.name = MachineName("workers-1");
  order.host_private_key = "PRIVATE\n";
  order.host_public_key = "ssh-ed25519 AAAA";
  order.login_public_key = "ssh-ed25519 BBBB";
  ASSERT_TRUE(write_host_files(folder.path(), order, "10.99.0.12").ok());
  EXPECT_EQ(*read_file(folder.path() + "/etc/hostname"), "workers-1\n");
  EXPECT_NE(read_file(folder.path() + "/etc/hosts")->find("10.99.0.12 workers-1\n"), std::string::npos);
  EXPECT_EQ(*read_file(folder.path() + "/etc/ssh/ssh_host_ed25519_key"), "PRIVATE\n");
  EXPECT_EQ(*read_file(folder.path() + "/root/.ssh/authorized_keys"), "ssh-ed25519 BBBB\n");
  const std::string machine_id = *read_file(folder.path() + "/etc/machine-id");
  EXPECT_EQ(machine_id.size(), 33u);
  ASSERT_TRUE(write_host_files(folder.path(), order, "10.99.0.12").ok());
  EXPECT_EQ(*read_file(folder.path() + "/etc/machine-id"), machine_id);
}

TEST(MachineFolderTest, RecordSurvivesAndDamageIsSaid) {
  const TemporaryFolder folder;
  const MachineFolder machine(folder.path() + "/w-1");
  MachineRecord written;
  written.name = "w-1";
  written.mark = "demo/machine/w-1";
  ASSERT_TRUE(machine.write(written).ok());
  const Result<MachineRecord> record = machine.read();
  ASSERT_TRUE(record.ok());
  EXPECT_EQ(record->mark, "demo/machine/w-1");
  EXPECT_FALSE(record->complete);
  ASSERT_EQ(machine_folders(folder.path()).size(), 1u);
  ASSERT_TRUE(write_file_atomically(machine.path() + "/machine.json", "{\"name\":").ok());
  EXPECT_EQ(machine.read().error().kind, ErrorKind::corrupt);
  EXPECT_TRUE(machine_folders(folder.path() + "/nowhere").empty());
}

TEST(FileLockTest, SecondTakerWaitsUntilTheFirstIsDone) {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/lock";
  {
    Result<FileLock> first = FileLock::take(path, Deadline::in(Seconds(5)));
    ASSERT_TRUE(first.ok());
    const Result<FileLock> second = FileLock::take(path, Deadline::in(Milliseconds(1)));
    ASSERT_FALSE(second.ok());
    EXPECT_EQ(second.error().kind, ErrorKind::timeout);
    first->remove_file();
  }
  EXPECT_TRUE(FileLock::take(path, Deadline::in(Seconds(5))).ok());
}

TEST(FileLockTest, ACommandThatOutlivesUsKeepsItUntilItEnds) {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/lock";
  {
    const Result<FileLock> lock = FileLock::take(path, Deadline::in(Seconds(5)));
    ASSERT_TRUE(lock.ok());
    // Programs like mmdebstrap hand descriptors to shells, which know those below 10.
    ASSERT_TRUE(
        run_or_fail(
            {.arguments = {"sh", "-c",
                           "! ls -l /proc/$$/fd/[3-9] 2>&1 | grep -q /lock && sleep 1 >/dev/null 2>&1 </dev/null &"},
             .keep_open = lock->descriptor()})
            .ok());
  }
  EXPECT_FALSE(FileLock::take(path, Deadline::in(Milliseconds(1))).ok());
  EXPECT_TRUE(FileLock::take(path, Deadline::in(Seconds(10))).ok());
}

TEST(RemoveTreeTest, LinksAreDeletedAndNotFollowed) {
  const TemporaryFolder folder;
  ASSERT_TRUE(make_directories(folder.path() + "/keep").ok());
  ASSERT_TRUE(write_file_atomically(folder.path() + "/keep/file", "x").ok());
  ASSERT_TRUE(make_directories(folder.path() + "/gone/deep").ok());
  ASSERT_EQ(::symlink((folder.path() + "/keep").c_str(), (folder.path() + "/gone/link").c_str()), 0);
  EXPECT_TRUE(remove_tree(folder.path() + "/gone").ok());
  EXPECT_FALSE(read_file(folder.path() + "/gone/link/file").ok());
  EXPECT_TRUE(read_file(folder.path() + "/keep/file").ok());
  EXPECT_TRUE(remove_tree(folder.path() + "/never-was").ok());
}

TEST(PreflightTest, AvailableMemoryIsReadFromMeminfo) {
  EXPECT_EQ(available_memory("MemTotal: 100 kB\nMemFree: 10 kB\nMemAvailable:   42 kB\n"), 42u * 1024);
  EXPECT_EQ(available_memory(""), 0u);
}

TEST(PreflightTest, SpecLargerThanTheMachineIsSaidWithAdvice) {
  const TemporaryFolder folder;
  Spec spec = spec_named("huge");
  Pool pool;
  pool.name = "w";
  pool.count = 1000;
  pool.size = {.cpus = 4096, .memory_bytes = uint64_t{1} << 40, .disk_bytes = 0};
  spec.pools = {pool};
  Result<std::unique_ptr<Provider>> provider = make_local_provider(spec, {.data_directory = folder.path()});
  ASSERT_TRUE(provider.ok());
  std::string said;
  for (const Error& problem : (*provider)->preflight()) said += describe(problem) + "\n";
  if (::geteuid() != 0) {
    EXPECT_NE(said.find("local hosts need root"), std::string::npos) << said;
    return;
  }
  EXPECT_NE(said.find("not enough free memory"), std::string::npos) << said;
  EXPECT_NE(said.find("more cores than this machine"), std::string::npos) << said;
}

MachineOrder order_named(const std::string& name, const std::string& address) {
  MachineOrder order;
  order.name = MachineName(name);
  order.address = address;
  order.host_public_key = "ssh-ed25519 AAAA";
  order.host_private_key = "do-not-show";
  return order;
}

// A stand-in for `unshare` answers as ip does on a kernel without one kind of interface.
TEST(PreflightTest, KindOfInterfaceThatTheKernelLacksIsNamedAndNoOther) {
  if (::geteuid() != 0) GTEST_SKIP() << "local hosts need root";
  const TemporaryFolder folder;
  const std::string program = folder.path() + "/unshare";
  ASSERT_TRUE(write_file_atomically(program,
                                    "#!/bin/sh\nwhile read -r line; do n=$((n+1)); case $line in *vxlan*) echo 'Error: "
                                    "Unknown device type.' >&2; echo \"Command failed -:$n\" >&2; bad=1;; esac; done\n"
                                    "exit ${bad:-0}\n",
                                    0755)
                  .ok());
  const std::string path = std::getenv("PATH");
  ::setenv("PATH", (folder.path() + ":" + path).c_str(), 1);
  std::string said;
  for (const Error& problem : preflight(spec_named("a"), settings_for("a", folder.path()), true))
    said += describe(problem) + "\n";
  ::setenv("PATH", path.c_str(), 1);
  EXPECT_NE(said.find("the kernel lacks vxlan interfaces"), std::string::npos) << said;
  EXPECT_NE(said.find("Unknown device type"), std::string::npos) << said;
  EXPECT_EQ(said.find("lacks bridge"), std::string::npos) << said;
  EXPECT_EQ(said.find("lacks veth"), std::string::npos) << said;
}

TEST(LocalProviderTest, MachinesAreForecastInFullBeforeAnythingExists) {
  const TemporaryFolder folder;
  Result<std::unique_ptr<Provider>> provider =
      make_local_provider(spec_named("demo", {{"subnet", "10.211.9.0/24"}}), {.data_directory = folder.path()});
  ASSERT_TRUE(provider.ok());
  Graph graph;
  const auto steps = (*provider)->expand(graph, {order_named("w-1", "10.211.9.20"), order_named("w-2", "")});
  ASSERT_TRUE(steps.ok()) << describe(steps.error());
  const auto run =
      testing_support::run_graph(graph, (*provider)->reader(), (*provider)->writer(), testing_support::Apply::no);
  EXPECT_EQ(run.diffs.at(StepId("machine/w-1")).action, Action::create);
  std::map<std::string, Value> fields;
  for (const FieldChange& change : run.diffs.at(StepId("machine/w-2")).fields) {
    EXPECT_FALSE(change.unknown) << change.field;
    fields[change.field] = change.new_value;
    EXPECT_EQ(change.new_value.dump().find("do-not-show"), std::string::npos);
  }
  EXPECT_EQ(fields.at("address"), "10.211.9.11");
  EXPECT_FALSE(run.outputs.at(StepId("machine/w-1")).contains("access"));
}

TEST(LocalProviderTest, AddressesThatCannotBeAreRefused) {
  const TemporaryFolder folder;
  Result<std::unique_ptr<Provider>> provider =
      make_local_provider(spec_named("demo", {{"subnet", "10.211.9.0/24"}}), {.data_directory = folder.path()});
  ASSERT_TRUE(provider.ok());
  for (const char* address : {"10.211.9.1", "10.211.9.0", "10.211.9.255", "10.211.8.20", "x"}) {
    Graph graph;
    const auto steps = (*provider)->expand(graph, {order_named("w-1", address)});
    ASSERT_FALSE(steps.ok()) << address;
    EXPECT_EQ(steps.error().kind, ErrorKind::bad_input);
  }
  Graph graph;
  EXPECT_FALSE((*provider)->expand(graph, {order_named("w-1", "10.211.9.9"), order_named("w-2", "10.211.9.9")}).ok());
}

TEST(LocalProviderTest, NothingIsOwnedBeforeAnythingWasMade) {
  const TemporaryFolder folder;
  Result<std::unique_ptr<Provider>> provider =
      make_local_provider(spec_named("demo"), {.data_directory = folder.path()});
  ASSERT_TRUE(provider.ok());
  const auto owned = (*provider)->list_owned();
  ASSERT_TRUE(owned.ok());
  EXPECT_TRUE(owned->empty());
  EXPECT_TRUE((*provider)->writer().remove("machine", "slw-0-never", Deadline::in(Seconds(1))).ok());
}

TEST(BaseImageTest, NameTellsReleaseAndRecipe) {
  const BaseImage bookworm("bookworm", ""), trixie("trixie", "");
  EXPECT_TRUE(bookworm.name().starts_with("bookworm-"));
  EXPECT_NE(bookworm.name().substr(9), trixie.name().substr(7));
  EXPECT_EQ(bookworm.name(), BaseImage("bookworm", "http://mirror.example/debian").name());
}

}  // namespace
}  // namespace slipway::local
