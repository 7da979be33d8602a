#include "cluster/variables.h"

#include <algorithm>
#include <set>

#include "base/digest.h"
#include "base/text.h"

namespace slipway {
namespace {

/// kubeadm's extra arguments of one component, as its v1beta4 lists.
Value argument_list(const std::map<std::string, std::string>& arguments) {
  Value list = Value::array();
  for (const auto& [flag, value] : arguments) list.push_back({{"name", flag}, {"value", value}});
  return list;
}

/// The user's arguments over ours.
Value component_arguments(const Spec& spec, const std::string& component, std::map<std::string, std::string> ours) {
  const auto given = spec.kubernetes.extra_args.find(component);
  if (given != spec.kubernetes.extra_args.end())
    for (const auto& [flag, value] : given->second) ours[flag] = value;
  return argument_list(ours);
}

/// Ours of the API server. The audit log takes 250 MB of the disk at most, whatever happens.
const std::map<std::string, std::string> apiserver_arguments = {
    {"audit-policy-file", "/etc/kubernetes/slipway/audit-policy.yaml"},
    {"audit-log-path", "/var/log/kubernetes/audit/audit.log"},
    {"audit-log-maxage", "30"},
    {"audit-log-maxbackup", "4"},
    {"audit-log-maxsize", "50"},
    {"encryption-provider-config", "/etc/kubernetes/slipway/encryption.yaml"},
    {"encryption-provider-config-automatic-reload", "true"}};

/// The names of a component's arguments, and the arguments as they stand in its static pod's manifest: "--name=value",
/// sorted as the hosts sort them.
std::pair<std::string, std::string> manifest_arguments(const Value& arguments) {
  std::vector<std::string> names, lines;
  for (const Value& argument : arguments) {
    names.push_back(text_at(argument, "name"));
    lines.push_back("--" + names.back() + "=" + text_at(argument, "value"));
  }
  std::sort(lines.begin(), lines.end());
  return {join(names, " "), join(lines, " ")};
}

/// The kubelet's own arguments as words of a systemd unit.
Value kubelet_arguments(const Spec& spec) {
  std::map<std::string, std::string> arguments;
  // What the cloud says of a node's addresses then stays, and a new node takes no pods before the cloud knows it.
  if (has_cloud_controller(spec)) arguments["cloud-provider"] = "external";
  if (const auto given = spec.kubernetes.extra_args.find("kubelet"); given != spec.kubernetes.extra_args.end())
    for (const auto& [flag, value] : given->second) arguments[flag] = value;
  Value list = Value::array();
  for (const auto& [flag, value] : arguments) {
    std::string word = "--" + flag + "=" + value;
    for (const auto& [plain, quoted] : {std::pair{"\\", "\\\\"}, {"\"", "\\\""}, {"%", "%%"}, {"$", "$$"}})
      word = replace_all(word, plain, quoted);
    list.push_back({{"argument", "\"" + word + "\""}});
  }
  return list;
}

/// "docker.io=https://one,https://two quay.io=…", as playbooks/files/registry-mirrors takes it.
std::string mirror_words(const Spec& spec) {
  std::vector<std::string> words;
  for (const auto& [registry, urls] : spec.kubernetes.registry_mirrors)
    if (!urls.empty()) words.push_back(registry + "=" + join(urls, ","));
  std::sort(words.begin(), words.end());
  return join(words, " ");
}

/// The names of a control plane's API server certificate in sorted order, its own address left out: kubeadm's own names
/// and those of kubeadm-init.yaml.mustache.
std::string certificate_names(const Spec& spec, const Membership& membership, const Member& owner) {
  std::set<std::string> names = {"kubernetes",
                                 "kubernetes.default",
                                 "kubernetes.default.svc",
                                 "kubernetes.default.svc.cluster.local",
                                 "localhost",
                                 "127.0.0.1",
                                 to_string(Address{spec.network.services.base.bits + 1}),
                                 to_string(spec.network.endpoint),
                                 spec.network.endpoint_name,
                                 owner.name.text()};
  for (const Member* member : membership.control_planes()) {
    names.insert(member->name.text());
    names.insert(member->address);
  }
  names.erase(owner.address);
  names.erase("");
  return join({names.begin(), names.end()}, " ");
}

/// VRRP wants a number from 1 to 255 that is the cluster's own in its segment.
int router_id(const Spec& spec) {
  const std::string digest = sha256(spec.name + to_string(spec.network.endpoint));
  return 1 + static_cast<int>(std::stoul(digest.substr(0, 4), nullptr, 16) % 255);
}

bool only_control_planes(const Membership& membership) {
  for (const Member& member : membership.members)
    if (member.pool->role == Role::worker) return false;
  return true;
}

/// The tenth address of the service range, where kubeadm puts cluster DNS.
Address dns_address(const Spec& spec) { return {spec.network.services.base.bits + 10}; }

}  // namespace

bool has_cloud_controller(const Spec& spec) {
  const auto found = spec.addons.find("cloud_controller");
  return found != spec.addons.end() && found->second.value("enabled", Value(true)) != Value(false);
}

Value cluster_variables(const Spec& spec, const Membership& membership, const Versions& versions) {
  Value names = Value::array();
  for (const Member* member : membership.control_planes()) {
    if (!member->address.empty()) names.push_back({{"san", member->address}});
    names.push_back({{"san", member->name.text()}});
  }
  const Value apiserver = component_arguments(spec, "apiserver", apiserver_arguments);
  const auto [apiserver_names, apiserver_lines] = manifest_arguments(apiserver);
  return {{"cluster_name", spec.name},
          {"kubernetes_version", spec.kubernetes.version},
          {"etcd_tag", versions.etcd + "-0"},
          {"endpoint_address", to_string(spec.network.endpoint)},
          {"endpoint_name", spec.network.endpoint_name},
          {"api_port", std::to_string(api_port)},
          {"pod_subnet", to_string(spec.network.pods)},
          {"service_subnet", to_string(spec.network.services)},
          {"dns_address", to_string(dns_address(spec))},
          {"dns_domain", "cluster.local"},
          {"cert_sans", std::move(names)},
          {"keepalived_image", versions.images.contains("keepalived") ? versions.images.at("keepalived") : ""},
          {"schedulable", only_control_planes(membership)},
          // Local hosts are containers: they share the machine's disk and kernel.
          {"shared_disk", spec.provider == "local"},
          // Where our own controllers start in a cluster that nobody else uses yet, the default limits cost seconds.
          {"controller_manager_extra_args",
           component_arguments(spec, "controller_manager", {{"kube-api-qps", "100"}, {"kube-api-burst", "200"}})},
          {"apiserver_extra_args", apiserver},
          {"apiserver_argument_names", apiserver_names},
          {"apiserver_arguments", apiserver_lines},
          {"scheduler_extra_args", component_arguments(spec, "scheduler", {})},
          // Measured by monitoring from other nodes; this port serves figures and health, no data.
          {"etcd_extra_args", component_arguments(spec, "etcd", {{"listen-metrics-urls", "http://0.0.0.0:2381"}})},
          {"kubelet_arguments", kubelet_arguments(spec)},
          {"registry_mirrors", mirror_words(spec)}};
}

Value host_variables(const Spec& spec, const Membership& membership, const Member& member, const Versions& versions) {
  Value variables = cluster_variables(spec, membership, versions);
  variables.update(member_variables(spec, membership, member));
  return variables;
}

Value member_variables(const Spec& spec, const Membership& membership, const Member& member) {
  Value variables = {{"node_name", member.name.text()},
                     {"node_address", member.address},
                     {"role", name(member.pool->role)},
                     {"control_plane", member.pool->role == Role::control_plane}};
  Value taints = Value::array();
  for (const Taint& taint : member.pool->taints)
    taints.push_back({{"key", taint.key}, {"value", taint.value}, {"effect", taint.effect}});
  variables["taints"] = std::move(taints);
  if (member.pool->role == Role::control_plane) {
    Value peers = Value::array();
    for (const Member* other : membership.control_planes())
      if (other->name != member.name) peers.push_back({{"address", other->address}});
    variables["peers"] = std::move(peers);
    variables["certificate_names"] = certificate_names(spec, membership, member);
    variables["backup"] = {
        {"keep", std::to_string(spec.kubernetes.etcd_backup.keep)},
        // A little less than the timer's steps: a backup at its hour is not one that waits for the next.
        {"seconds", std::to_string(spec.kubernetes.etcd_backup.every_hours * 3600 - 300)}};
    variables["router_id"] = std::to_string(router_id(spec));
  }
  return variables;
}

Value manifest_variables(const Spec& spec, const Membership& membership, const Versions& versions) {
  Value addons = Value::object();
  for (const auto& [addon, settings] : spec.addons) addons[addon] = settings;
  const auto ingress = spec.addons.find("ingress");
  std::string outside = ingress == spec.addons.end() ? "" : text_at(ingress->second, "domain");
  if (outside.empty()) outside = spec.name + ".slipway.internal";
  // Addresses that any machine may announce, and those that one alone does.
  Value shared_pools = Value::array(), held_pools = Value::array();
  if (spec.network.load_balancers && !spec.network.fixed_holders)
    shared_pools.push_back(
        {{"name", "slipway"}, {"addresses", Value::array({to_string(*spec.network.load_balancers)})}});
  // A pool for each, so that a new holder changes the announcement alone: MetalLB takes no pools that overlap
  // meanwhile.
  for (const auto& [machine, addresses] : address_holders(spec, membership))
    for (const std::string& address : addresses)
      if (address != to_string(spec.network.endpoint))
        held_pools.push_back(
            {{"name", "slipway-" + address}, {"address", address + "/32"}, {"machine", machine.text()}});
  return {{"cluster", {{"name", spec.name}, {"domain", "cluster.local"}, {"domain_outside", outside}}},
          {"ingress", {{"domain", outside}, {"class", "slipway"}}},
          {"network",
           {{"pods", to_string(spec.network.pods)},
            {"services", to_string(spec.network.services)},
            {"endpoint", to_string(spec.network.endpoint)},
            {"dns", to_string(dns_address(spec))},
            {"load_balancers", spec.network.load_balancers ? to_string(*spec.network.load_balancers) : ""},
            {"shared_pools", std::move(shared_pools)},
            {"held_pools", std::move(held_pools)},
            // Local hosts share a bridge that filters nothing; of other networks we know too little for plain routes.
            {"backend", spec.provider == "local" ? "host-gw" : "vxlan"}}},
          {"images", versions.images},
          {"kubernetes", {{"version", spec.kubernetes.version}}},
          {"local", spec.provider == "local"},
          // What only this machine can ask: a list of one where the hosts' network is at hand here, else empty.
          {"reachable", spec.provider == "local" ? Value::array({"here"}) : Value::array()},
          {"dns", {{"domains", std::min<size_t>(2, membership.members.size())}}},
          {"addons", std::move(addons)}};
}

}  // namespace slipway
