// Making and changing machines: what oned checks, in which order, and what it adds to a template.

#include <algorithm>
#include <cmath>

#include "base/ids.h"
#include "base/text.h"

#include "tests/opennebula/world.h"

namespace slipway::testing_support::one {
namespace {

using opennebula::Attribute;

constexpr int active = 3, poweroff = 8;

/// Attributes of a template that belong to the machine itself; all others are the user's.
const std::set<std::string> own_names = {"CPU",     "VCPU",     "MEMORY",    "DISK",     "NIC",   "NIC_ALIAS",
                                         "CONTEXT", "GRAPHICS", "OS",        "FEATURES", "INPUT", "VMGROUP",
                                         "RAW",     "VIDEO",    "CPU_MODEL", "TOPOLOGY"};

bool runs(const SimVm& vm) { return vm.state == active && vm.lcm_state == 3; }
bool takes_hot_plug(const SimVm& vm) { return runs(vm) || vm.state == poweroff; }
std::string state_of(const SimVm& vm) { return opennebula::state_name(vm.state, vm.lcm_state); }

std::vector<Attribute*> all(Template& from, const std::string& name) {
  std::vector<Attribute*> found;
  for (Attribute& line : from)
    if (line.name == name) found.push_back(&line);
  return found;
}

/// `$` begins a variable in CONTEXT. What cannot be one is an error; what is unknown becomes empty.
std::optional<std::string> expand(const std::string& text, const Template& known, const std::string& vm_name) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '$') {
      out += text[i];
      continue;
    }
    if (i > 0 && text[i - 1] == '\\') {
      out += text[i];
      continue;
    }
    size_t end = i + 1;
    while (end < text.size() && (std::isalnum(static_cast<unsigned char>(text[end])) || text[end] == '_')) ++end;
    if (end == i + 1) return std::nullopt;
    const std::string name = text.substr(i + 1, end - i - 1);
    if (end < text.size() && text[end] == '[') {
      const size_t close = text.find(']', end);
      if (close == std::string::npos) return std::nullopt;
      end = close + 1;
    } else {
      out += name == "NAME" ? vm_name : value_of(known, name);
    }
    i = end - 1;
  }
  return out;
}

std::optional<std::string> name_complaint(const std::string& name) {
  if (name.empty()) return "Invalid NAME, it cannot be empty";
  if (name.size() > 128) return "Invalid NAME, max length is 128 chars";
  const size_t bad = name.find_first_of("&|:\\\";/'#{}$<>\t\n\r");
  if (bad == std::string::npos) return std::nullopt;
  return std::string("Invalid NAME, char '") + name[bad] + "' is not allowed";
}

std::string next_target(const SimVm& vm) {
  char letter = 'a';
  for (const Attribute& line : vm.body)
    if (line.name == "DISK") ++letter;
  return std::string("sd") + letter;
}

Attribute image_disk(const SimImage& image, int disk_id, const std::string& target, const std::string& size) {
  Attribute disk{.name = "DISK", .value = {}, .parts = {}, .vector = true};
  for (const auto& [key, value] : std::initializer_list<std::pair<const char*, std::string>>{
           {"ALLOW_ORPHANS", "NO"},
           {"CLONE", image.persistent ? "NO" : "YES"},
           {"CLONE_TARGET", "SYSTEM"},
           {"CLUSTER_ID", "0"},
           {"DATASTORE", "imgs"},
           {"DATASTORE_ID", std::to_string(image.datastore)},
           {"DEV_PREFIX", "sd"},
           {"DISK_ID", std::to_string(disk_id)},
           {"DISK_SNAPSHOT_TOTAL_SIZE", "0"},
           {"DISK_TYPE", "FILE"},
           {"DRIVER", "raw"},
           {"FORMAT", "raw"},
           {"IMAGE", image.name},
           {"IMAGE_ID", std::to_string(image.id)},
           {"IMAGE_STATE", image.persistent ? "8" : "2"},
           {"LN_TARGET", "NONE"},
           {"ORIGINAL_SIZE", std::to_string(image.size_mb)},
           {"PERSISTENT_SNAPSHOTS", "YES"},
           {"READONLY", "NO"},
           {"SAVE", image.persistent ? "YES" : "NO"},
           {"SIZE", size.empty() ? std::to_string(image.size_mb) : size},
           {"SOURCE", "dummy_path"},
           {"TARGET", target},
           {"TM_MAD", "dummy"},
           {"TYPE", "FILE"}})
    disk.parts.emplace_back(key, value);
  if (image.persistent) disk.parts.emplace_back("PERSISTENT", "YES");
  return disk;
}

