#include "providers/openstack/graph_writer.h"

#include <algorithm>
#include <bit>

#include "base/digest.h"
#include "base/text.h"
#include "providers/openstack/lookups.h"
#include "providers/openstack/security_rules.h"

namespace slipway::openstack {
namespace {

constexpr uint64_t gibibyte = uint64_t{1} << 30;

/// The lowest control plane: machines without a floating address are reached through it.
const MachineOrder* bastion_of(const std::vector<MachineOrder>& machines) {
  for (const MachineOrder& machine : machines)
    if (machine.role == Role::control_plane) return &machine;
  return machines.empty() ? nullptr : &machines.front();
}

/// What neutron may hand out by itself (DHCP and router ports): addresses that no machine gets.
std::string automatic_range(const Cidr& subnet) {
  return to_string(Address{subnet.base.bits + 2}) + "-" + to_string(Address{subnet.base.bits + 9});
}

}  // namespace

std::vector<std::string> networks_of(const AddressRange& range) {
  std::vector<std::string> networks;
  for (uint64_t first = range.first.bits; first <= range.last.bits;) {
    int bits = first == 0 ? 32 : std::countr_zero(static_cast<uint32_t>(first));
    while (bits > 0 && first + (uint64_t{1} << bits) - 1 > range.last.bits) --bits;
    const std::string address = to_string(Address{static_cast<uint32_t>(first)});
    // Neutron gives a single address back without a prefix.
    networks.push_back(bits == 0 ? address : address + "/" + std::to_string(32 - bits));
    first += uint64_t{1} << bits;
  }
  return networks;
}

StepId GraphWriter::add(const std::string& id, Wish wish) {
  for (const auto& [input, from] : wish.inputs)
    if (wish.order.fields.contains(input)) wish.order.field_inputs[input] = input;
  wish.order.list_lag = list_lag_;
  StepInfo info;
  info.id = StepId(id);
  info.layer = Layer::cloud;
  info.machine = wish.machine;
  info.inputs = std::move(wish.inputs);
  info.after = std::move(wish.after);
  // A server is mostly waited for: holding the API's lane meanwhile would only queue the others.
  if (wish.order.kind != "machine") info.lanes = {"api/openstack"};
  info.title = std::move(wish.title);
  info.expected = wish.expected;
  info.limit = wish.order.limit + std::chrono::minutes(2);
  info.protect = wish.protect;
  info.carries_data = wish.carries_data;
  if (wish.removable) info.removal = removal_of(wish.order);
  if (!wish.quota.empty()) needs_.fixed[info.id] = std::move(wish.quota);
  return graph_.add(std::move(info), std::make_unique<CloudObjectStep>(std::move(wish.order)));
}

StepId GraphWriter::add_lookup(const std::string& id, std::string kind, Pick pick, const std::string& title) {
  return graph_.add({.id = StepId(id), .layer = Layer::cloud, .title = title, .expected = Milliseconds(100)},
                    make_lookup_step(std::move(kind), std::move(pick)));
}

void GraphWriter::add_groups() {
  const auto add_group = [&](const std::string& part, std::vector<StepId> after) {
    const std::vector<Rule> rules = wanted_rules(settings_, part == "control-plane");
    const std::string id = "cloud/security-group/" + part;
    return add(id,
               {.order = {.kind = "security-group",
                          .name = settings_.name(part),
                          .mark = settings_.mark(id),
                          .fields = {{"rules", rules}}},
                .after = std::move(after),
                .title = "security group of " + replace_all(part, "-", " ") + (part == "nodes" ? "" : "s"),
                .quota = {{"security groups", 1}, {"security group rules", static_cast<int64_t>(rules.size()) + 2}}});
  };
  nodes_group_ = add_group("nodes", {});
  // Order without data: its rules name the other group, which neutron must know by then.
  control_group_ = add_group("control-plane", {nodes_group_});
}

void GraphWriter::add_network() {
  if (!settings_.external_network.empty())
    external_ = add_lookup(
        "cloud/external-network", "network",
        [wanted = settings_.external_network](const std::vector<CloudObject>& all) {
          std::vector<CloudObject> external;
          for (const CloudObject& network : all)
            if (network.fields.value("external", false)) external.push_back(network);
          return pick_named(external, wanted, "external network", "openstack.external_network");
        },
        "external network " + settings_.external_network);
  if (!settings_.own_network()) {
    network_ = add_lookup(
        "cloud/network", "network",
        [wanted = settings_.network](const std::vector<CloudObject>& all) {
          return pick_named(all, wanted, "network", "openstack.network");
        },
        "network " + settings_.network);
    subnet_ = add_lookup(
        "cloud/subnet", "subnet",
        [cidr = to_string(*settings_.subnet)](const std::vector<CloudObject>& all) {
          std::vector<CloudObject> named;
          for (const CloudObject& subnet : all) {
            if (text_at(subnet.fields, "cidr") != cidr) continue;
            CloudObject by_cidr = subnet;
            by_cidr.fields["name"] = cidr;
            named.push_back(std::move(by_cidr));
          }
          return pick_named(named, cidr, "subnet", "openstack.subnet");
        },
        "subnet " + to_string(*settings_.subnet));
    gateway_ = subnet_;
    return;
  }
  network_ = add("cloud/network",
                 {.order = {.kind = "network", .name = settings_.name(), .mark = settings_.mark("cloud/network")},
                  .title = "network",
                  .quota = {{"networks", 1}}});
  const std::string gateway = to_string(Address{settings_.subnet->base.bits + 1});
  subnet_ = add("cloud/subnet", {.order = {.kind = "subnet",
                                           .name = settings_.name(),
                                           .mark = settings_.mark("cloud/subnet"),
                                           .fields = {{"network", Value()},
                                                      {"cidr", to_string(*settings_.subnet)},
                                                      {"gateway", gateway},
                                                      {"automatic", automatic_range(*settings_.subnet)},
                                                      {"name_servers", settings_.name_servers}},
                                           .replace_on = {"network", "cidr", "gateway"}},
                                 .inputs = {{"network", {network_, "id"}}},
                                 .title = "subnet " + to_string(*settings_.subnet),
                                 .quota = {{"subnets", 1}}});
  gateway_ = subnet_;
  if (external_.empty()) return;
  const StepId router = add("cloud/router", {.order = {.kind = "router",
                                                       .name = settings_.name(),
                                                       .mark = settings_.mark("cloud/router"),
                                                       .fields = {{"external_network", Value()}}},
                                             .inputs = {{"external_network", {external_, "id"}}},
                                             .title = "router to " + settings_.external_network,
                                             .quota = {{"routers", 1}}});
  gateway_ = add("cloud/router-interface", {.order = {.kind = "router-interface",
                                                      .name = settings_.name(),
                                                      .mark = settings_.mark("cloud/router-interface"),
                                                      .fields = {{"router", Value()}, {"subnet", Value()}},
                                                      .replace_on = {"router", "subnet"}},
                                            .inputs = {{"router", {router, "id"}}, {"subnet", {subnet_, "id"}}},
                                            .title = "router's interface in the subnet",
                                            .quota = {{"ports", 1}}});
}

void GraphWriter::add_server_group(const std::vector<MachineOrder>& machines) {
  const auto control_planes = std::count_if(machines.begin(), machines.end(), [](const MachineOrder& machine) {
    return machine.role == Role::control_plane;
  });
  // One machine stands apart from itself; the group comes with the second, and holds those made from then on.
  if (settings_.anti_affinity == "none" || control_planes < 2) return;
  const std::string policy = settings_.anti_affinity == "hard" ? "anti-affinity" : "soft-anti-affinity";
  server_group_ = add("cloud/server-group", {.order = {.kind = "server-group",
                                                       .name = written_mark(settings_.mark("cloud/server-group")),
                                                       .mark = settings_.mark("cloud/server-group"),
                                                       .fields = {{"policy", policy}},
                                                       .replace_on = {"policy"}},
                                             .title = "server group of control planes, " + policy,
                                             .quota = {{"server groups", 1}}});
}

StepId GraphWriter::add_floating(const std::string& what, const StepId& port) {
  // Order without data: neutron gives an address only to a subnet that a router joins to the external network.
  return add("floating/" + what, {.order = {.kind = "floating-address",
                                            .name = settings_.name(what),
                                            .mark = settings_.mark("floating/" + what),
                                            .fields = {{"external_network", Value()}, {"port", Value()}},
                                            .replace_on = {"external_network"},
                                            .publish = {"address"}},
                                  .inputs = {{"external_network", {external_, "id"}}, {"port", {port, "id"}}},
                                  .after = {gateway_},
                                  .title = "floating address of the " + std::string(what == "api" ? "API" : what),
                                  .quota = {{"floating addresses", 1}}});
}

/// Ports without a server keep neutron from giving the address to somebody else, and carry a floating address.
void GraphWriter::add_reserved_addresses(const std::vector<MachineOrder>& machines) {
  const auto reserve = [&](const std::string& what, Address address) {
    return add("cloud/" + what, {.order = {.kind = "port",
                                           .name = settings_.name(what),
                                           .mark = settings_.mark("cloud/" + what),
                                           .fields = {{"network", Value()},
                                                      {"subnet", Value()},
                                                      {"address", to_string(address)},
                                                      {"security_groups", Value::array()}},
                                           .replace_on = {"network", "subnet", "address"}},
                                 .inputs = {{"network", {network_, "id"}}, {"subnet", {subnet_, "id"}}},
                                 .title = what + " address " + to_string(address),
                                 .quota = {{"ports", 1}}});
  };
  const StepId endpoint = reserve("endpoint", settings_.endpoint);
  if (settings_.floating.contains("api")) add_floating("api", endpoint);
  if (settings_.floating.contains("ingress") && settings_.load_balancers)
    add_floating("ingress", reserve("ingress", settings_.load_balancers->first));
  const MachineOrder* bastion = bastion_of(machines);
  if (!settings_.floating.contains("bastion") || !bastion) return;
  bastion_ = bastion->name;
  bastion_host_key_ = bastion->host_public_key;
}

StepId GraphWriter::add_port(const MachineOrder& order) {
  std::vector<std::string> groups = settings_.security_groups, allowed;
  groups.push_back(settings_.name("nodes"));
  if (order.role == Role::control_plane) {
    groups.push_back(settings_.name("control-plane"));
    allowed.push_back(to_string(settings_.endpoint));
  }
  if (settings_.load_balancers)
    for (const std::string& network : networks_of(*settings_.load_balancers)) allowed.push_back(network);
  std::sort(groups.begin(), groups.end());
  std::sort(allowed.begin(), allowed.end());
  const std::string name = order.name.text(), id = "port/" + name;
  std::map<std::string, OutputRef> inputs = {
      {"network", {network_, "id"}}, {"subnet", {subnet_, "id"}}, {"nodes", {nodes_group_, "id"}}};
  if (order.role == Role::control_plane) inputs["control"] = {control_group_, "id"};
  return add(id, {.order = {.kind = "port",
                            .name = settings_.cluster + "-" + name,
                            .mark = settings_.mark(id),
                            .fields = {{"network", Value()},
                                       {"subnet", Value()},
                                       {"address", order.address},
                                       {"security_groups", groups},
                                       {"allowed_addresses", allowed}},
                            .replace_on = {"network", "subnet", "address"}},
                  .inputs = std::move(inputs),
                  .machine = order.name,
                  .title = "port of " + name + ", " + order.address,
                  .quota = {{"ports", 1}}});
}

HostAccess GraphWriter::access_of(const MachineOrder& order) const {
  HostAccess access{.machine = order.name,
                    .address = order.address,
                    .port = settings_.ssh.port,
                    .user = settings_.ssh.user,
                    .sudo = settings_.ssh.sudo,
                    .jump = settings_.ssh.jump,
                    .jump_host_keys = {},
                    .host_keys = {}};
  if (!order.host_public_key.empty()) access.host_keys.push_back(order.host_public_key);
  if (bastion_.empty() || !settings_.ssh.jump.empty()) return access;
  if (order.name == bastion_) {
    access.address.clear();
  } else {
    access.jump = settings_.ssh.user + "@:" + std::to_string(settings_.ssh.port);
    if (!bastion_host_key_.empty()) access.jump_host_keys.push_back(bastion_host_key_);
  }
  return access;
}

StepId GraphWriter::add_machine(const MachineOrder& order, const StepId& port) {
  const std::string name = order.name.text(), id = "machine/" + name;
  std::map<std::string, OutputRef> inputs = {{"image", {image_, "id"}},
                                             {"flavor", {flavors_.at(order.pool), "name"}},
                                             {"port", {port, "id"}},
                                             {"key", {keypair_, "id"}}};
  Value fields = {{"image", Value()}, {"flavor", Value()}, {"port", Value()}, {"key", Value()}, {"state", "running"}};
  std::vector<std::string> create_only = {"image", "port", "key"};
  const auto take = [&](const char* field, const StepId& from, const char* output) {
    inputs[field] = {from, output};
    fields[field] = Value();
    create_only.emplace_back(field);
  };
  if (order.role == Role::control_plane && !server_group_.empty()) take("group", server_group_, "id");
  StepId volume;
  if (settings_.data_disk_bytes > 0) {
    const int64_t size = static_cast<int64_t>((settings_.data_disk_bytes + gibibyte - 1) / gibibyte);
    volume = add("volume/" + name, {.order = {.kind = "volume",
                                              .name = settings_.cluster + "-" + name,
                                              .mark = settings_.mark("volume/" + name),
                                              .fields = {{"size_gb", size}, {"state", "available"}}},
                                    .machine = order.name,
                                    .title = "data volume of " + name + ", " + std::to_string(size) + " GiB",
                                    .expected = Seconds(3),
                                    .quota = {{"volumes", 1}, {"GiB of volumes", size}},
                                    .protect = order.protect,
                                    .carries_data = true});
    take("data_volume", volume, "id");
  }
  CloudObjectOrder machine{.kind = "machine",
                           .name = name,
                           .mark = settings_.mark(id),
                           .fields = std::move(fields),
                           .replace_on = {"flavor"},
                           .create_only = std::move(create_only),
                           .recorded_id = order.recorded_id,
                           .access = access_of(order),
                           .limit = std::chrono::minutes(20)};
  // The bastion's address is an edge for access alone.
  if (!bastion_address_.empty() && settings_.ssh.jump.empty()) {
    inputs["bastion"] = {bastion_address_, "address"};
    machine.access_inputs[order.name == bastion_ ? "address" : "jump"] = "bastion";
  }
  Amounts quota = {{"servers", 1}};
  if (settings_.boot_volume) {
    quota["volumes"] = 1;
    quota["GiB of volumes"] = static_cast<int64_t>((order.size.disk_bytes + gibibyte - 1) / gibibyte);
  }
  const StepId step = add(id, {.order = std::move(machine),
                               .inputs = std::move(inputs),
                               // Order without data: cloud-init's first boot needs the way out.
                               .after = {gateway_},
                               .machine = order.name,
                               .title = "server " + name,
                               .expected = Seconds(40),
                               .quota = std::move(quota),
                               .protect = order.protect});
  needs_.flavor_of[step] = order.pool;
  if (!volume.empty())
    add("attachment/" + name, {.order = {.kind = "attachment",
                                         .name = settings_.cluster + "-" + name,
                                         .mark = settings_.mark("attachment/" + name),
                                         .fields = {{"server", Value()}, {"volume", Value()}},
                                         .replace_on = {"server", "volume"}},
                               .inputs = {{"server", {step, "id"}}, {"volume", {volume, "id"}}},
                               .machine = order.name,
                               .title = "data volume in " + name,
                               .removable = false});
  return step;
}

Result<std::vector<MachineSteps>> GraphWriter::write(const std::vector<MachineOrder>& machines) {
  std::vector<MachineSteps> steps;
  if (machines.empty()) return steps;
  if (!settings_.subnet)
    return fail(ErrorKind::bad_input, "the machines' subnet is not known",
                {.expected = "openstack.subnet", .advice = "add the subnet of openstack.network to the spec"});
  if (!settings_.floating.empty() && settings_.external_network.empty())
    return fail(ErrorKind::bad_input, "floating addresses need an external network",
                {.expected = "openstack.external_network", .advice = "openstack network list --external shows them"});
  for (const MachineOrder& machine : machines)
    if (machine.address.empty())
      return fail(ErrorKind::internal, "a machine without an address",
                  {.found = machine.name.text(), .advice = "this is a bug in Slipway"});
  image_ = add_lookup(
      "cloud/image", "image",
      [wanted = settings_.image](const std::vector<CloudObject>& all) { return pick_image(all, wanted); }, "image");
  for (const MachineOrder& machine : machines) {
    if (flavors_.contains(machine.pool)) continue;
    Size size = settings_.flavor_size.value_or(machine.size);
    if (settings_.boot_volume) size.disk_bytes = 0;
    flavors_[machine.pool] = add_lookup(
        "cloud/flavor/" + machine.pool, "flavor",
        [wanted = settings_.flavor, size](const std::vector<CloudObject>& all) {
          return pick_flavor(all, wanted, size);
        },
        "flavor of " + machine.pool);
  }
  const std::string key(trim(machines.front().login_public_key));
  // The key's own digest in its name: a user with clusters of one name in two projects has two keys. The name is the
  // id.
  const std::string key_name = settings_.name(sha256(key).substr(0, 8));
  keypair_ = add("cloud/keypair", {.order = {.kind = "keypair",
                                             .name = key_name,
                                             .mark = settings_.mark("cloud/keypair"),
                                             .fields = {{"public_key", key}},
                                             .replace_on = {"public_key"},
                                             .certain_id = key_name},
                                   .title = "keypair"});
  add_groups();
  add_network();
  add_server_group(machines);
  add_reserved_addresses(machines);
  std::map<MachineName, StepId> ports;
  for (const MachineOrder& machine : machines) ports[machine.name] = add_port(machine);
  if (!bastion_.empty()) bastion_address_ = add_floating("bastion", ports.at(bastion_));
  for (const MachineOrder& machine : machines)
    steps.push_back({machine.name, add_machine(machine, ports.at(machine.name))});
  return steps;
}

}  // namespace slipway::openstack
