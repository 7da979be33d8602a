// Every kind of fault that a spec can have, with the place and the words that the user gets.

#include <algorithm>
#include <gtest/gtest.h>
#include <random>

#include "spec/spec.h"

namespace slipway {
namespace {

struct Malformed {
  const char* name;
  std::string text;
  std::vector<std::string> expected;  ///< "line:column: message" of each fault, in file order.
};

void PrintTo(const Malformed& row, std::ostream* out) { *out << row.name; }

/// A good local spec of four lines, then what the case adds from line 5 on.
std::string local(const std::string& rest) {
  return "name: demo\nprovider: local\nnetwork: {endpoint: 10.99.0.10}\npools: {control: {role: control-plane, count: "
         "1}}\n" +
         rest;
}

/// A good local spec of two lines whose network and pools the case gives, from line 3 on.
std::string bare(const std::string& rest) { return "name: demo\nprovider: local\n" + rest; }

const std::string one = "pools: {c: {role: control-plane, count: 1}}\n";

/// Three lines, then a flow list of hosts at line 4, column 37.
std::string hosts(const std::string& list) {
  return "name: demo\nprovider: existing\nnetwork: {endpoint: 10.0.0.9}\npools: {c: {role: control-plane, hosts: " +
         list + "}}\n";
}

std::string openstack(const std::string& block) { return "name: demo\nprovider: openstack\n" + block + one; }

const std::vector<Malformed>& cases() {
  static const std::vector<Malformed> rows{
      // The file itself.
      {"Empty", "", {"1:1: missing key 'name'", "1:1: missing key 'provider'", "1:1: missing key 'pools'"}},
      {"OnlyText", "name:demo\n", {"1:1: not a spec"}},
      {"AList", "- name: demo\n", {"1:1: not a spec"}},
      {"UnclosedBrace",
       "name: demo\npools: {c: {role: worker\n",
       {"3:1: a map that begins with '{' does not end here"}},
      {"UnclosedQuote", "name: \"demo\nprovider: local\n", {"1:7: the quotes are never closed"}},
      {"TabInIndentation", "name: demo\npools:\n\tc: {}\n", {"3:1: a tab in the indentation"}},
      {"WrongIndentation",
       "pools:\n    c:\n      role: worker\n   d: {}\n",
       {"4:4: the indentation fits none of the keys above"}},
      {"SecondDocument", local("---\nname: other\n"), {"6:1: a second document in the file"}},
      {"NotUtf8", "name: d\xE9mo\n", {"1:8: the file is not UTF-8"}},
      {"UndefinedAlias", "name: *nobody\n", {"1:7: the alias names no anchor above it"}},
      {"MergeKey", local("<<: {a: 1}\n"), {"5:1: merge keys ('<<') are not part of YAML 1.2"}},

      // Keys.
      {"UnknownTopKey", local("kubernets: {}\n"), {"5:1: unknown key 'kubernets'"}},
      {"UnknownNestedKey", local("kubernetes: {versoin: 1.36.4}\n"), {"5:14: unknown key 'versoin' in kubernetes"}},
      {"UnknownPoolKey",
       bare("pools:\n  c: {role: control-plane, coutn: 1, count: 1}\n"),
       {"4:28: unknown key 'coutn' in pools.c"}},
      {"UnknownHostKey",
       hosts("[{name: a, address: 10.0.0.1, adress: x}]"),
       {"4:71: unknown key 'adress' in pools.c.hosts[0]"}},
      {"BlankMissingAfterColon", local("ssh: {port:22}\n"), {"5:7: unknown key 'port:22' in ssh"}},
      {"ColonMissing", local("addons\n"), {"5:1: no ':' after 'addons'"}},
      {"DuplicateTopKey", local("name: again\n"), {"5:1: duplicate key 'name'"}},
      {"DuplicatePool",
       bare("pools:\n  c: {role: control-plane, count: 1}\n  c: {role: worker, count: 1}\n"),
       {"5:3: duplicate key 'c'"}},
      {"MissingName", "provider: local\n" + one, {"1:1: missing key 'name'"}},
      {"MissingRole",
       bare("pools:\n  c: {role: control-plane, count: 1}\n  w: {count: 1}\n"),
       {"5:3: missing key 'role' in pools.w"}},
      {"MissingCount",
       bare("pools:\n  c: {role: control-plane, count: 1}\n  w: {role: worker}\n"),
       {"5:3: missing key 'count' in pools.w"}},
      {"MissingHosts",
       "name: demo\nprovider: existing\nnetwork: {endpoint: 10.0.0.9}\npools: {c: {role: control-plane}}\n",
       {"4:9: missing key 'hosts' in pools.c"}},
      {"MissingHostAddress", hosts("[{name: a}]"), {"4:42: missing key 'address' in pools.c.hosts[0]"}},

      // Types.
      {"TextForNumber", bare("pools: {c: {role: control-plane, count: one}}\n"), {"3:41: bad value for pools.c.count"}},
      {"QuotedNumber",
       bare("pools: {c: {role: control-plane, count: \"1\"}}\n"),
       {"3:41: bad value for pools.c.count"}},
      {"FractionForNumber",
       bare("pools: {c: {role: control-plane, count: 1.5}}\n"),
       {"3:41: bad value for pools.c.count"}},
      {"NumberForText",
       local("kubernetes: {extra_args: {etcd: {v: 4}}}\n"),
       {"5:37: bad value for kubernetes.extra_args.etcd.v"}},
      {"NumberForName", "name: 5\nprovider: local\n" + one, {"1:7: bad value for name"}},
      {"TextForFlag", local("ssh: {sudo: yes}\n"), {"5:13: bad value for ssh.sudo"}},
      {"MapForText", local("ssh: {user: {name: root}}\n"), {"5:13: bad value for ssh.user"}},
      {"ListForMap", bare("pools: [{role: control-plane}]\n"), {"3:8: bad value for pools"}},
      {"TextForList", hosts("here"), {"4:41: bad value for pools.c.hosts"}},
      {"NothingForText", local("kubernetes: {version: }\n"), {"5:23: bad value for kubernetes.version"}},
      {"EmptyTextForAddress", bare("network: {endpoint: \"\"}\n" + one), {"3:21: bad value for network.endpoint"}},
      {"LabelThatIsABoolean",
       bare("pools: {c: {role: control-plane, count: 1, labels: {gpu: true}}}\n"),
       {"3:58: bad value for pools.c.labels.gpu"}},

      // Values.
      {"UpperCaseName", "name: Demo\nprovider: local\n" + one, {"1:7: name: bad name 'Demo'"}},
      {"LongName",
       "name: " + std::string(41, 'a') + "\nprovider: local\n" + one,
       {"1:7: name: bad name '" + std::string(41, 'a') + "'"}},
      {"PoolNameWithUnderscore",
       bare("pools: {control_plane: {role: control-plane, count: 1}}\n"),
       {"3:9: bad name 'control_plane' in pools"}},
      {"HostNameWithDot", hosts("[{name: a.b, address: 10.0.0.1}]"), {"4:49: pools.c.hosts[0].name: bad name 'a.b'"}},
      {"UnknownProvider", "name: demo\nprovider: opennebulla\n" + one, {"2:11: bad value for provider"}},
      {"UnknownRole", bare("pools: {c: {role: master, count: 1}}\n"), {"3:19: bad value for pools.c.role"}},
      {"UnknownRelease", local("local: {release: sid}\n"), {"5:18: bad value for local.release"}},
      {"OldVersion",
       local("kubernetes: {version: 1.34.11}\n"),
       {"5:23: kubernetes.version: Kubernetes 1.34 is not supported"}},
      {"FutureVersion",
       local("kubernetes: {version: 1.38.0}\n"),
       {"5:23: kubernetes.version: Kubernetes 1.38 is not supported"}},
      {"MinorVersionOnly", local("kubernetes: {version: 1.36}\n"), {"5:23: bad value for kubernetes.version"}},
      {"VersionWithV", local("kubernetes: {version: v1.36.4}\n"), {"5:23: bad value for kubernetes.version"}},
      {"EtcdNeverSaved",
       local("kubernetes: {etcd_backup: {every_hours: 0}}\n"),
       {"5:41: bad value for kubernetes.etcd_backup.every_hours"}},
      {"UnknownComponent",
       local("kubernetes: {extra_args: {apiservr: {}}}\n"),
       {"5:27: unknown key 'apiservr' in kubernetes.extra_args"}},
      {"FlagWithDashes",
       local("kubernetes: {extra_args: {etcd: {--debug: \"1\"}}}\n"),
       {"5:34: bad flag '--debug' in kubernetes.extra_args.etcd"}},
      {"MirrorWithoutScheme",
       local("kubernetes: {registry_mirrors: {docker.io: [mirror]}}\n"),
       {"5:45: bad value for kubernetes.registry_mirrors.docker.io[0]"}},
      {"RegistryWithScheme",
       local("kubernetes: {registry_mirrors: {\"https://docker.io\": []}}\n"),
       {"5:33: bad registry 'https://docker.io' in kubernetes.registry_mirrors"}},
      {"SizeWithoutUnit",
       bare("pools: {c: {role: control-plane, count: 1, size: {memory: \"2\"}}}\n"),
       {"3:59: bad value for pools.c.size.memory"}},
      {"SizeOfOneLetter",
       bare("pools: {c: {role: control-plane, count: 1, size: {disk: 20G}}}\n"),
       {"3:57: bad value for pools.c.size.disk"}},
      {"SizeAsNumber",
       bare("pools: {c: {role: control-plane, count: 1, size: {memory: 2}}}\n"),
       {"3:59: bad value for pools.c.size.memory"}},
      {"PortOutOfRange", local("ssh: {port: 70000}\n"), {"5:13: bad value for ssh.port"}},
      {"UserThatIsAnOption", local("ssh: {user: -oProxyCommand=x, sudo: true}\n"), {"5:13: bad value for ssh.user"}},
      {"BadJumpHost", local("ssh: {jump: \"me@host:port\"}\n"), {"5:13: bad value for ssh.jump"}},
      {"OtherUsersHome", local("ssh: {key: ~joe/key}\n"), {"5:12: bad value for ssh.key"}},
      {"BadFingerprint",
       hosts("[{name: a, address: 10.0.0.1, fingerprint: \"MD5:aa:bb\"}]"),
       {"4:84: bad value for pools.c.hosts[0].fingerprint"}},
      {"BadLabelValue",
       bare("pools: {c: {role: control-plane, count: 1, labels: {tier: \"a b\"}}}\n"),
       {"3:59: bad value for pools.c.labels.tier"}},
      {"BadLabelKey",
       bare("pools: {c: {role: control-plane, count: 1, labels: {a/b/c: x}}}\n"),
       {"3:53: bad key 'a/b/c' in pools.c.labels"}},
      {"KubernetesLabel",
       bare("pools: {c: {role: control-plane, count: 1, labels: {node.kubernetes.io/x: a}}}\n"),
       {"3:53: label 'node.kubernetes.io/x' belongs to Kubernetes"}},
      {"BadTaintEffect",
       bare("pools: {c: {role: control-plane, count: 1, taints: [{key: a, effect: NoSchedul}]}}\n"),
       {"3:70: bad value for pools.c.taints[0].effect"}},
      {"TaintTwice",
       bare("pools: {c: {role: control-plane, count: 1, taints: [{key: a, effect: NoExecute}, {key: a, value: b, "
            "effect: NoExecute}]}}\n"),
       {"3:82: the same taint twice in pools.c"}},
      {"TaintAsText",
       bare("pools: {c: {role: control-plane, count: 1, taints: [\"a=b:NoExecute\"]}}\n"),
       {"3:53: bad value for pools.c.taints[0]"}},
      {"UnknownAddon", local("addons: {metalb: {}}\n"), {"5:10: unknown key 'metalb' in addons"}},
      {"AddonThatIsNoBlock", local("addons: {ingress: true}\n"), {"5:19: bad value for addons.ingress"}},
      {"AddonEnabledAsText",
       local("addons: {ingress: {enabled: on}}\n"),
       {"5:29: bad value for addons.ingress.enabled"}},

      // Networks.
      {"BadAddress", bare("network: {endpoint: 10.99.0.300}\n" + one), {"3:21: bad value for network.endpoint"}},
      {"AddressOfNoHost",
       bare("network: {endpoint: 224.0.0.5}\n" + one),
       {"3:21: network.endpoint: no host can have this address"}},
      {"IPv6Endpoint",
       bare("network: {endpoint: \"fd00::10\"}\n" + one),
       {"3:21: network.endpoint: IPv6 is not supported yet"}},
      {"IPv6Pods", local("") + "local: {subnet: \"fd00::/64\"}\n", {"5:17: local.subnet: IPv6 is not supported yet"}},
      {"HostBitsInNetwork",
       bare("network: {pods: 10.244.1.0/16}\n" + one),
       {"3:17: network.pods: the network has host bits set"}},
      {"NetworkWithoutPrefix", bare("network: {pods: 10.244.0.0}\n" + one), {"3:17: bad value for network.pods"}},
      {"LoopbackNetwork",
       bare("network: {pods: 127.0.0.0/16}\n" + one),
       {"3:17: network.pods: no host can have these addresses"}},
      {"ReversedRange",
       bare("network: {load_balancers: 10.99.0.9-10.99.0.5}\n" + one),
       {"3:27: network.load_balancers: the range ends before it begins"}},
      {"PodsOverlapServices",
       bare("network: {pods: 10.244.0.0/15, services: 10.245.0.0/16}\n" + one),
       {"3:42: network.services overlaps network.pods"}},
      {"PodsOverlapDefaultServices",
       bare("network: {pods: 10.96.0.0/16, endpoint: 10.99.0.10}\n" + one),
       {"3:17: network.pods overlaps network.services"}},
      {"SubnetOverlapsPods",
       bare("local: {subnet: 10.244.7.0/24}\n" + one),
       {"3:17: local.subnet overlaps network.pods"}},
      {"ServicesTooLarge",
       bare("network: {services: 10.0.0.0/11, endpoint: 192.168.0.10}\n" + one),
       {"3:21: network.services is too large"}},
      {"ServicesTooSmall", bare("network: {services: 10.96.0.0/29}\n" + one), {"3:21: network.services is too small"}},
      {"PodsTooSmall", bare("network: {pods: 10.244.0.0/25}\n" + one), {"3:17: network.pods is too small"}},
      {"SubnetTooLarge", bare("local: {subnet: 10.0.0.0/15}\n" + one), {"3:17: local.subnet is too large"}},
      {"EndpointOutsideSubnet",
       bare("local: {subnet: 10.99.0.0/24}\nnetwork: {endpoint: 10.99.1.10}\n" + one),
       {"4:21: network.endpoint lies outside local.subnet"}},
      {"EndpointIsTheBridge",
       bare("network: {endpoint: 10.99.0.1}\n" + one),
       {"3:21: network.endpoint is a reserved address of local.subnet"}},
      {"EndpointInPods",
       "name: demo\nprovider: existing\nnetwork: {endpoint: 10.244.0.9}\npools: {c: {role: control-plane, hosts: "
       "[{name: a, address: 10.0.0.1}]}}\n",
       {"3:21: network.endpoint lies inside network.pods"}},
      {"LoadBalancersOutsideSubnet",
       bare("network: {endpoint: 10.99.0.10, load_balancers: 10.99.1.1-10.99.1.9}\n" + one),
       {"3:49: network.load_balancers lies outside local.subnet"}},
      {"LoadBalancersHoldEndpoint",
       bare("network: {endpoint: 10.99.0.10, load_balancers: 10.99.0.5-10.99.0.20}\n" + one),
       {"3:49: network.load_balancers contains network.endpoint"}},
      {"LoadBalancersInPods",
       "name: demo\nprovider: existing\nnetwork: {endpoint: 10.0.0.9, load_balancers: 10.244.0.5}\npools: {c: {role: "
       "control-plane, hosts: [{name: a, address: 10.0.0.1}]}}\n",
       {"3:47: network.load_balancers overlaps network.pods"}},
      {"LoadBalancersHoldLastAddress",
       bare("network: {endpoint: 10.99.0.10, load_balancers: 10.99.0.240/28}\n" + one),
       {"3:49: network.load_balancers holds a reserved address of local.subnet"}},
      {"FixedHoldersOfThreeControlPlanes",
       "name: demo\nprovider: local\nnetwork: {address_holders: fixed}\npools: {c: {role: control-plane, count: 3}}\n",
       {"3:28: fixed address holders with more than one control plane"}},
      {"TooManyAddressesForFixedHolders",
       bare("network: {address_holders: fixed, load_balancers: 10.99.0.128-10.99.0.190}\n" + one),
       {"3:51: too many addresses for fixed holders"}},
      {"NoEndpointForExisting",
       "name: demo\nprovider: existing\npools: {c: {role: control-plane, hosts: [{name: a, address: 10.0.0.1}]}}\n",
       {"2:1: missing key 'endpoint' in network"}},

      // Machines and hosts.
      {"NoControlPlane", bare("pools: {w: {role: worker, count: 2}}\n"), {"3:1: no control plane"}},
      {"ZeroControlPlanes", bare("pools: {c: {role: control-plane, count: 0}}\n"), {"3:34: no control plane"}},
      {"EvenControlPlanes",
       bare("pools: {c: {role: control-plane, count: 2}}\n"),
       {"3:41: an even number of control planes"}},
      {"EvenControlPlanesOfTwoPools",
       bare("pools: {c: {role: control-plane, count: 1}, d: {role: control-plane, count: 3}}\n"),
       {"3:77: an even number of control planes"}},
      {"NineControlPlanes", bare("pools: {c: {role: control-plane, count: 9}}\n"), {"3:41: too many control planes"}},
      {"NegativeCount",
       bare("pools: {c: {role: control-plane, count: 1}, w: {role: worker, count: -1}}\n"),
       {"3:70: bad value for pools.w.count"}},
      {"HugeCount",
       bare("pools: {c: {role: control-plane, count: 1}, w: {role: worker, count: 5001}}\n"),
       {"3:70: bad value for pools.w.count"}},
      {"AbsurdCount",
       bare("pools: {c: {role: control-plane, count: 1}, w: {role: worker, count: 18446744073709551615}}\n"),
       {"3:70: bad value for pools.w.count"}},
      {"MoreMachinesThanAddresses",
       bare("local: {subnet: 10.99.0.0/28}\npools: {c: {role: control-plane, count: 1}, w: {role: worker, count: "
            "12}}\n"),
       {"4:70: more machines than local.subnet has addresses"}},
      {"MoreMachinesThanPodNetworks",
       bare("network: {pods: 10.244.0.0/22}\npools: {c: {role: control-plane, count: 1}, w: {role: worker, count: "
            "4}}\n"),
       {"3:17: network.pods is too small for the machines"}},
      {"SmallControlPlane",
       bare("pools: {c: {role: control-plane, count: 1, size: {cpus: 1, memory: 1GiB}}}\n"),
       {"3:57: pools.c.size.cpus is too small for a control plane",
        "3:68: pools.c.size.memory is too small for a control plane"}},
      {"SmallWorker",
       bare("pools: {c: {role: control-plane, count: 1}, w: {role: worker, count: 1, size: {memory: 512MiB, disk: "
            "1GiB}}}\n"),
       {"3:88: bad value for pools.w.size.memory", "3:102: bad value for pools.w.size.disk"}},
      {"CountForExisting",
       "name: demo\nprovider: existing\nnetwork: {endpoint: 10.0.0.9}\npools: {c: {role: control-plane, count: 1}}\n",
       {"4:34: provider existing makes no machines"}},
      {"HostsForLocal",
       bare("pools: {c: {role: control-plane, hosts: [{name: a, address: 10.0.0.1}]}}\n"),
       {"3:34: hosts are for provider existing only"}},
      {"CountAndHosts",
       hosts("[{name: a, address: 10.0.0.1}], count: 1"),
       {"4:73: count and hosts together in pools.c"}},
      {"DuplicateHostName",
       hosts("[{name: a, address: 10.0.0.1}, {name: a, address: 10.0.0.2}, {name: b, address: 10.0.0.3}]"),
       {"4:79: duplicate host name 'a'"}},
      {"DuplicateHostNameOfOtherPool",
       hosts("[{name: a, address: 10.0.0.1}]}, w: {role: worker, hosts: [{name: a, address: 10.0.0.2}]"),
       {"4:107: duplicate host name 'a'"}},
      {"DuplicateHostAddress",
       hosts("[{name: a, address: 10.0.0.1}, {name: b, address: 10.0.0.1, port: 2022}, {name: c, address: 10.0.0.2}]"),
       {"4:91: two hosts with the address 10.0.0.1"}},
      {"HostAtTheEndpoint", hosts("[{name: a, address: 10.0.0.9}]"), {"4:61: the host has network.endpoint's address"}},
      {"HostInPods", hosts("[{name: a, address: 10.244.0.1}]"), {"4:61: the host's address lies inside network.pods"}},
      {"HostInServices",
       hosts("[{name: a, address: 10.96.0.1}]"),
       {"4:61: the host's address lies inside network.services"}},
      {"HostByIPv6",
       hosts("[{name: a, address: \"fd00::1\"}]"),
       {"4:61: pools.c.hosts[0].address: IPv6 is not supported yet"}},
      {"HostByName", hosts("[{name: a, address: a.example.org}]"), {"4:61: bad value for pools.c.hosts[0].address"}},
      {"HostUserWithoutSudo",
       hosts("[{name: a, address: 10.0.0.1, user: admin}]"),
       {"4:77: the host's user is not root and ssh.sudo is false"}},
      {"MovedFromALivingPool",
       bare("pools: {c: {role: control-plane, count: 1}, w: {role: worker, count: 1, moved: {from: c}}}\n"),
       {"3:87: pool 'c' still exists"}},
      {"MovedFromTheSamePool",
       bare("pools:\n  c: {role: control-plane, count: 1, moved: {from: x}}\n  w: {role: worker, count: 1, moved: "
            "{from: x}}\n"),
       {"5:45: two pools were called 'x'"}},

      // How blocks fit together.
      {"BlockOfOtherProvider",
       local("openstack: {image: debian}\n"),
       {"5:1: block 'openstack' does not belong to provider local"}},
      {"NoOpenstackBlock", openstack(""), {"2:11: missing key 'image' in openstack"}},
      {"NoOpenstackImage", openstack("openstack: {cloud: a}\n"), {"3:1: missing key 'image' in openstack"}},
      {"FlavorWithoutMemory",
       openstack("openstack: {image: a, flavor: {cpus: 2}}\n"),
       {"3:23: missing key 'memory' in openstack.flavor"}},
      {"UnknownFloatingAddress",
       openstack("openstack: {image: a, floating_addresses: [apii], external_network: e}\n"),
       {"3:44: bad value for openstack.floating_addresses[0]"}},
      {"GivenNetworkWithoutEndpoint",
       openstack("openstack: {image: a, network: net, subnet: 10.1.0.0/24}\n"),
       {"2:1: missing key 'endpoint' in network"}},
      {"GivenNetworkWithoutSubnet",
       openstack("openstack: {image: a, network: net}\nnetwork: {endpoint: 10.1.0.10}\n"),
       {"3:23: missing key 'subnet' in openstack"}},
      {"FloatingAddressWithoutExternalNetwork",
       openstack("openstack: {image: a, floating_addresses: [api]}\n"),
       {"3:23: floating addresses need openstack.external_network"}},
      {"OpenstackSubnetTooSmall",
       openstack("openstack: {image: a, subnet: 10.1.0.0/27}\n"),
       {"3:31: openstack.subnet is too small"}},
      {"TemplateAndImage",
       "name: a\nprovider: opennebula\nopennebula: {template: a, image: b, network: n}\nnetwork: {endpoint: "
       "10.0.0.9}\n" +
           one,
       {"3:1: template and image together in opennebula"}},
      {"NeitherTemplateNorImage",
       "name: a\nprovider: opennebula\nopennebula: {network: n}\nnetwork: {endpoint: 10.0.0.9}\n" + one,
       {"3:1: no template and no image in opennebula"}},
      {"UserWithoutSudo", local("ssh: {user: debian}\n"), {"5:13: ssh.user is not root and ssh.sudo is false"}},
      {"MetallbWithoutAddresses",
       local("addons: {metallb: {enabled: true}}\n"),
       {"5:10: the add-on metallb has no addresses to give"}},

      // Many at once.
      {"ManyFaults",
       "nmae: x\nprovider: local\nssh: {port: 0}\npools: {c: {role: control-plane, count: 2}}\nname: demo\naddons: "
       "{metallb: {}}\n",
       {"1:1: unknown key 'nmae'", "3:13: bad value for ssh.port", "4:41: an even number of control planes",
        "6:10: the add-on metallb has no addresses to give"}},
  };
  return rows;
}

class MalformedSpec : public testing::TestWithParam<Malformed> {};

TEST_P(MalformedSpec, IsRefusedAtItsPlace) {
  std::vector<std::string> found;
  for (const SpecFault& fault : check_spec(GetParam().text)) {
    found.push_back(std::to_string(fault.line) + ":" + std::to_string(fault.column) + ": " + fault.message);
    EXPECT_FALSE(fault.found.empty() && fault.expected.empty() && fault.advice.empty())
        << fault.message << ": no details";
  }
  EXPECT_EQ(found, GetParam().expected) << GetParam().text;
  const Result<Spec> spec = parse_spec("f.yaml", GetParam().text);
  ASSERT_FALSE(spec);
  EXPECT_EQ(spec.error().kind, ErrorKind::bad_input);
  EXPECT_NE(describe(spec.error()).find("f.yaml:" + GetParam().expected.front()), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(Cases, MalformedSpec, testing::ValuesIn(cases()),
                         [](const auto& row) { return row.param.name; });

struct Detail {
  const char* name;
  std::string text;
  const char *found, *expected, *advice;
};

TEST(MalformedSpecDetails, SayWhatToDo) {
  const Detail rows[] = {
      {"nearest key", local("kubernetes: {versoin: 1.36.4}\n"), "versoin", "version, etcd_backup, extra_args, registry_mirrors",
       "did you mean 'version'?"},
      {"nearest choice", bare("pools: {c: {role: control-plan, count: 1}}\n"), "text 'control-plan'",
       "control-plane or worker", "did you mean 'control-plane'?"},
      {"nearest add-on", local("addons: {metrics-server: {}}\n"), "metrics-server",
       "metallb, ingress, registry, postgres, monitoring, metrics_server, cert_manager, gateway, tasktracker, "
       "network_policy, access, cinder, cloud_controller",
       "did you mean 'metrics_server'?"},
      {"number as text", local("kubernetes: {extra_args: {etcd: {v: 4}}}\n"), "number 4", "text",
       "put it in quotes: \"4\""},
      {"yes", local("ssh: {sudo: yes}\n"), "text 'yes'", "true or false", "write true"},
      {"quoted count", bare("pools: {c: {role: control-plane, count: \"1\"}}\n"), "text '1'",
       "a whole number from 0 to 5000", "write it without quotes"},
      {"better name", "name: My Cluster\nprovider: local\n" + one, "My Cluster",
       "lower-case letters, digits and '-', at most 40", "write 'my-cluster'"},
      {"version with v", local("kubernetes: {version: v1.36.4}\n"), "v1.36.4", "a full version such as 1.36.4",
       "write 1.36.4 without the 'v'"},
      {"host bits", bare("network: {pods: 10.244.1.0/16}\n" + one), "10.244.1.0/16", "10.244.0.0/16",
       "write 10.244.0.0/16"},
      {"blank after colon", local("ssh: {port:22}\n"), "port:22", "user, port, key, sudo, jump, known_hosts",
       "YAML wants a blank after the ':'"},
      {"empty address", bare("network: {endpoint: \"\"}\n" + one), "empty text", "an IPv4 address such as 10.99.0.10",
       "leave the key out to get its default"},
      {"old version", local("kubernetes: {version: 1.34.11}\n"), "1.34.11", "1.35, 1.36 or 1.37", ""},
  };
  for (const Detail& row : rows) {
    const std::vector<SpecFault> faults = check_spec(row.text);
    ASSERT_EQ(faults.size(), 1U) << row.name;
    EXPECT_EQ(faults[0].found, row.found) << row.name;
    EXPECT_EQ(faults[0].expected, row.expected) << row.name;
    EXPECT_EQ(faults[0].advice, row.advice) << row.name;
  }
}

TEST(MalformedSpecs, ChangedAtRandomGiveASpecOrFaultsInsideTheFile) {
  const std::string good =
      hosts("[{name: a, address: 10.0.0.1, fingerprint: \"\"}]") +
      "ssh: {user: root, key: ~/k, jump: a@b:1}\nkubernetes:\n  version: 1.36.4\n  extra_args: {etcd: {v: \"4\"}}\n"
      "addons:\n  postgres: {enabled: true, storage: 2Gi}\n";
  const std::string letters = "{}[]:,-#&*!|>'\"%@ \n\t0a/.~$\\\xC3\xA4?";
  int accepted = 0;
  for (unsigned seed = 0; seed < 2000; ++seed) {
    std::mt19937 random(seed);
    std::string text = good;
    for (size_t i = 1 + random() % 3; i > 0; --i) {
      const size_t at = random() % text.size();
      switch (random() % 3) {
        case 0:
          text.erase(at, 1 + random() % 5);
          break;
        case 1:
          text.insert(at, 1, letters[random() % letters.size()]);
          break;
        default:
          text.insert(at, text.substr(random() % text.size(), random() % 20));
          break;
      }
    }
    const Result<Spec> spec = parse_spec("f", text);
    const std::vector<SpecFault> faults = check_spec(text);
    ASSERT_EQ(spec.ok(), faults.empty()) << "seed " << seed;
    accepted += spec.ok();
    const auto lines = 1 + std::count(text.begin(), text.end(), '\n');
    for (const SpecFault& fault : faults) {
      ASSERT_GE(fault.line, 1) << "seed " << seed;
      ASSERT_LE(fault.line, lines + 1) << "seed " << seed << fault.message;
      ASSERT_GE(fault.column, 1) << "seed " << seed;
      ASSERT_FALSE(fault.message.empty()) << "seed " << seed;
    }
    if (Result<std::string> changed = with_pool_count(text, "c", 3)) {
      ASSERT_NE(*changed, text) << "seed " << seed;
    }
  }
  EXPECT_GT(accepted, 20) << "too few of the changed specs are good for this test to say something";
}

}  // namespace
}  // namespace slipway