Attribute volatile_disk(const Attribute& asked, int disk_id, const std::string& target) {
  Attribute disk{.name = "DISK", .value = {}, .parts = {}, .vector = true};
  for (const auto& [key, value] :
       std::initializer_list<std::pair<const char*, std::string>>{{"ALLOW_ORPHANS", "NO"},
                                                                  {"CLUSTER_ID", "0"},
                                                                  {"DATASTORE", "sys"},
                                                                  {"DATASTORE_ID", "101"},
                                                                  {"DEV_PREFIX", "sd"},
                                                                  {"DISK_ID", std::to_string(disk_id)},
                                                                  {"DISK_TYPE", "FILE"},
                                                                  {"DRIVER", "raw"},
                                                                  {"FORMAT", "raw"},
                                                                  {"PERSISTENT_SNAPSHOTS", "YES"},
                                                                  {"SIZE", asked.part("SIZE")},
                                                                  {"TARGET", target},
                                                                  {"TM_MAD", "dummy"},
                                                                  {"TM_MAD_SYSTEM", "dummy"},
                                                                  {"TYPE", asked.part("TYPE")}})
    disk.parts.emplace_back(key, value);
  return disk;
}

}  // namespace

/// Builds one machine, or tells what oned would.
class VmBuilder {
 public:
  VmBuilder(World& world, const Account& caller, const Template& text) : world_(world), caller_(caller), text_(text) {}

  std::optional<Reply> build(SimVm& vm) {
    vm_ = &vm;
    for (const auto& step :
         {&VmBuilder::check_values, &VmBuilder::add_disks, &VmBuilder::check_group, &VmBuilder::check_networks,
          &VmBuilder::check_quota, &VmBuilder::add_context, &VmBuilder::add_nics})
      if (std::optional<Reply> refused = (this->*step)()) return refused;
    return std::nullopt;
  }
  void commit() {
    for (const int image : images_) {
      SimImage& used = world_.images.at(image);
      used.vms.insert(vm_->id);
      if (used.state == 1) used.state = used.persistent ? 8 : 2;
    }
    if (role_) role_->vms.insert(vm_->id);
  }

 private:
  std::optional<Reply> check_values() {
    if (const auto complaint = name_complaint(vm_->name)) return bad(internal_error, *complaint);
    const std::string cpu = value_of(text_, "CPU"), memory = value_of(text_, "MEMORY");
    if (std::atof(cpu.c_str()) <= 0)
      return bad(internal_error, "CPU attribute must be a positive float or integer value.");
    if (std::atoll(memory.c_str()) <= 0 || memory.find_first_not_of("0123456789") != std::string::npos)
      return bad(internal_error, "MEMORY attribute must be a positive integer value.");
    for (const Attribute& line : text_) {
      bool broken = line.value.find("]]>") != std::string::npos;
      for (const auto& [key, value] : line.parts) broken = broken || value.find("]]>") != std::string::npos;
      if (broken) return bad(internal_error, "Error transforming the VM to XML.");
    }
    if (caller_.id != 0)
      for (const Attribute& line : text_)
        for (const char* restricted : {"MAC", "VLAN_ID", "BRIDGE", "FILTER_IP_SPOOFING", "FILTER_MAC_SPOOFING"})
          if (line.name == "NIC" && !line.part(restricted).empty())
            return bad(authorization, "User [" + std::to_string(caller_.id) +
                                          "] : User Template includes a restricted attribute NIC.");
    for (const Attribute& line : text_)
      if (!own_names.contains(line.name) && line.name != "NAME") vm_->user.push_back(line);
    for (const char* name : {"CPU", "VCPU", "MEMORY"})
      if (const std::string value = value_of(text_, name); !value.empty()) set(vm_->body, name, value);
    for (const char* name : {"GRAPHICS", "OS", "FEATURES", "VMGROUP", "RAW"})
      if (const Attribute* line = find(text_, name)) vm_->body.push_back(*line);
    return std::nullopt;
  }

