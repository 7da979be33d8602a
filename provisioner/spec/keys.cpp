#include "spec/provider_keys.h"

namespace slipway {
namespace {

std::vector<Key> top_keys() {
  return {
      {.path = "extends",
       .type = Type::path,
       .about = "Another spec that this one is put over: only what differs stands here (see "
                "[environments](guides/environments.md))."},
      {.path = "name",
       .type = Type::name,
       .required = true,
       .about = "The cluster's name. It marks everything that Slipway makes, so two clusters need two names."},
      {.path = "provider",
       .type = Type::choice,
       .required = true,
       .choices = {"local", "openstack", "opennebula", "existing", "simulated"},
       .about = "What makes the machines. The block of the same name holds its settings; blocks of other providers are "
                "errors."},
  };
}

std::vector<Key> access_keys() {
  return {
      {.path = "ssh", .type = Type::object, .about = "How machines are reached."},
      {.path = "ssh.user",
       .type = Type::user,
       .fallback = R"("root")",
       .about = "Login name. Other users than root need sudo: true."},
      {.path = "ssh.port",
       .type = Type::integer,
       .fallback = "22",
       .least = 1,
       .most = 65535,
       .about = "Port of the SSH server."},
      {.path = "ssh.key",
       .type = Type::path,
       .fallback_note = "~/.ssh/id_ed25519 for existing; others: a key that Slipway makes and keeps",
       .about = "Path of the private key. `~/` is your home; other relative paths start at the spec's "
                "folder."},
      {.path = "ssh.sudo",
       .type = Type::flag,
       .fallback = "false",
       .about = "Become root through sudo without a password."},
      {.path = "ssh.jump",
       .type = Type::jump,
       .fallback = R"("")",
       .about = "Jump host through which all machines are reached."},
      {.path = "ssh.known_hosts",
       .type = Type::path,
       .fallback = R"("~/.ssh/known_hosts")",
       .about = "Where host keys of existing hosts without a fingerprint, and of the jump host, are looked up."},

      {.path = "network", .type = Type::object, .about = "Addresses. IPv4 first: IPv6 is not supported yet."},
      {.path = "network.pods",
       .type = Type::cidr,
       .fallback = R"("10.244.0.0/16")",
       .about = "Addresses of pods, /8 to /24. Each machine takes a /24 of it, so a /16 serves 256 machines."},
      {.path = "network.services",
       .type = Type::cidr,
       .fallback = R"("10.96.0.0/16")",
       .about = "Addresses of services inside the cluster, /12 to /28."},
      {.path = "network.endpoint",
       .type = Type::address,
       .fallback_note =
           "the subnet's base + 10 (10.99.0.10 in 10.99.0.0/24; + 2 in a /27 or smaller) where Slipway makes the "
           "network; required for existing, opennebula, and openstack with openstack.network",
       .about = "The reserved virtual address of the Kubernetes API. No machine may have it."},
      {.path = "network.endpoint_name",
       .type = Type::dns_name,
       .fallback_note = "api.NAME.slipway.internal",
       .about = "The endpoint's stable name, in every certificate and kubeconfig."},
      {.path = "network.load_balancers",
       .type = Type::range,
       .about =
           "Addresses for services of type LoadBalancer, FIRST-LAST or a network. Required by the add-on metallb."},
      {.path = "network.address_holders",
       .type = Type::choice,
       .fallback = R"("any")",
       .choices = {"any", "fixed"},
       .about =
           "Who answers for the endpoint and the load balancers. any: whichever machine lives. fixed: each address "
           "belongs to one machine, for networks that drop what comes from other addresses than a machine's own "
           "(FILTER_IP_SPOOFING of OpenNebula); takes one control plane and at most 32 load balancers."},

      {.path = "kubernetes", .type = Type::object, .about = "The cluster itself."},
      {.path = "kubernetes.version",
       .type = Type::version,
       .fallback = R"("1.36.4")",
       .about = "Full version of 1.35, 1.36 or 1.37. A living cluster changes it only by `slipway upgrade`."},
      {.path = "kubernetes.etcd_backup",
       .type = Type::object,
       .about = "How each control plane saves etcd by itself. `slipway backup` fetches, tries out and restores."},
      {.path = "kubernetes.etcd_backup.every_hours",
       .type = Type::integer,
       .fallback = "6",
       .least = 1,
       .most = 168,
       .about = "Hours from one backup to the next; `doctor` complains when the newest is twice as old."},
      {.path = "kubernetes.etcd_backup.keep",
       .type = Type::integer,
       .fallback = "12",
       .least = 1,
       .most = 1000,
       .about = "How many a control plane keeps, and how many of the fetched ones are kept beside the state."},
      {.path = "kubernetes.extra_args",
       .type = Type::map,
       .fallback = "{}",
       .choices = {"apiserver", "controller_manager", "scheduler", "etcd", "kubelet"},
       .about =
           "Additional command-line flags by component, such as `apiserver: {audit-log-maxage: \"30\"}`. Those of the "
           "kubelet and the API server follow the spec at any time; the others are taken when a control plane is "
           "made."},
      {.path = "kubernetes.extra_args.<component>",
       .type = Type::map,
       .key_type = Type::flag_name,
       .about = "Flags by name, without dashes."},
      {.path = "kubernetes.extra_args.<component>.<flag>", .type = Type::text, .about = "The flag's value, as text."},
      {.path = "kubernetes.registry_mirrors",
       .type = Type::map,
       .fallback = "{}",
       .key_type = Type::registry,
       .about = "Mirrors that containerd asks before an image registry; `_default` stands for every other registry."},
      {.path = "kubernetes.registry_mirrors.<registry>", .type = Type::list, .about = "URLs, tried in order."},
      {.path = "kubernetes.registry_mirrors.<registry>[]", .type = Type::url},
  };
}

std::vector<Key> pool_keys() {
  return {
      {.path = "pools",
       .type = Type::map,
       .required = true,
       .about = "The machines, in groups that are alike. Machines are called POOL-1, POOL-2, …"},
      {.path = "pools.<pool>", .type = Type::object, .about = "One pool."},
      {.path = "pools.<pool>.role",
       .type = Type::choice,
       .required = true,
       .choices = {"control-plane", "worker"},
       .about = "What its machines are. All control planes of a cluster together are 1, 3, 5 or 7."},
      {.path = "pools.<pool>.count",
       .type = Type::integer,
       .least = 0,
       .most = 5000,
       .about = "How many machines. Required, except for provider existing, which lists hosts instead."},
      {.path = "pools.<pool>.size",
       .type = Type::object,
       .about =
           "What each machine gets. Of existing hosts: what each must have at least; nothing is asked by default."},
      {.path = "pools.<pool>.size.cpus",
       .type = Type::integer,
       .fallback = "2",
       .least = 1,
       .most = 1024,
       .about = "CPUs; a control plane needs 2."},
      {.path = "pools.<pool>.size.memory",
       .type = Type::size,
       .fallback = R"("2GiB")",
       .least = gibibyte,
       .about = "Memory: at least 1GiB, for a control plane 1500MB."},
      {.path = "pools.<pool>.size.disk",
       .type = Type::size,
       .fallback = R"("20GiB")",
       .least = 4 * gibibyte,
       .about = "Disk: at least 4GiB."},
      {.path = "pools.<pool>.price_per_hour",
       .type = Type::number,
       .fallback_note = "what the provider tells, as a VM template of OpenNebula with costs does",
       .about =
           "What one of its machines costs an hour, in a currency of your choice: plans tell what they cost more or "
           "less."},
      {.path = "pools.<pool>.labels",
       .type = Type::map,
       .fallback = "{}",
       .key_type = Type::label_key,
       .about =
           "Labels of its Kubernetes nodes. Of the kubernetes.io and k8s.io domains only node-role.kubernetes.io/… may "
           "be set."},
      {.path = "pools.<pool>.labels.<label>", .type = Type::label_value, .about = "The label's value, as text."},
      {.path = "pools.<pool>.taints", .type = Type::list, .fallback = "[]", .about = "Taints of its Kubernetes nodes."},
      {.path = "pools.<pool>.taints[]", .type = Type::object},
      {.path = "pools.<pool>.taints[].key", .type = Type::label_key, .required = true, .about = "The taint's key."},
      {.path = "pools.<pool>.taints[].value", .type = Type::label_value, .fallback = R"("")", .about = "Its value."},
      {.path = "pools.<pool>.taints[].effect",
       .type = Type::choice,
       .required = true,
       .choices = {"NoSchedule", "PreferNoSchedule", "NoExecute"},
       .about = "What it does to pods that do not tolerate it."},
      {.path = "pools.<pool>.hosts",
       .type = Type::list,
       .about = "The hosts, for provider existing only, instead of count."},
      {.path = "pools.<pool>.hosts[]", .type = Type::object},
      {.path = "pools.<pool>.hosts[].name",
       .type = Type::name,
       .required = true,
       .about = "The host's name, its node's name as well."},
      {.path = "pools.<pool>.hosts[].address",
       .type = Type::address,
       .required = true,
       .about = "Address by which Slipway and the other nodes reach it."},
      {.path = "pools.<pool>.hosts[].port",
       .type = Type::integer,
       .fallback_note = "ssh.port",
       .least = 1,
       .most = 65535,
       .about = "Port of its SSH server."},
      {.path = "pools.<pool>.hosts[].user", .type = Type::user, .fallback_note = "ssh.user", .about = "Login name."},
      {.path = "pools.<pool>.hosts[].fingerprint",
       .type = Type::fingerprint,
       .fallback = R"("")",
       .fallback_note = "ssh.known_hosts decides",
       .about = "Fingerprint of its host key, as `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` prints it."},
      {.path = "pools.<pool>.moved",
       .type = Type::object,
       .about = "Set for one run after a pool was renamed, so that its machines stay."},
      {.path = "pools.<pool>.moved.from", .type = Type::name, .required = true, .about = "The pool's former name."},
      {.path = "pools.<pool>.protect",
       .type = Type::flag,
       .fallback = "false",
       .about = "Refuse to replace or delete its machines, even with approval."},
  };
}

std::vector<Key> addon_keys() {
  return {
      {.path = "addons",
       .type = Type::map,
       .fallback = "{}",
       .choices = {"metallb", "ingress", "registry", "postgres", "monitoring", "metrics_server", "cert_manager",
                   "gateway", "tasktracker", "network_policy", "access", "cinder", "cloud_controller"},
       .open_with = "path",
       .about = "What runs on the cluster. Other names than these are add-ons of your own: they have a path."},
      {.path = "addons.<addon>", .type = Type::free, .about = "Settings of the add-on; each documents its own."},
      {.path = "addons.<addon>.enabled", .type = Type::flag, .fallback = "true", .about = "false takes it away again."},
      {.path = "addons.<addon>.path",
       .type = Type::path,
       .about = "Folder of an add-on of your own, a kustomize folder or a Helm chart. `~/` is your home; other "
                "relative paths start at the spec's folder."},
  };
}

}  // namespace

const std::vector<Key>& spec_keys() {
  static const std::vector<Key> keys = [] {
    std::vector<Key> all;
    for (const auto& chapter : {top_keys(), provider_keys(), access_keys(), pool_keys(), addon_keys()})
      all.insert(all.end(), chapter.begin(), chapter.end());
    return all;
  }();
  return keys;
}

}  // namespace slipway
