#include "spec/spec.h"

#include <cstdlib>
#include <filesystem>
#include <gtest/gtest.h>

#include "base/digest.h"
#include "base/error_reference.h"
#include "base/file.h"
#include "base/ids.h"

namespace slipway {
namespace {

Spec spec_of(const std::string& text) {
  Result<Spec> spec = parse_spec("dir/test.yaml", text);
  if (!spec) {
    ADD_FAILURE() << describe(spec.error());
    return {};
  }
  return std::move(*spec);
}

const char* const smallest = "name: demo\nprovider: local\npools: {control: {role: control-plane, count: 1}}\n";

TEST(Spec, SmallestSpecGetsEveryDefault) {
  const Spec spec = spec_of(smallest);
  EXPECT_EQ(spec.path, "dir/test.yaml");
  EXPECT_EQ(spec.digest, sha256(smallest));
  EXPECT_EQ(spec.name, "demo");
  EXPECT_EQ(spec.provider, "local");
  EXPECT_EQ(text_at(spec.provider_settings, "release"), "bookworm");
  EXPECT_EQ(spec.ssh.user, "root");
  EXPECT_EQ(spec.ssh.port, 22);
  EXPECT_EQ(spec.ssh.key, "");
  EXPECT_FALSE(spec.ssh.sudo);
  EXPECT_EQ(spec.ssh.jump, "");
  EXPECT_EQ(spec.ssh.known_hosts, home_directory() + "/.ssh/known_hosts");
  EXPECT_EQ(to_string(spec.network.pods), "10.244.0.0/16");
  EXPECT_EQ(to_string(spec.network.services), "10.96.0.0/16");
  EXPECT_EQ(spec.network.endpoint_name, "api.demo.slipway.internal");
  EXPECT_FALSE(spec.network.load_balancers);
  EXPECT_EQ(spec.kubernetes.version, "1.36.4");
  EXPECT_TRUE(spec.kubernetes.extra_args.empty());
  EXPECT_EQ(spec.kubernetes.etcd_backup.every_hours, 6);
  EXPECT_EQ(spec.kubernetes.etcd_backup.keep, 12);
  EXPECT_TRUE(spec.kubernetes.registry_mirrors.empty());
  EXPECT_TRUE(spec.addons.empty());
  ASSERT_EQ(spec.pools.size(), 1U);
  EXPECT_EQ(spec.pools[0].size.cpus, 2);
  EXPECT_EQ(spec.pools[0].size.memory_bytes, uint64_t{2} << 30);
  EXPECT_EQ(spec.pools[0].size.disk_bytes, uint64_t{20} << 30);
  EXPECT_FALSE(spec.pools[0].protect);
}

TEST(Spec, EveryKeyArrives) {
  const Spec spec = spec_of(R"(
name: lab
provider: existing
existing: {}
ssh: {user: admin, port: 2222, key: keys/id, sudo: true, jump: "me@bastion:2200", known_hosts: /etc/known}
network: {pods: 10.128.0.0/16, services: 10.64.0.0/16, endpoint: 10.99.0.10, endpoint_name: k8s.example.org, load_balancers: 10.99.0.200-10.99.0.219}
kubernetes:
  version: 1.35.8
  etcd_backup: {every_hours: 2, keep: 36}
  extra_args: {apiserver: {audit-log-maxage: "30"}, kubelet: {v: "4"}}
  registry_mirrors: {docker.io: [https://mirror.example.org], "registry.local:5000": ["http://10.0.0.1:5000", "http://10.0.0.2:5000"], _default: []}
pools:
  zeta:
    role: worker
    size: {memory: 4GiB}
    labels: {tier: app, example.org/zone: a, node-role.kubernetes.io/db: ""}
    taints: [{key: dedicated, value: db, effect: NoSchedule}, {key: spare, effect: NoExecute}]
    hosts:
      - {name: w1, address: 10.99.0.12, port: 2022, user: root, fingerprint: "SHA256:uNiVztksCsDhcc0u9e8BrFXWrNCPUbuTLPr1PTDVWZ8"}
    moved: {from: old}
    protect: true
  control: {role: control-plane, hosts: [{name: c1, address: 10.99.0.11}]}
addons:
  metallb: {enabled: true}
  postgres: {storage: 2Gi, backup: {schedule: "0 3 * * *", keep: 7}}
)");
  EXPECT_EQ(spec.ssh.user, "admin");
  EXPECT_EQ(spec.ssh.port, 2222);
  EXPECT_EQ(spec.ssh.key, "dir/keys/id");
  EXPECT_TRUE(spec.ssh.sudo);
  EXPECT_EQ(spec.ssh.jump, "me@bastion:2200");
  EXPECT_EQ(spec.ssh.known_hosts, "/etc/known");
  EXPECT_EQ(to_string(spec.network.endpoint), "10.99.0.10");
  EXPECT_EQ(spec.network.endpoint_name, "k8s.example.org");
  ASSERT_TRUE(spec.network.load_balancers);
  EXPECT_EQ(to_string(*spec.network.load_balancers), "10.99.0.200-10.99.0.219");
  EXPECT_EQ(spec.kubernetes.version, "1.35.8");
  EXPECT_EQ(spec.kubernetes.etcd_backup.every_hours, 2);
  EXPECT_EQ(spec.kubernetes.etcd_backup.keep, 36);
  EXPECT_EQ(spec.kubernetes.extra_args.at("apiserver").at("audit-log-maxage"), "30");
  EXPECT_EQ(spec.kubernetes.registry_mirrors.at("registry.local:5000").size(), 2U);

  ASSERT_EQ(spec.pools.size(), 2U);
  const Pool& zeta = spec.pools[0];
  EXPECT_EQ(zeta.name, "zeta") << "pools keep the file's order";
  EXPECT_EQ(zeta.role, Role::worker);
  EXPECT_EQ(zeta.count, 1);
  EXPECT_EQ(zeta.size.cpus, 0) << "nothing is asked of existing hosts that the spec does not state";
  EXPECT_EQ(zeta.size.memory_bytes, uint64_t{4} << 30);
  EXPECT_EQ(zeta.labels.at("example.org/zone"), "a");
  ASSERT_EQ(zeta.taints.size(), 2U);
  EXPECT_EQ(zeta.taints[1].key, "spare");
  EXPECT_EQ(zeta.taints[1].value, "");
  ASSERT_EQ(zeta.hosts.size(), 1U);
  EXPECT_EQ(zeta.hosts[0].port, 2022);
  EXPECT_EQ(zeta.hosts[0].user, "root");
  EXPECT_EQ(zeta.moved_from, "old");
  EXPECT_TRUE(zeta.protect);
  EXPECT_EQ(spec.pools[1].hosts[0].port, 0);
  EXPECT_EQ(spec.find_pool("control"), &spec.pools[1]);
  EXPECT_EQ(spec.find_pool("none"), nullptr);

  EXPECT_EQ(spec.addons.at("metallb"), (Value{{"enabled", true}}));
  EXPECT_EQ(spec.addons.at("postgres"),
            Value::parse(R"({"enabled":true,"storage":"2Gi","backup":{"schedule":"0 3 * * *","keep":7}})"));
}

TEST(Spec, AMachinesPriceIsANumberNotBelowZero) {
  const auto pool = [](const std::string& price) {
    return "name: demo\nprovider: local\npools: {control: {role: control-plane, count: 1" + price + "}}\n";
  };
  EXPECT_FALSE(spec_of(pool("")).pools[0].price_per_hour);
  EXPECT_DOUBLE_EQ(spec_of(pool(", price_per_hour: 0.042")).pools[0].price_per_hour.value(), 0.042);
  EXPECT_DOUBLE_EQ(spec_of(pool(", price_per_hour: 2")).pools[0].price_per_hour.value(), 2);
  for (const char* bad :
       {", price_per_hour: -1", ", price_per_hour: cheap", ", price_per_hour: .nan", ", price_per_hour: '2'"}) {
    const std::vector<SpecFault> faults = check_spec(pool(bad));
    ASSERT_EQ(faults.size(), 1u) << bad;
    EXPECT_EQ(faults[0].expected, "a number such as 0.25, not below zero") << bad;
  }
}

TEST(Spec, HostsAloneAreEnoughForExisting) {
  const Spec spec = spec_of(
      "name: a\nprovider: existing\nnetwork: {endpoint: 10.0.0.9}\npools: {c: {role: control-plane, hosts: [{name: c1, "
      "address: 10.0.0.1}]}}\n");
  EXPECT_EQ(spec.ssh.key, home_directory() + "/.ssh/id_ed25519");
  EXPECT_EQ(spec.provider_settings, Value::object());
}

std::string local(const std::string& name, const std::string& rest) {
  return "name: " + name + "\nprovider: local\npools: {control: {role: control-plane, count: 1}}\n" + rest;
}

std::string subnet_of(const Spec& spec) { return text_at(spec.provider_settings, "subnet"); }

TEST(SpecDefaults, SubnetComesFromTheEndpoint) {
  const Spec spec = spec_of(local("demo", "network: {endpoint: 192.168.7.30}\n"));
  EXPECT_EQ(subnet_of(spec), "192.168.7.0/24");
}

TEST(SpecDefaults, SubnetComesFromTheLoadBalancersNext) {
  const Spec spec = spec_of(local("demo", "network: {load_balancers: 192.168.8.100-192.168.8.110}\n"));
  EXPECT_EQ(subnet_of(spec), "192.168.8.0/24");
  EXPECT_EQ(to_string(spec.network.endpoint), "192.168.8.10");
}

TEST(SpecDefaults, EndpointComesFromTheSubnet) {
  EXPECT_EQ(to_string(spec_of(local("demo", "local: {subnet: 10.5.4.0/22}\n")).network.endpoint), "10.5.4.10");
  EXPECT_EQ(to_string(spec_of(local("demo", "local: {subnet: 10.5.4.32/28}\n")).network.endpoint), "10.5.4.34");
}

TEST(SpecDefaults, TwoNamesGetTwoSubnets) {
  const Spec demo = spec_of(local("demo", "")), lab = spec_of(local("lab", ""));
  EXPECT_NE(subnet_of(demo), subnet_of(lab));
  EXPECT_EQ(subnet_of(demo), subnet_of(spec_of(local("demo", ""))));
  EXPECT_TRUE(parse_cidr(subnet_of(demo))->range().contains(demo.network.endpoint));
}

TEST(SpecDefaults, OpenstackNetworkOfItsOwnHasSubnetAndEndpoint) {
  const Spec spec = spec_of(
      "name: shop\nprovider: openstack\nopenstack: {image: debian, flavor: {cpus: 2, memory: 4GiB}}\npools: {c: {role: "
      "control-plane, count: 1}}\n");
  const Result<Cidr> subnet = parse_cidr(subnet_of(spec));
  ASSERT_TRUE(subnet);
  EXPECT_EQ(spec.network.endpoint.bits, subnet->base.bits + 10);
  EXPECT_EQ(spec.provider_settings.at("flavor"), (Value{{"cpus", 2}, {"memory", int64_t{4} << 30}}));
  EXPECT_EQ(spec.provider_settings.at("anti_affinity"), "soft");
}

TEST(SpecDefaults, SimulatedNeedsNothing) {
  const Spec spec = spec_of(
      "name: sim\nprovider: simulated\nnetwork: {pods: 10.128.0.0/10}\npools: {c: {role: control-plane, count: 3}, w: "
      "{role: worker, count: 5000}, v: {role: worker, count: 5000}}\n");
  EXPECT_EQ(spec.provider_settings.at("machines"), 10000);
  EXPECT_NE(spec.network.endpoint.bits, 0U);
}

TEST(Spec, EmptyBlocksAndAliasesAreFine) {
  const Spec spec = spec_of(
      "name: demo\nprovider: local\nlocal:\naddons:\npools:\n  a: &pool {role: control-plane, count: 1, labels: }\n  "
      "b: {role: worker, count: 0, size: &s {memory: 3GiB}}\n  c: {role: worker, count: 2, size: *s}\n");
  EXPECT_EQ(spec.find_pool("c")->size.memory_bytes, uint64_t{3} << 30);
  EXPECT_EQ(spec.find_pool("b")->count, 0);
}

TEST(Spec, ExpandsHomeAndResolvesRelativePaths) {
  EXPECT_EQ(resolve_path("", "a/b.yaml"), "");
  EXPECT_EQ(resolve_path("/x", "a/b.yaml"), "/x");
  EXPECT_EQ(resolve_path("~/x", "a/b.yaml"), home_directory() + "/x");
  EXPECT_EQ(resolve_path("~", "a/b.yaml"), home_directory());
  EXPECT_EQ(resolve_path("../x", "a/b.yaml"), "x");
  EXPECT_EQ(resolve_path("x", "b.yaml"), "x");
}

TEST(Spec, MissingFileIsBadInputAndNamesItsNeighbour) {
  const Result<Spec> alone = load_spec("/nonexistent/cluster.yaml");
  ASSERT_FALSE(alone);
  EXPECT_EQ(alone.error().kind, ErrorKind::bad_input);
  EXPECT_EQ(alone.error().found, "no file /nonexistent/cluster.yaml");
  EXPECT_EQ(alone.error().advice, "slipway init --file /nonexistent/cluster.yaml writes a first one");

  const std::filesystem::path folder = std::filesystem::temp_directory_path() / ("slipway-spec-" + random_hex(6));
  std::filesystem::create_directories(folder);
  for (const char* name : {"shop.yaml", "other.yml", "notes.txt"})
    ASSERT_TRUE(write_file_atomically((folder / name).string(), "name: shop\n"));
  const Result<Spec> near = load_spec((folder / "shop.yml").string());
  const Result<Spec> far = load_spec((folder / "cluster.yaml").string());
  std::filesystem::remove_all(folder);
  ASSERT_FALSE(near);
  EXPECT_EQ(near.error().advice, "did you mean '" + (folder / "shop.yaml").string() + "'?");
  ASSERT_FALSE(far);
  EXPECT_EQ(far.error().found, "no file " + (folder / "cluster.yaml").string() + "; there: other.yml, shop.yaml");
}

TEST(Spec, OneFaultFillsTheErrorsOwnFields) {
  const Result<Spec> spec = parse_spec(
      "inventory/lab.yaml", "name: lab\nprovider: opennebulla\npools: {c: {role: control-plane, count: 1}}\n");
  ASSERT_FALSE(spec);
  EXPECT_EQ(spec.error().kind, ErrorKind::bad_input);
  EXPECT_EQ(describe(spec.error()),
            "inventory/lab.yaml:2:11: bad value for provider (bad input)\n"
            "  found     text 'opennebulla'\n"
            "  expected  local, openstack, opennebula, existing or simulated\n"
            "  try       did you mean 'opennebula'?");
}

TEST(Spec, SeveralFaultsComeTogetherInFileOrder) {
  const Result<Spec> spec =
      parse_spec("lab.yaml", "nmae: lab\nprovider: local\npools:\n  c: {role: control-plane, count: 2}\n");
  ASSERT_FALSE(spec);
  EXPECT_EQ(describe(spec.error()),
            "lab.yaml:1:1: unknown key 'nmae'\n"
            "  found     nmae\n"
            "  expected  extends, name, provider, local, existing, openstack, opennebula, simulated, ssh, network, "
            "kubernetes, "
            "pools, addons\n"
            "  try       did you mean 'name'?\n"
            "lab.yaml:1:1: missing key 'name'\n"
            "  expected  name: a name\n"
            "lab.yaml:4:35: an even number of control planes\n"
            "  found     2\n"
            "  expected  1, 3, 5 or 7\n"
            "  try       etcd needs a majority: 2 survive no more failures than 1, and there are more to fail\n"
            "lab.yaml: 3 faults (bad input)\n"
            "  try       " +
                std::string(general_advice(ErrorKind::bad_input)));
}

TEST(Spec, TenThousandHostsAreRead) {
  std::string text =
      "name: big\nprovider: existing\nnetwork: {pods: 10.128.0.0/9, endpoint: 172.16.255.254}\npools:\n  control: "
      "{role: control-plane, hosts: [{name: c, address: 172.17.0.1}]}\n";
  int number = 0;
  for (const char* pool : {"w0", "w1"}) {
    text += std::string("  ") + pool + ":\n    role: worker\n    hosts:\n";
    for (int i = 0; i < 5000; ++i, ++number)
      text += std::string("      - {name: ") + pool + "-" + std::to_string(i) + ", address: 172.16." +
              std::to_string(number / 250) + "." + std::to_string(number % 250 + 1) + "}\n";
  }
  const Spec spec = spec_of(text);
  ASSERT_EQ(spec.pools.size(), 3U);
  EXPECT_EQ(spec.pools[2].hosts[4999].address, "172.16.39.250");
}

}  // namespace
}  // namespace slipway