  std::optional<Reply> add_disks() {
    int number = 0;
    for (const Attribute& asked : text_) {
      if (asked.name != "DISK") continue;
      const std::string place = "DISK " + std::to_string(number) + ": ", target = next_target(*vm_);
      ++number;
      const std::string id = asked.part("IMAGE_ID"), name = asked.part("IMAGE"), size = asked.part("SIZE");
      if (id.empty() && name.empty()) {
        vm_->body.push_back(volatile_disk(asked, vm_->next_disk++, target));
        continue;
      }
      const SimImage* image = nullptr;
      for (const auto& [known, candidate] : world_.images)
        if (id.empty() ? candidate.name == name && candidate.uid == caller_.id : std::to_string(known) == id)
          image = &candidate;
      if (!image && id.empty())
        return bad(internal_error, place + "User " + std::to_string(caller_.id) + " does not own an image with name: " +
                                       name + " . Set IMAGE_UNAME or IMAGE_UID of owner in DISK.");
      if (!image) return bad(internal_error, place + "Image with ID: " + id + " does not exist");
      if (image->persistent && !image->vms.empty())
        return bad(internal_error, place + "Cannot acquire image " + std::to_string(image->id) +
                                       ", it is persistent and already in use");
      if (!size.empty() && std::atoll(size.c_str()) < image->size_mb)
        return bad(internal_error, place + "SIZE of " + size + "MB is less than the image [" +
                                       std::to_string(image->id) + "] size of " + std::to_string(image->size_mb) +
                                       "MB.");
      vm_->body.push_back(image_disk(*image, vm_->next_disk++, target, size));
      images_.push_back(image->id);
    }
    return std::nullopt;
  }

  std::optional<Reply> check_group() {
    const Attribute* asked = find(text_, "VMGROUP");
    if (!asked) return std::nullopt;
    const auto group = world_.vm_groups.find(std::atoi(asked->part("VMGROUP_ID").c_str()));
    if (group == world_.vm_groups.end()) return bad(internal_error, "VM Group does not exist");
    for (SimVmGroup::Role& role : group->second.roles)
      if (role.name == asked->part("ROLE")) role_ = &role;
    if (!role_) return bad(internal_error, "Role does not exist in VM Group");
    return std::nullopt;
  }

  std::optional<Reply> check_networks() {
    for (const Attribute& asked : text_) {
      if (asked.name != "NIC" || asked.part("NETWORK_MODE") == "auto") continue;
      const std::string id = asked.part("NETWORK_ID"), name = asked.part("NETWORK");
      SimNetwork* network = nullptr;
      for (auto& [known, candidate] : world_.networks)
        if (id.empty() ? candidate.name == name && candidate.uid == caller_.id : std::to_string(known) == id)
          network = &candidate;
      if (!network && id.empty())
        return bad(internal_error, "User " + std::to_string(caller_.id) + " does not own a network with name: " + name +
                                       " . Set NETWORK_UNAME or NETWORK_UID of owner in NIC.");
      if (!network) return bad(internal_error, "Virtual network with ID: " + id + " does not exist");
      networks_.push_back(network);
    }
    return std::nullopt;
  }

  std::optional<Reply> check_quota() {
    std::vector<int> ids;
    for (const SimNetwork* network : networks_) ids.push_back(network->id);
    if (const auto complaint = world_.quota_complaint(caller_, text_, networks_.size(), ids))
      return bad(authorization, "User [" + std::to_string(caller_.id) + "] : " + *complaint);
    return std::nullopt;
  }

  std::optional<Reply> add_context() {
    const Attribute* asked = find(text_, "CONTEXT");
    if (!asked) return std::nullopt;
    Attribute context{.name = "CONTEXT", .value = {}, .parts = {}, .vector = true};
    for (const auto& [key, value] : asked->parts) {
      const std::optional<std::string> text = expand(value, text_, vm_->name);
      if (!text)
        return bad(internal_error, "Error parsing: DISK_ID=" + std::to_string(vm_->next_disk) + "@^_^@" + key + "=" +
                                       value +
                                       "@^_^@TARGET=hda. syntax error, unexpected EOA, expecting $end or VARIABLE or "
                                       "RSTRING at line 0, columns 34:35");
      context.parts.emplace_back(key, *text);
    }
    set_part(context, "DISK_ID", std::to_string(vm_->next_disk++));
    set_part(context, "TARGET", "hda");
    vm_->body.push_back(std::move(context));
    return std::nullopt;
  }

