#include "tests/opennebula/documents_out.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "providers/opennebula/xml_text.h"

namespace slipway::testing_support::one {
namespace {

using opennebula::Attribute;
using opennebula::xml_escape;

std::string plain(const char* name, const std::string& value) {
  return std::string("<") + name + ">" + xml_escape(value) + "</" + name + ">";
}
std::string plain(const char* name, int64_t value) { return plain(name, std::to_string(value)); }
std::string marked(const std::string& name, const std::string& value) {
  return "<" + name + "><![CDATA[" + value + "]]></" + name + ">";
}

/// A template as oned keeps it: names in order, values in CDATA.
std::string inside(Template lines) {
  std::stable_sort(lines.begin(), lines.end(), [](const Attribute& a, const Attribute& b) { return a.name < b.name; });
  std::string text;
  for (Attribute& line : lines) {
    if (!line.vector) {
      text += marked(line.name, line.value);
      continue;
    }
    std::sort(line.parts.begin(), line.parts.end());
    text += "<" + line.name + ">";
    for (const auto& [key, value] : line.parts) text += marked(key, value);
    text += "</" + line.name + ">";
  }
  return text;
}

std::string ids(const char* name, const std::set<int>& numbers) {
  std::string text = std::string("<") + name + ">";
  for (const int id : numbers) text += plain("ID", id);
  return text + "</" + name + ">";
}

std::string owner(const World& world, const Object& object) {
  const Account& account = world.account(object.uid);
  return plain("ID", object.id) + plain("UID", object.uid) + plain("GID", object.gid) + plain("UNAME", account.name) +
         plain("GNAME", account.group) + plain("NAME", object.name);
}

std::string rights(const Permissions& of) {
  return "<PERMISSIONS>" + plain("OWNER_U", of.owner_u) + plain("OWNER_M", of.owner_m) + plain("OWNER_A", of.owner_a) +
         plain("GROUP_U", of.group_u) + plain("GROUP_M", of.group_m) + plain("GROUP_A", of.group_a) +
         plain("OTHER_U", of.other_u) + plain("OTHER_M", of.other_m) + plain("OTHER_A", of.other_a) + "</PERMISSIONS>";
}

std::string history(const World& world, const SimVm& vm) {
  std::string text = "<HISTORY_RECORDS>";
  for (size_t i = 0; i < vm.history.size(); ++i) {
    const History& record = vm.history[i];
    text += "<HISTORY>" + plain("OID", vm.id) + plain("SEQ", static_cast<int64_t>(i)) +
            plain("HOSTNAME", world.hosts.at(record.host).name) + plain("HID", record.host) + plain("CID", 0) +
            plain("STIME", record.started) + plain("ETIME", vm.ended) + marked("VM_MAD", "dummy") +
            marked("TM_MAD", "dummy") + plain("DS_ID", 101) + plain("PLAN_ID", record.planned ? -1 : -2) +
            plain("ACTION_ID", -1) + plain("PSTIME", record.started) + plain("PETIME", record.started) +
            plain("RSTIME", record.started) + plain("RETIME", vm.ended) + plain("ESTIME", 0) + plain("EETIME", 0) +
            plain("ACTION", 0) + plain("UID", -1) + plain("GID", -1) + plain("REQUEST_ID", -1) + "</HISTORY>";
  }
  return text + "</HISTORY_RECORDS>";
}

/// What oned adds to every machine's template.
Template with_server_attributes(const World& world, const SimVm& vm) {
  Template body = vm.body;
  bool stands = false, connected = false;
  for (const Attribute& line : body) {
    stands = stands || (line.name == "DISK" && !line.part("IMAGE_ID").empty());
    connected = connected || line.name == "NIC";
  }
  const std::string cluster = R"(("CLUSTERS/ID" @> 0))";
  if (stands || connected) set(body, "AUTOMATIC_DS_REQUIREMENTS", cluster);
  if (connected) set(body, "AUTOMATIC_NIC_REQUIREMENTS", cluster);
  set(body, "AUTOMATIC_REQUIREMENTS",
      stands || connected ? "(CLUSTER_ID = 0) & !(PIN_POLICY = PINNED)" : "!(PIN_POLICY = PINNED)");
  if (!vm.history.empty()) set(body, "TM_MAD_SYSTEM", "dummy");
  std::set<std::string> groups;
  for (const Attribute& line : vm.body)
    if (line.name == "NIC")
      for (const std::string& id : split(line.part("SECURITY_GROUPS"), ','))
        if (!id.empty()) groups.insert(id);
  for (const std::string& id : groups) {
    if (const auto group = world.security_groups.find(std::atoi(id.c_str())); group != world.security_groups.end())
      for (Attribute rule : group->second.attributes) {
        if (rule.name != "RULE") continue;
        rule.name = "SECURITY_GROUP_RULE";
        rule.parts.emplace_back("SECURITY_GROUP_ID", id);
        rule.parts.emplace_back("SECURITY_GROUP_NAME", group->second.name);
        // A rule for a network comes as one for each of its address ranges.
        const auto network = world.networks.find(std::atoi(rule.part("NETWORK_ID").c_str()));
        if (!rule.part("NETWORK_ID").empty() && network != world.networks.end())
          for (const SimRange& range : network->second.ranges) {
            set_part(rule, "AR_ID", std::to_string(range.id));
            set_part(rule, "IP", to_string(range.first));
            set_part(rule, "MAC", mac_of(range.first));
            set_part(rule, "SIZE", std::to_string(range.size));
            set_part(rule, "TYPE", "IP4");
          }
        body.push_back(std::move(rule));
      }
    if (id == "0")
      for (const char* direction : {"OUTBOUND", "INBOUND"})
        body.push_back({.name = "SECURITY_GROUP_RULE",
                        .value = {},
                        .parts = {{"PROTOCOL", "ALL"},
                                  {"RULE_TYPE", direction},
                                  {"SECURITY_GROUP_ID", "0"},
                                  {"SECURITY_GROUP_NAME", "default"}},
                        .vector = true});
  }
  return body;
}

}  // namespace

std::string document(const World& world, const SimVm& vm) {
  std::string lock;
  if (vm.lock)
    lock = "<LOCK>" + plain("LOCKED", vm.lock->level) + plain("OWNER", vm.lock->owner) + plain("TIME", vm.lock->time) +
           plain("REQ_ID", -1) + "</LOCK>";
  return "<VM>" + owner(world, vm) + rights(vm.permissions) + plain("LAST_POLL", 0) + plain("STATE", vm.state) +
         plain("LCM_STATE", vm.lcm_state) + plain("PREV_STATE", vm.previous_state) +
         plain("PREV_LCM_STATE", vm.previous_lcm_state) + plain("RESCHED", 0) + plain("STIME", vm.created) +
         plain("ETIME", vm.ended) + plain("DEPLOY_ID", vm.deploy_id) + lock +
         "<MONITORING></MONITORING><SCHED_ACTIONS></SCHED_ACTIONS><TEMPLATE>" +
         inside(with_server_attributes(world, vm)) + "</TEMPLATE><USER_TEMPLATE>" + inside(vm.user) +
         "</USER_TEMPLATE>" + history(world, vm) +
         "<BACKUPS><BACKUP_CONFIG></BACKUP_CONFIG><BACKUP_IDS></BACKUP_IDS></BACKUPS></VM>";
}

std::string short_document(const World& world, const SimVm& vm) {
  Template nics, tags;
  for (const Attribute& line : vm.body) {
    if (line.name != "NIC") continue;
    Attribute nic{.name = "NIC", .value = {}, .parts = {}, .vector = true};
    for (const char* key : {"IP", "MAC", "NETWORK", "NETWORK_ID", "NIC_ID", "SECURITY_GROUPS"})
      nic.parts.emplace_back(key, line.part(key));
    nics.push_back(std::move(nic));
  }
  for (const Attribute& line : vm.user)
    if (line.name == "LABELS" || line.name == "ERROR" || line.name.starts_with("SCHED_")) tags.push_back(line);
  std::string records;
  if (!vm.history.empty()) {
    const int host = vm.history.back().host;
    records = "<HISTORY>" + plain("OID", vm.id) + plain("SEQ", static_cast<int64_t>(vm.history.size()) - 1) +
              marked("HOSTNAME", world.hosts.at(host).name) + plain("HID", host) + plain("CID", 0) +
              plain("DS_ID", 101) + marked("VM_MAD", "dummy") + marked("TM_MAD", "dummy") + marked("ACTION", "0") +
              "</HISTORY>";
  }
  return "<VM>" + owner(world, vm) + plain("LAST_POLL", 0) + plain("STATE", vm.state) +
         plain("LCM_STATE", vm.lcm_state) + plain("RESCHED", 0) + plain("STIME", vm.created) +
         plain("ETIME", vm.ended) + plain("DEPLOY_ID", vm.deploy_id) + "<TEMPLATE>" +
         plain("CPU", value_of(vm.body, "CPU")) + plain("MEMORY", value_of(vm.body, "MEMORY")) +
         plain("VCPU", value_of(vm.body, "VCPU")) + inside(nics) + "</TEMPLATE><MONITORING/><USER_TEMPLATE>" +
         inside(tags) + "</USER_TEMPLATE><HISTORY_RECORDS>" + records + "</HISTORY_RECORDS></VM>";
}

std::string document(const World& world, const SimNetwork& network, bool leases) {
  std::string ranges;
  for (const SimRange& range : network.ranges) {
    const Address last{range.first.bits + range.size - 1};
    std::string allocated;
    for (const auto& [index, lease] : range.leases)
      allocated += " " + std::to_string(index) + " " +
                   std::to_string(lease.network >= 0 ? (int64_t{1} << 38) + lease.network
                                                     : (int64_t{1} << 36) + std::max(0, lease.vm));
    ranges += "<AR>";
    if (!leases && !allocated.empty()) ranges += marked("ALLOCATED", allocated);
    ranges += marked("AR_ID", std::to_string(range.id)) + marked("IP", to_string(range.first)) +
              marked("MAC", mac_of(range.first)) + marked("NEXT_INDEX", std::to_string(range.next_index));
    if (range.parent_range) ranges += marked("PARENT_NETWORK_AR_ID", std::to_string(*range.parent_range));
    ranges += marked("SHARED", "NO") + marked("SIZE", std::to_string(range.size)) + marked("TYPE", "IP4");
    if (leases) {
      ranges += marked("MAC_END", mac_of(last)) + marked("IP_END", to_string(last)) +
                plain("USED_LEASES", static_cast<int64_t>(range.leases.size())) + "<LEASES>";
      for (const auto& [index, lease] : range.leases) {
        const Address address{range.first.bits + index};
        ranges += "<LEASE>" + marked("IP", to_string(address)) + marked("MAC", mac_of(address)) +
                  (lease.network >= 0 ? marked("VNET", std::to_string(lease.network))
                                      : marked("VM", std::to_string(lease.vm))) +
                  "</LEASE>";
      }
      ranges += "</LEASES>";
    }
    ranges += "</AR>";
  }
  const std::string state = std::to_string(network.state);
  return "<VNET>" + owner(world, network) + rights(network.permissions) + "<CLUSTERS><ID>0</ID></CLUSTERS>" +
         marked("BRIDGE", "br0") + marked("BRIDGE_TYPE", "linux") + marked("STATE", state) +
         marked("PREV_STATE", state) +
         plain("PARENT_NETWORK_ID", network.parent ? std::to_string(*network.parent) : "") +
         "<TEMPLATE_ID/><VN_MAD><![CDATA[dummy]]></VN_MAD><PHYDEV/><VLAN_ID/><OUTER_VLAN_ID/>" +
         plain("VLAN_ID_AUTOMATIC", 0) + plain("OUTER_VLAN_ID_AUTOMATIC", 0) +
         plain("USED_LEASES", world.used_leases(network)) +
         "<VROUTERS></VROUTERS><UPDATED_VMS></UPDATED_VMS><OUTDATED_VMS></OUTDATED_VMS><UPDATING_VMS></UPDATING_VMS>"
         "<ERROR_VMS></ERROR_VMS><TEMPLATE>" +
         inside(network.attributes) + "</TEMPLATE><AR_POOL>" + ranges + "</AR_POOL></VNET>";
}

std::string document(const World& world, const SimImage& image) {
  return "<IMAGE>" + owner(world, image) + rights(image.permissions) + plain("TYPE", image.type) +
         plain("DISK_TYPE", 0) + plain("PERSISTENT", image.persistent ? 1 : 0) + plain("REGTIME", image.registered) +
         plain("MODTIME", image.registered) + marked("SOURCE", "dummy_path") + "<PATH/>" + marked("FORMAT", "raw") +
         "<FS/>" + plain("SIZE", image.size_mb) + plain("STATE", image.state) + plain("PREV_STATE", image.state) +
         plain("RUNNING_VMS", static_cast<int64_t>(image.vms.size())) + plain("CLONING_OPS", 0) +
         plain("CLONING_ID", -1) + plain("TARGET_SNAPSHOT", -1) + plain("DATASTORE_ID", image.datastore) +
         plain("DATASTORE", "imgs") + ids("VMS", image.vms) + "<CLONES></CLONES><APP_CLONES></APP_CLONES><TEMPLATE>" +
         inside(image.attributes) + "</TEMPLATE><SNAPSHOTS>" + marked("ALLOW_ORPHANS", "NO") +
         marked("CURRENT_BASE", "-1") + marked("NEXT_SNAPSHOT", "0") +
         "</SNAPSHOTS><BACKUP_INCREMENTS></BACKUP_INCREMENTS><BACKUP_DISK_IDS/></IMAGE>";
}

std::string document(const World& world, const SimTemplate& from) {
  return "<VMTEMPLATE>" + owner(world, from) + rights(from.permissions) + plain("REGTIME", from.registered) +
         "<TEMPLATE>" + inside(from.attributes) + "</TEMPLATE></VMTEMPLATE>";
}

std::string document(const World& world, const SimSecurityGroup& group) {
  return "<SECURITY_GROUP>" + owner(world, group) + rights(group.permissions) +
         "<UPDATED_VMS></UPDATED_VMS><OUTDATED_VMS></OUTDATED_VMS><UPDATING_VMS></UPDATING_VMS><ERROR_VMS></ERROR_VMS>"
         "<TEMPLATE>" +
         inside(group.attributes) + "</TEMPLATE></SECURITY_GROUP>";
}

std::string document(const World& world, const SimVmGroup& group) {
  std::string roles;
  for (size_t i = 0; i < group.roles.size(); ++i) {
    const SimVmGroup::Role& role = group.roles[i];
    std::string members;
    for (const int id : role.vms) members += (members.empty() ? "" : ",") + std::to_string(id);
    roles += "<ROLE>" + marked("ID", std::to_string(i)) + marked("NAME", role.name);
    if (!role.policy.empty()) roles += marked("POLICY", role.policy);
    if (!members.empty()) roles += marked("VMS", members);
    roles += "</ROLE>";
  }
  return "<VM_GROUP>" + owner(world, group) + rights(group.permissions) + "<ROLES>" + roles + "</ROLES><TEMPLATE>" +
         inside(group.attributes) + "</TEMPLATE></VM_GROUP>";
}

std::string document(const World& world, const SimHost& host) {
  const std::vector<int> running = world.vms_on(host.id);
  return "<HOST>" + plain("ID", host.id) + plain("NAME", host.name) + plain("STATE", host.state) +
         plain("PREV_STATE", host.state) + marked("IM_MAD", "dummy") + marked("VM_MAD", "dummy") +
         plain("CLUSTER_ID", 0) + plain("CLUSTER", "default") + "<HOST_SHARE>" +
         plain("MEM_USAGE", world.memory_used_kb(host.id)) + plain("CPU_USAGE", world.cpu_used(host.id)) +
         plain("TOTAL_MEM", host.memory_kb) + plain("TOTAL_CPU", host.cpu) + plain("MAX_MEM", host.memory_kb) +
         plain("MAX_CPU", host.cpu) + plain("RUNNING_VMS", static_cast<int64_t>(running.size())) +
         plain("VMS_THREAD", 1) + "<DATASTORES>" + marked("DISK_USAGE", "0") + marked("FREE_DISK", "20480") +
         marked("MAX_DISK", "20480") + marked("USED_DISK", "9720") +
         "</DATASTORES><PCI_DEVICES/><NUMA_NODES/></HOST_SHARE>" +
         ids("VMS", std::set<int>(running.begin(), running.end())) + "<TEMPLATE>" + marked("ARCH", "x86_64") +
         marked("CPUSPEED", "3200") + marked("HOSTNAME", host.name) + marked("HYPERVISOR", "dummy") +
         marked("IM_MAD", "dummy") + marked("MEMORY_ENCRYPTION", "SEV") +
         marked("MODELNAME", "Dummy(R) Core @ 3.2GHz") + "<RESERVED_CPU/><RESERVED_MEM/>" +
         marked("TOTALCPU", std::to_string(host.cpu)) + marked("TOTALMEMORY", std::to_string(host.memory_kb)) +
         marked("VM_MAD", "dummy") + "</TEMPLATE><MONITORING></MONITORING></HOST>";
}

std::string document(const World& world, const Account& account) {
  const auto number = [](double value) { return std::to_string(std::lround(value)); };
  std::map<std::string, double> used;
  std::map<int, int> leases;
  for (const auto& [id, vm] : world.vms) {
    if (vm.uid != account.id || vm.state == 6) continue;
    used["VMS"] += 1;
    for (const char* what : {"CPU", "MEMORY"}) used[what] += std::atof(value_of(vm.body, what).c_str());
    for (const Attribute& line : vm.body)
      if (line.name == "NIC") ++leases[std::atoi(line.part("NETWORK_ID").c_str())];
  }
  std::string networks, machine;
  for (const auto& [id, limit] : account.lease_limits)
    networks += "<NETWORK>" + marked("ID", std::to_string(id)) + marked("LEASES", number(limit)) +
                marked("LEASES_USED", std::to_string(leases[id])) + "</NETWORK>";
  if (!account.vm_limits.empty()) {
    machine = "<VM>";
    for (const char* what : {"CPU", "MEMORY", "VMS"}) {
      const auto limit = account.vm_limits.find(what);
      machine += marked(what, limit == account.vm_limits.end() ? "-1" : number(limit->second)) +
                 marked(std::string(what) + "_USED", number(used[what]));
    }
    machine += "</VM>";
  }
  std::string tokens;
  for (const auto& [token, about] : account.tokens)
    tokens += "<LOGIN_TOKEN>" + plain("TOKEN", token) + plain("EXPIRATION_TIME", about.expires) +
              plain("EGID", about.group) + "</LOGIN_TOKEN>";
  return "<USER>" + plain("ID", account.id) + plain("GID", account.gid) + "<GROUPS>" + plain("ID", account.gid) +
         "</GROUPS>" + plain("GNAME", account.group) + plain("NAME", account.name) + marked("PASSWORD", "REDACTED") +
         marked("AUTH_DRIVER", "core") + plain("ENABLED", account.enabled ? 1 : 0) + tokens + "<TEMPLATE>" +
         marked("TOKEN_PASSWORD", "REDACTED") + "</TEMPLATE><DATASTORE_QUOTA></DATASTORE_QUOTA><NETWORK_QUOTA>" +
         networks + "</NETWORK_QUOTA><VM_QUOTA>" + machine +
         "</VM_QUOTA><IMAGE_QUOTA></IMAGE_QUOTA><DEFAULT_USER_QUOTAS><DATASTORE_QUOTA></DATASTORE_QUOTA><NETWORK_QUOTA>"
         "</NETWORK_QUOTA><VM_QUOTA></VM_QUOTA><IMAGE_QUOTA></IMAGE_QUOTA></DEFAULT_USER_QUOTAS></USER>";
}

std::string datastore_pool(const World& world) {
  std::string text = "<DATASTORE_POOL>";
  for (const auto& [id, name, type] : {std::tuple<int, const char*, int>{101, "sys", 1},
                                       {100, "imgs", 0},
                                       {2, "files", 2},
                                       {1, "default", 0},
                                       {0, "system", 1}}) {
    std::set<int> stored;
    if (id == 100)
      for (const auto& [image_id, image] : world.images) stored.insert(image_id);
    text += "<DATASTORE>" + plain("ID", id) + plain("UID", 0) + plain("GID", 0) + plain("UNAME", "oneadmin") +
            plain("GNAME", "oneadmin") + plain("NAME", name) + plain("TYPE", type) + plain("STATE", id == 0 ? 1 : 0) +
            plain("TOTAL_MB", id == 100 ? 20480 : 0) + plain("FREE_MB", id == 100 ? 20480 : 0) + ids("IMAGES", stored) +
            "</DATASTORE>";
  }
  return text + "</DATASTORE_POOL>";
}

}  // namespace slipway::testing_support::one
