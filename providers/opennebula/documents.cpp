#include "providers/opennebula/documents.h"

#include <algorithm>
#include <charconv>
#include <pugixml.hpp>

#include "base/text.h"

namespace slipway::opennebula {
namespace {

using Node = pugi::xml_node;

int64_t number(std::string_view text, int64_t otherwise = 0) {
  int64_t value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  return code == std::errc() && end == text.data() + text.size() ? value : otherwise;
}

double decimal(const char* text) {
  double value = 0;
  const std::string_view view(text);
  std::from_chars(view.data(), view.data() + view.size(), value);
  return value;
}

int small(const Node& node, const char* child, int otherwise = -1) {
  return static_cast<int>(number(node.child_value(child), otherwise));
}

std::string text(const Node& node, const char* child) { return node.child_value(child); }

bool is_yes(const Node& node, const char* child) {
  const std::string_view value = node.child_value(child);
  return value == "YES" || value == "yes" || value == "1";
}

bool is_element(const Node& node) { return node.type() == pugi::node_element; }

bool is_vector(const Node& node) {
  return static_cast<bool>(node.find_child([](const Node& child) { return is_element(child); }));
}

std::vector<int> ids_of(std::string_view list) {
  std::vector<int> ids;
  for (const std::string& part : split(list, ','))
    if (const int64_t id = number(trim(part), -1); id >= 0) ids.push_back(static_cast<int>(id));
  return ids;
}

std::map<std::string, std::string> plain_attributes(const Node& parent) {
  std::map<std::string, std::string> found;
  for (const Node& child : parent.children())
    if (is_element(child) && !is_vector(child)) found[child.name()] = child.child_value();
  return found;
}

Attribute attribute_of(const Node& node) {
  Attribute attribute{.name = node.name(), .value = {}, .vector = is_vector(node)};
  if (!attribute.vector) attribute.value = node.child_value();
  for (const Node& part : node.children())
    if (is_element(part)) attribute.parts.emplace_back(part.name(), part.child_value());
  return attribute;
}

Nic nic_of(const Node& node, bool alias) {
  return {.id = small(node, "NIC_ID"),
          .name = text(node, "NAME"),
          .network = text(node, "NETWORK"),
          .network_id = text(node, "NETWORK_ID"),
          .ip = text(node, "IP"),
          .mac = text(node, "MAC"),
          .parent = text(node, "PARENT"),
          .security_groups = ids_of(node.child_value("SECURITY_GROUPS")),
          .alias = alias,
          .filters_ip = is_yes(node, "FILTER_IP_SPOOFING"),
          .filters_mac = is_yes(node, "FILTER_MAC_SPOOFING")};
}

Disk disk_of(const Node& node) {
  return {.id = small(node, "DISK_ID"),
          .image = text(node, "IMAGE"),
          .image_id = text(node, "IMAGE_ID"),
          .type = text(node, "TYPE"),
          .size_mb = number(node.child_value("SIZE")),
          .persistent = is_yes(node, "PERSISTENT")};
}

std::string last_host(const Node& records) {
  std::string host;
  int latest = -1;
  for (const Node& record : records.children("HISTORY"))
    if (const int sequence = small(record, "SEQ"); sequence > latest) {
      latest = sequence;
      host = text(record, "HOSTNAME");
    }
  return host;
}

Vm vm_of(const Node& node) {
  const Node body = node.child("TEMPLATE");
  Vm vm{.id = small(node, "ID"),
        .name = text(node, "NAME"),
        .state = small(node, "STATE", 0),
        .lcm_state = small(node, "LCM_STATE", 0),
        .created = number(node.child_value("STIME")),
        .cpu = decimal(body.child_value("CPU")),
        .vcpu = small(body, "VCPU", 0),
        .memory_mb = number(body.child_value("MEMORY")),
        .disks = {},
        .nics = {},
        .context = plain_attributes(body.child("CONTEXT")),
        .tags = plain_attributes(node.child("USER_TEMPLATE")),
        .template_id = text(body, "TEMPLATE_ID"),
        .group_id = text(body.child("VMGROUP"), "VMGROUP_ID"),
        .host = last_host(node.child("HISTORY_RECORDS"))};
  for (const Node& disk : body.children("DISK")) vm.disks.push_back(disk_of(disk));
  for (const Node& nic : body.children("NIC")) vm.nics.push_back(nic_of(nic, false));
  for (const Node& nic : body.children("NIC_ALIAS")) vm.nics.push_back(nic_of(nic, true));
  // The document's order changes when something is attached; ids do not.
  const auto by_id = [](const auto& left, const auto& right) { return left.id < right.id; };
  std::sort(vm.disks.begin(), vm.disks.end(), by_id);
  std::sort(vm.nics.begin(), vm.nics.end(), by_id);
  return vm;
}

AddressLease lease_of(const Node& node) {
  const Result<Address> ip = parse_address(node.child_value("IP"));
  return {.ip = ip ? *ip : Address{},
          .vm = small(node, "VM", -2),
          .network = small(node, "VNET"),
          .router = small(node, "VROUTER")};
}

VirtualNetwork network_of(const Node& node) {
  const Node body = node.child("TEMPLATE");
  VirtualNetwork network{.id = small(node, "ID"),
                         .owner = small(node, "UID"),
                         .state = small(node, "STATE", 0),
                         .owner_name = text(node, "UNAME"),
                         .name = text(node, "NAME"),
                         .parent = {},
                         .filters_ip = is_yes(body, "FILTER_IP_SPOOFING"),
                         .filters_mac = is_yes(body, "FILTER_MAC_SPOOFING"),
                         .security_groups = ids_of(body.child_value("SECURITY_GROUPS")),
                         .attributes = plain_attributes(body),
                         .ranges = {}};
  if (const int parent = small(node, "PARENT_NETWORK_ID"); parent >= 0) network.parent = parent;
  for (const Node& range : node.child("AR_POOL").children("AR")) {
    const Result<Address> first = parse_address(range.child_value("IP"));
    AddressRangeOf read{.id = small(range, "AR_ID"),
                        .first = first ? *first : Address{},
                        .size = first ? static_cast<uint64_t>(number(range.child_value("SIZE"))) : 0,
                        .leases = {}};
    for (const Node& lease : range.child("LEASES").children("LEASE")) read.leases.push_back(lease_of(lease));
    network.ranges.push_back(std::move(read));
  }
  return network;
}

SecurityGroup security_group_of(const Node& node) {
  SecurityGroup group{.id = small(node, "ID"), .owner = small(node, "UID"), .name = text(node, "NAME"), .rules = {}};
  for (const Node& rule : node.child("TEMPLATE").children("RULE")) group.rules.push_back(attribute_of(rule));
  return group;
}

VmGroup vm_group_of(const Node& node) {
  VmGroup group{.id = small(node, "ID"), .owner = small(node, "UID"), .name = text(node, "NAME"), .policies = {}};
  for (const Node& role : node.child("ROLES").children("ROLE"))
    group.policies[text(role, "NAME")] = text(role, "POLICY");
  return group;
}

Image image_of(const Node& node) {
  Image image{.id = small(node, "ID"),
              .owner = small(node, "UID"),
              .state = small(node, "STATE", 0),
              .type = small(node, "TYPE", 0),
              .name = text(node, "NAME"),
              .error = text(node.child("TEMPLATE"), "ERROR"),
              .size_mb = number(node.child_value("SIZE")),
              .created = number(node.child_value("REGTIME")),
              .persistent = is_yes(node, "PERSISTENT"),
              .vms = {},
              .attributes = plain_attributes(node.child("TEMPLATE"))};
  for (const Node& id : node.child("VMS").children("ID"))
    image.vms.push_back(static_cast<int>(number(id.child_value())));
  return image;
}

VmTemplate template_of(const Node& node) {
  VmTemplate found{.id = small(node, "ID"), .owner = small(node, "UID"), .name = text(node, "NAME"), .attributes = {}};
  for (const Node& child : node.child("TEMPLATE").children())
    if (is_element(child)) found.attributes.push_back(attribute_of(child));
  return found;
}

Datastore datastore_of(const Node& node) {
  return {.id = small(node, "ID"),
          .type = small(node, "TYPE", 0),
          .name = text(node, "NAME"),
          .free_mb = number(node.child_value("FREE_MB"))};
}

Host host_of(const Node& node) {
  const Node share = node.child("HOST_SHARE");
  return {.id = small(node, "ID"),
          .state = small(node, "STATE", 0),
          .name = text(node, "NAME"),
          .cpu_free = number(share.child_value("MAX_CPU")) - number(share.child_value("CPU_USAGE")),
          .memory_free_kb = number(share.child_value("MAX_MEM")) - number(share.child_value("MEM_USAGE"))};
}

/// Limits of one quota element: each "X" that has an "X_USED" beside it and is not negative (default or none).
void add_quotas(const Node& quota, const std::string& suffix, std::vector<Quota>& quotas) {
  for (const Node& limit : quota.children()) {
    const Node used = quota.child((std::string(limit.name()) + "_USED").c_str());
    const double value = decimal(limit.child_value());
    if (is_element(limit) && used && value >= 0)
      quotas.push_back({.what = limit.name() + suffix, .limit = value, .used = decimal(used.child_value())});
  }
}

User user_of(const Node& node) {
  User user{
      .id = small(node, "ID"), .group = small(node, "GID"), .name = text(node, "NAME"), .quotas = {}, .tokens = {}};
  for (const Node& vm : node.child("VM_QUOTA").children("VM")) add_quotas(vm, "", user.quotas);
  for (const Node& network : node.child("NETWORK_QUOTA").children("NETWORK"))
    add_quotas(network, " in network " + text(network, "ID"), user.quotas);
  for (const Node& store : node.child("DATASTORE_QUOTA").children("DATASTORE"))
    add_quotas(store, " in datastore " + text(store, "ID"), user.quotas);
  for (const Node& token : node.children("LOGIN_TOKEN"))
    user.tokens[text(token, "TOKEN")] = number(token.child_value("EXPIRATION_TIME"), -1);
  return user;
}

Error unreadable(const char* element, const std::string& found) {
  return fail(ErrorKind::corrupt, "unreadable document of OpenNebula",
              {.found = found, .expected = std::string("an element ") + element});
}

/// Hands each `element` of a pool, or the one that the document is, to `take`.
template <class Take>
Result<void> each(std::string& text, const char* element, const Take& take) {
  if (text.find("<!DOCTYPE") != std::string::npos) return unreadable(element, "a document type declaration");
  pugi::xml_document document;
  const pugi::xml_parse_result parsed = document.load_buffer_inplace(
      text.data(), text.size(), pugi::parse_cdata | pugi::parse_escapes, pugi::encoding_utf8);
  if (!parsed)
    return unreadable(element, std::string(parsed.description()) + " at byte " + std::to_string(parsed.offset));
  const Node root = document.document_element();
  const std::string_view name = root.name();
  if (name == element) {
    take(root);
    return {};
  }
  if (name != std::string(element) + "_POOL") return unreadable(element, "an element " + std::string(name));
  for (const Node& node : root.children(element)) take(node);
  return {};
}

template <class T>
Result<std::vector<T>> read_all(std::string& text, const char* element, T (*read)(const Node&)) {
  std::vector<T> found;
  if (Result<void> walked = each(text, element, [&](const Node& node) { found.push_back(read(node)); }); !walked)
    return std::move(walked).error();
  return found;
}

std::string value_in(const std::map<std::string, std::string>& values, const std::string& key) {
  const auto found = values.find(key);
  return found == values.end() ? std::string() : found->second;
}

}  // namespace

std::string Attribute::part(std::string_view key) const {
  for (const auto& [name, value] : parts)
    if (name == key) return value;
  return {};
}

std::string Vm::tag(const std::string& key) const { return value_in(tags, key); }
std::string Vm::context_value(const std::string& key) const { return value_in(context, key); }

Result<std::vector<Vm>> read_vms(std::string text) { return read_all(text, "VM", vm_of); }
Result<std::vector<VirtualNetwork>> read_networks(std::string text) { return read_all(text, "VNET", network_of); }
Result<std::vector<SecurityGroup>> read_security_groups(std::string text) {
  return read_all(text, "SECURITY_GROUP", security_group_of);
}
Result<std::vector<VmGroup>> read_vm_groups(std::string text) { return read_all(text, "VM_GROUP", vm_group_of); }
Result<std::vector<Image>> read_images(std::string text) { return read_all(text, "IMAGE", image_of); }
Result<std::vector<VmTemplate>> read_templates(std::string text) { return read_all(text, "VMTEMPLATE", template_of); }
Result<std::vector<Datastore>> read_datastores(std::string text) { return read_all(text, "DATASTORE", datastore_of); }
Result<std::vector<Host>> read_hosts(std::string text) { return read_all(text, "HOST", host_of); }

Result<User> read_user(std::string text) {
  Result<std::vector<User>> users = read_all(text, "USER", user_of);
  if (!users) return std::move(users).error();
  if (users->size() != 1) return unreadable("USER", std::to_string(users->size()) + " users");
  return std::move(users->front());
}

}  // namespace slipway::opennebula