  std::optional<Reply> add_nics() {
    size_t place = 0;
    for (const Attribute& asked : text_) {
      if (asked.name != "NIC" || asked.part("NETWORK_MODE") == "auto") continue;
      SimNetwork& network = *networks_[place++];
      const std::optional<Address> ip = world_.take_lease(network, asked.part("IP"), vm_->id);
      if (!ip) {
        world_.free_leases(vm_->id);
        return bad(internal_error, "Cannot get IP/MAC lease from virtual network " + std::to_string(network.id) + ".");
      }
      vm_->body.push_back(world_.nic_of(network, *ip, vm_->id, vm_->next_nic++, asked));
    }
    world_.write_context_network(*vm_);
    return std::nullopt;
  }

  World& world_;
  const Account& caller_;
  const Template& text_;
  SimVm* vm_ = nullptr;
  std::vector<int> images_;
  std::vector<SimNetwork*> networks_;
  SimVmGroup::Role* role_ = nullptr;
};

std::optional<std::string> World::quota_complaint(const Account& caller, const Template& body, size_t,
                                                  const std::vector<int>& wanted) const {
  const auto used = [&](const char* what) {
    double sum = 0;
    for (const auto& [id, vm] : vms)
      if (vm.uid == caller.id && vm.state != 6)
        sum += std::string_view(what) == "VMS" ? 1 : std::atof(value_of(vm.body, what).c_str());
    return sum;
  };
  for (const char* what : {"CPU", "MEMORY", "VMS"}) {
    const auto limit = caller.vm_limits.find(what);
    const double more = std::string_view(what) == "VMS" ? 1 : std::atof(value_of(body, what).c_str());
    if (limit != caller.vm_limits.end() && used(what) + more > limit->second)
      return "user [" + std::to_string(caller.id) + "] limit of " + std::to_string(std::lround(limit->second)) +
             " reached for " + what + " quota in VM.";
  }
  for (const int id : wanted) {
    const auto limit = caller.lease_limits.find(id);
    double leases = 1;
    for (const SimRange& range : networks.at(id).ranges)
      for (const auto& [index, lease] : range.leases)
        if (lease.vm >= 0 && vms.contains(lease.vm) && vms.at(lease.vm).uid == caller.id) ++leases;
    if (limit != caller.lease_limits.end() && leases > limit->second)
      return "user [" + std::to_string(caller.id) + "] limit of " + std::to_string(std::lround(limit->second)) +
             " reached for LEASES quota in NETWORK with ID: " + std::to_string(id) + ".";
  }
  return std::nullopt;
}

Reply World::allocate_vm(const Account& caller, const Template& text, bool hold, int template_id,
                         const std::string& name) {
  SimVm vm;
  vm.id = next_vm;
  vm.uid = caller.id;
  vm.gid = caller.gid;
  vm.name = !name.empty() ? name : value_of(text, "NAME");
  if (vm.name.empty()) vm.name = "one-" + std::to_string(vm.id);
  vm.created = wall_seconds();
  vm.state = vm.previous_state = hold ? 2 : 1;
  vm.hold = hold;
  vm.template_id = template_id;
  VmBuilder builder(*this, caller, text);
  if (std::optional<Reply> refused = builder.build(vm)) return *refused;
  set(vm.body, "VMID", std::to_string(vm.id));
  if (template_id >= 0) set(vm.body, "TEMPLATE_ID", std::to_string(template_id));
  if (hold) set(vm.body, "SUBMIT_ON_HOLD", "YES");
  std::string uuid = random_hex(16);
  for (const size_t dash : {20, 16, 12, 8}) uuid.insert(dash, 1, '-');
  if (!find(vm.body, "OS")) vm.body.push_back({.name = "OS", .value = {}, .parts = {}, .vector = true});
  set_part(const_cast<Attribute&>(*find(vm.body, "OS")), "UUID", uuid);
  builder.commit();
  ++next_vm;
  vms[vm.id] = std::move(vm);
  return good(next_vm - 1);
}

Attribute World::nic_of(SimNetwork& network, Address ip, int vm, int nic_id, const Attribute& asked) {
  Attribute nic{.name = asked.name, .value = {}, .parts = {}, .vector = true};
  const std::string groups = asked.part("SECURITY_GROUPS"), inherited = value_of(network.attributes, "SECURITY_GROUPS");
  std::set<int> ids;
  for (const std::string& part : split(groups + "," + inherited, ','))
    if (!trim(part).empty()) ids.insert(std::atoi(part.c_str()));
  std::string list;
  for (const int id : ids) list += (list.empty() ? "" : ",") + std::to_string(id);
  std::vector<std::pair<std::string, std::string>> parts = {
      {"AR_ID", "0"},
      {"BRIDGE", "br0"},
      {"BRIDGE_TYPE", "linux"},
      {"CLUSTER_ID", "0"},
      {"IP", to_string(ip)},
      {"MAC", mac_of(ip)},
      {"NAME", "NIC" + std::to_string(nic_id)},
      {"NETWORK", network.name},
      {"NETWORK_ID", std::to_string(network.id)},
      {"NIC_ID", std::to_string(nic_id)},
      {"SECURITY_GROUPS", list},
      {"TARGET", "one-" + std::to_string(vm) + "-" + std::to_string(nic_id)},
      {"VN_MAD", "dummy"}};
  for (const char* key : {"DNS", "GATEWAY", "FILTER_IP_SPOOFING", "FILTER_MAC_SPOOFING"})
    if (const std::string value = value_of(network.attributes, key); !value.empty()) parts.emplace_back(key, value);
  for (const char* key : {"MODEL", "PARENT"})
    if (const std::string value = asked.part(key); !value.empty()) parts.emplace_back(key, value);
  nic.parts = std::move(parts);
  return nic;
}

/// NETWORK=YES: the values of each NIC, which overwrite what the context had.
void World::write_context_network(SimVm& vm) {
  Attribute* context = const_cast<Attribute*>(find(vm.body, "CONTEXT"));
  if (!context || context->part("NETWORK") != "YES") return;
  std::erase_if(context->parts, [](const auto& part) { return part.first.starts_with("ETH"); });
  int number = 0;
  for (const Attribute& nic : vm.body) {
    if (nic.name != "NIC") continue;
    const std::string prefix = "ETH" + std::to_string(number++) + "_";
    const auto network = networks.find(std::atoi(nic.part("NETWORK_ID").c_str()));
    const auto of_network = [&](const char* key) {
      return network == networks.end() ? "" : value_of(network->second.attributes, key);
    };
    for (const auto& [key, value] :
         std::initializer_list<std::pair<const char*, std::string>>{{"DNS", of_network("DNS")},
                                                                    {"EXTERNAL", ""},
                                                                    {"GATEWAY", of_network("GATEWAY")},
                                                                    {"IP", nic.part("IP")},
                                                                    {"IP6", ""},
                                                                    {"IP6_GATEWAY", ""},
                                                                    {"IP6_METHOD", ""},
                                                                    {"IP6_METRIC", ""},
                                                                    {"IP6_PREFIX_LENGTH", ""},
                                                                    {"IP6_ULA", ""},
                                                                    {"MAC", nic.part("MAC")},
                                                                    {"MASK", of_network("NETWORK_MASK")},
                                                                    {"METHOD", ""},
                                                                    {"METRIC", ""},
                                                                    {"MTU", ""},
                                                                    {"NETWORK", of_network("NETWORK_ADDRESS")},
                                                                    {"ROUTES", ""},
                                                                    {"SEARCH_DOMAIN", ""},
                                                                    {"VLAN_ID", ""},
                                                                    {"VROUTER_IP", ""},
                                                                    {"VROUTER_IP6", ""},
                                                                    {"VROUTER_MANAGEMENT", ""}})
      context->parts.emplace_back(prefix + key, value);
  }
}

Reply World::attach_disk(SimVm& vm, const Template& text) {
  const Attribute* asked = find(text, "DISK");
  if (!asked) return bad(internal_error, "Missing DISK attribute");
  if (!takes_hot_plug(vm) || !vm.coming.empty())
    return bad(action_error,
               "Could not attach a new disk to VM " + std::to_string(vm.id) + ", wrong state " + state_of(vm) + ".");
  Attribute disk;
  const std::string target = next_target(vm);
  if (const std::string id = asked->part("IMAGE_ID"); !id.empty()) {
    const auto image = images.find(std::atoi(id.c_str()));
    if (image == images.end()) return bad(action_error, "Image with ID: " + id + " does not exist");
    if (image->second.state == 4) return bad(action_error, "Cannot acquire image " + id + ", it is locked");
    if (image->second.persistent && !image->second.vms.empty())
      return bad(action_error, "Cannot acquire image " + id + ", it is persistent and already in use");
    disk = image_disk(image->second, vm.next_disk++, target, asked->part("SIZE"));
    image->second.vms.insert(vm.id);
    image->second.state = image->second.persistent ? 8 : 2;
  } else {
    disk = volatile_disk(*asked, vm.next_disk++, target);
  }
  const bool ignored = fails(vm, "attach");
  if (vm.state == poweroff)
    go(vm, {{active, 33}, {poweroff, 0}});
  else
    go(vm, {{active, 17}, {active, 3}});
  if (!ignored) vm.body.push_back(std::move(disk));
  return good(vm.id);
}

Reply World::detach_disk(SimVm& vm, int disk) {
  if (!takes_hot_plug(vm) || !vm.coming.empty())
    return bad(action_error,
               "Could not detach a disk from VM " + std::to_string(vm.id) + ", wrong state " + state_of(vm) + ".");
  for (auto line = vm.body.begin(); line != vm.body.end(); ++line)
    if (line->name == "DISK" && line->part("DISK_ID") == std::to_string(disk)) {
      if (const auto image = images.find(std::atoi(line->part("IMAGE_ID").c_str()));
          !line->part("IMAGE_ID").empty() && image != images.end()) {
        image->second.vms.erase(vm.id);
        if (image->second.vms.empty()) image->second.state = 1;
      }
      vm.body.erase(line);
      go(vm, {{active, 17}, {active, 3}});
      return good(vm.id);
    }
  return bad(action_error, "Could not detach disk with DISK_ID " + std::to_string(disk) + ", it does not exist.");
}

Reply World::resize_disk(SimVm& vm, int disk, const std::string& size) {
  for (Attribute* line : all(vm.body, "DISK")) {
    if (line->part("DISK_ID") != std::to_string(disk)) continue;
    if (std::atoll(size.c_str()) <= std::atoll(line->part("SIZE").c_str()))
      return bad(action_error, "New disk size has to be greater than current one");
    if (!takes_hot_plug(vm) || !vm.coming.empty())
      return bad(action_error,
                 "Could not resize a disk for VM " + std::to_string(vm.id) + ", wrong state " + state_of(vm) + ".");
    set_part(*line, "SIZE", size);
    go(vm, {{active, 62}, {active, 3}});
    return good(vm.id);
  }
  return bad(action_error, "Wrong disk ID");
}

Reply World::attach_nic(SimVm& vm, const Template& text, const Account& caller) {
  const Attribute* asked = find(text, "NIC");
  if (!asked) asked = find(text, "NIC_ALIAS");
  if (!asked) return bad(internal_error, "Missing NIC attribute");
  if (caller.id != 0 && !asked->part("MAC").empty())
    return bad(authorization, "User [" + std::to_string(caller.id) + "] : NIC includes a restricted attribute MAC.");
  if (!takes_hot_plug(vm) || !vm.coming.empty())
    return bad(action_error,
               "Could not add a new NIC to VM " + std::to_string(vm.id) + ", wrong state " + state_of(vm) + ".");
  const std::string id = asked->part("NETWORK_ID");
  const auto network = networks.find(std::atoi(id.c_str()));
  if (network == networks.end()) return bad(action_error, "Virtual network with ID: " + id + " does not exist");
  const std::optional<Address> ip = take_lease(network->second, asked->part("IP"), vm.id);
  if (!ip) return bad(action_error, "Cannot get IP/MAC lease from virtual network " + id + ".");
  Attribute nic = nic_of(network->second, *ip, vm.id, vm.next_nic++, *asked);
  if (nic.name == "NIC_ALIAS")
    for (const Attribute& parent : vm.body)
      if (parent.name == "NIC" && parent.part("NAME") == asked->part("PARENT"))
        nic.parts.emplace_back("PARENT_ID", parent.part("NIC_ID"));
  vm.body.push_back(std::move(nic));
  write_context_network(vm);
  go(vm, {{active, 25}, {active, 3}});
  return good(vm.id);
}

Reply World::detach_nic(SimVm& vm, int nic) {
  for (auto line = vm.body.begin(); line != vm.body.end(); ++line)
    if ((line->name == "NIC" || line->name == "NIC_ALIAS") && line->part("NIC_ID") == std::to_string(nic)) {
      if (!takes_hot_plug(vm) || !vm.coming.empty())
        return bad(action_error,
                   "Could not detach NIC from VM " + std::to_string(vm.id) + ", wrong state " + state_of(vm) + ".");
      free_leases(vm.id, line->part("IP"));
      vm.body.erase(line);
      write_context_network(vm);
      go(vm, {{active, 25}, {active, 3}});
      return good(vm.id);
    }
  return bad(action_error, "Could not detach NIC with NIC_ID " + std::to_string(nic) + ", it does not exist.");
}

Reply World::change_security_group(SimVm& vm, int nic, int group, bool attach) {
  for (Attribute& line : vm.body) {
    if (line.name != "NIC" || line.part("NIC_ID") != std::to_string(nic)) continue;
    std::vector<std::string> ids = split(line.part("SECURITY_GROUPS"), ',');
    const auto found = std::find(ids.begin(), ids.end(), std::to_string(group));
    if (attach && found != ids.end())
      return bad(action_error, "VM " + std::to_string(vm.id) + " SG " + std::to_string(group) + " already in NIC " +
                                   std::to_string(nic));
    if (attach) ids.push_back(std::to_string(group));
    if (!attach && found != ids.end()) ids.erase(found);
    set_part(line, "SECURITY_GROUPS", join(ids, ","));
    go(vm, {{active, 25}, {active, 3}});
    return good(vm.id);
  }
  return bad(action_error, "NIC " + std::to_string(nic) + " does not exist");
}

Reply World::resize(SimVm& vm, const Template& text, bool enforce) {
  if (!takes_hot_plug(vm) || !vm.coming.empty())
    return bad(action_error, "Could not resize VM " + std::to_string(vm.id) + ", wrong state " + state_of(vm) + ".");
  if (enforce && !vm.history.empty()) {
    const int host = vm.history.back().host;
    const int64_t now_kb = std::atoll(value_of(vm.body, "MEMORY").c_str()) * 1024;
    const int64_t asked =
        value_of(text, "MEMORY").empty() ? now_kb : std::atoll(value_of(text, "MEMORY").c_str()) * 1024;
    const int64_t free = hosts.at(host).memory_kb - memory_used_kb(host);
    if (asked - now_kb > free)
      return bad(action_error, "Not enough memory: " + std::to_string(asked) + "/" + std::to_string(free));
  }
  for (const char* key : {"CPU", "VCPU", "MEMORY"})
    if (const std::string value = value_of(text, key); !value.empty()) set(vm.body, key, value);
  if (runs(vm)) go(vm, {{active, 66}, {active, 3}});
  return good(vm.id);
}

Reply World::update_configuration(SimVm& vm, const Template& text, bool append) {
  const Attribute* asked = find(text, "CONTEXT");
  if (!asked) return good(vm.id);
  Attribute* context = const_cast<Attribute*>(find(vm.body, "CONTEXT"));
  if (!context) {
    vm.body.push_back({.name = "CONTEXT", .value = {}, .parts = {}, .vector = true});
    context = &vm.body.back();
  }
  if (!append) context->parts.clear();
  for (const auto& [key, value] : asked->parts) set_part(*context, key, value);
  write_context_network(vm);
  if (runs(vm)) go(vm, {{active, 17}, {active, 3}});
  return good(vm.id);
}

}  // namespace slipway::testing_support::one
