#include "tests/opennebula/server.h"

#include <algorithm>
#include <semaphore>
#include <thread>

#include "base/ids.h"
#include "base/json.h"
#include "base/text.h"
#include "providers/opennebula/xml_rpc.h"
#include "providers/opennebula/xml_text.h"

#include "tests/opennebula/documents_out.h"
#include "tests/opennebula/recorded.h"
#include "tests/unit/http/test_server.h"

namespace slipway::testing_support::one {
namespace {

using opennebula::RpcParameter;
using Parameters = std::vector<RpcParameter>;

/// A fault, which is no reply of oned but of its XML-RPC library.
struct Fault {
  int code;
  std::string text;
};

struct Call {
  World& world;
  Account& caller;
  Parameters given;

  int number(size_t i, int otherwise = 0) const { return i < given.size() ? std::get<int>(given[i]) : otherwise; }
  bool flag(size_t i, bool otherwise = false) const { return i < given.size() ? std::get<bool>(given[i]) : otherwise; }
  std::string text(size_t i) const { return i < given.size() ? std::get<std::string>(given[i]) : std::string(); }
  bool admin() const { return caller.gid == 0; }
};

enum class Right { use, manage, admin };

std::string who(const Account& caller) { return "User [" + std::to_string(caller.id) + "] : "; }

/// What a caller may do with an object, and what oned says otherwise.
std::optional<Reply> refused(const Call& call, const Object& object, Right right, const std::string& kind,
                             const SimLock* lock = nullptr) {
  const char* names[] = {"USE", "MANAGE", "ADMIN"};
  const Permissions& bits = object.permissions;
  const bool owner = object.uid == call.caller.id, group = object.gid == call.caller.gid;
  bool allowed = right == Right::use      ? (owner && bits.owner_u) || (group && bits.group_u) || bits.other_u
                 : right == Right::manage ? (owner && bits.owner_m) || (group && bits.group_m) || bits.other_m
                                          : (owner && bits.owner_a) || (group && bits.group_a) || bits.other_a;
  if (kind == "NET" && right == Right::use) allowed = true;  // The default VDC.
  if (call.admin()) allowed = true;
  const std::string id = " [" + std::to_string(object.id) + "].";
  if (lock && right != Right::use && (lock->level == 1 || lock->level == 4 || lock->level == 2))
    return bad(authorization, call.admin() ? who(call.caller) + kind + " is locked." + id
                                           : who(call.caller) + "Not authorized to perform MANAGE " + kind + id);
  if (allowed) return std::nullopt;
  return bad(authorization,
             who(call.caller) + "Not authorized to perform " + names[static_cast<int>(right)] + " " + kind + id);
}

std::optional<Reply> may_create(const Call& call, const std::string& kind) {
  if (call.admin() || call.caller.may_create) return std::nullopt;
  return bad(authorization, who(call.caller) + "Not authorized to perform CREATE " + kind + ".");
}

std::variant<Template, Reply> template_of(const std::string& text) {
  auto parsed = parse_template(text);
  if (auto* lines = std::get_if<Template>(&parsed)) return std::move(*lines);
  return bad(internal_error, std::get<std::string>(parsed));
}

template <class T>
T* find_in(std::map<int, T>& from, int id) {
  const auto found = from.find(id);
  return found == from.end() ? nullptr : &found->second;
}

Reply unknown(const std::string& what, int id) {
  return bad(no_exists, "Error getting " + what + " [" + std::to_string(id) + "].", id);
}

bool visible(const Call& call, const Object& object, int filter, const std::string& kind) {
  const bool usable = !refused(call, object, Right::use, kind);
  if (filter == -3) return object.uid == call.caller.id;
  if (filter == -1) return object.uid == call.caller.id || (object.gid == call.caller.gid && usable);
  if (filter == -2) return usable;
  return object.uid == filter && usable;
}

/// A pool: filtered, by descending id, a range of ids or a page.
template <class T, class Show>
Reply pool(const Call& call, const std::map<int, T>& from, const char* element, const std::string& kind,
           const Show& show) {
  const int filter = call.number(0), start = call.number(1), end = call.number(2);
  if (filter < -4) return bad(rpc_api, "Incorrect filter_flag");
  std::string text = std::string("<") + element + ">";
  int row = 0;
  for (auto entry = from.rbegin(); entry != from.rend(); ++entry) {
    const T& object = entry->second;
    if (!visible(call, object, filter, kind)) continue;
    const std::string shown = show(object);
    if (shown.empty()) continue;
    const bool in_page = end < -1 ? row >= start && row < start - end
                                  : (start < 0 || object.id >= start) && (end < 0 || object.id <= end);
    ++row;
    if (in_page) text += shown;
  }
  return good(text + "</" + element + ">");
}

using Handler = Reply (*)(Call&);
struct Method {
  MethodInfo info;
  Handler handler;
};

/// Does `use` with the machine that the call names, where the caller has the right.
template <class Use>
Reply with_vm(Call& call, size_t place, Right right, const Use& use) {
  const int id = call.number(place);
  SimVm* vm = find_in(call.world.vms, id);
  if (!vm) return unknown("virtual machine", id);
  if (const auto no = refused(call, *vm, right, "VM", vm->lock ? &*vm->lock : nullptr)) return *no;
  return use(*vm);
}

template <class Use>
Reply with_template(Call& call, size_t place, const Use& use) {
  auto parsed = template_of(call.text(place));
  if (Reply* complaint = std::get_if<Reply>(&parsed)) return *complaint;
  return use(std::get<Template>(parsed));
}

Reply update(Template& attributes, const Template& change, int append, int id) {
  if (append != 0 && append != 1) return bad(rpc_api, "Wrong update type");
  if (append == 0) attributes.clear();
  merge(attributes, change);
  return good(id);
}

Reply vm_pool(Call& call, bool extended) {
  const int state = call.number(3);
  if (call.number(0) < -4) return bad(rpc_api, "Incorrect filter_flag");
  if (state < -2 || state > 11) return bad(rpc_api, "Incorrect state filter " + std::to_string(state));
  const std::string query = call.text(4);
  if (!query.empty() && !call.world.queries)
    return bad(internal_error, "JSON query search is not supported by the SQL backend");
  return pool(call, call.world.vms, "VM_POOL", "VM", [&](const SimVm& vm) {
    if (state == -1 ? vm.state == 6 : state >= 0 && vm.state != state) return std::string();
    for (const std::string& condition : split(query, '&')) {
      constexpr std::string_view tag = "VM.USER_TEMPLATE.";
      if (!condition.starts_with(tag)) continue;
      const size_t equals = condition.find('=');
      if (value_of(vm.user, condition.substr(tag.size(), equals - tag.size())).find(condition.substr(equals + 1)) ==
          std::string::npos)
        return std::string();
    }
    return extended ? document(call.world, vm) : short_document(call.world, vm);
  });
}

Reply login(Call& call) {
  const std::string name = call.text(0);
  Account* of = nullptr;
  for (auto& [id, account] : call.world.users)
    if (account.name == name) of = &account;
  if (!of) return bad(no_exists, "Error getting user [" + name + "].");
  if (of->id != call.caller.id && !call.admin())
    return bad(authorization,
               who(call.caller) + "Not authorized to perform MANAGE USER [" + std::to_string(of->id) + "].");
  std::string token = call.text(1);
  const int seconds = call.number(2), group = call.number(3, -1);
  if (group >= 0 && group != of->gid) return bad(rpc_api, "EGID is not in user group list");
  if (seconds == 0) {
    if (token.empty())
      of->tokens.clear();
    else if (of->tokens.erase(token) == 0)
      return bad(rpc_api, "Could not find token: " + token);
    return good(token);
  }
  if (of->tokens.size() >= 10) return bad(rpc_api, "Max number of tokens limit reached.");
  if (token.empty()) token = random_hex(32);
  of->tokens[token] = {.expires = seconds < 0 ? -1 : call.world.wall_seconds() + seconds, .group = group};
  return good(token);
}

Reply instantiate(Call& call) {
  const int id = call.number(0);
  SimTemplate* from = find_in(call.world.templates, id);
  if (!from) return unknown("virtual machine template", id);
  if (const auto no = refused(call, *from, Right::use, "TEMPLATE")) return *no;
  if (value_of(from->attributes, "VROUTER") == "YES")
    return bad(action_error, "Virtual router templates cannot be instantiated");
  if (!call.text(3).empty())
    if (const auto no = may_create(call, "TEMPLATE")) return *no;
  if (call.flag(4))
    return bad(allocate_error,
               "Error allocating a new virtual machine template. DISK 0: SIZE attribute is not supported "
               "for persistent image [" +
                   std::to_string(call.world.next_image) + "].");
  return with_template(call, 3, [&](const Template& extra) {
    if (!call.admin())
      for (const opennebula::Attribute& line : extra)
        if (line.name == "NIC" && (!line.part("MAC").empty() || !line.part("FILTER_IP_SPOOFING").empty()))
          return bad(authorization, who(call.caller) + "User Template includes a restricted attribute NIC.");
    Template whole = from->attributes;
    merge(whole, extra);
    const std::string name =
        call.text(1).empty() ? from->name + "-" + std::to_string(call.world.next_vm) : call.text(1);
    return call.world.allocate_vm(call.caller, whole, call.flag(2), id, name);
  });
}

Reply allocate_image(Call& call) {
  if (const auto no = may_create(call, "IMAGE")) return *no;
  return with_template(call, 0, [&](const Template& text) {
    const int store = call.number(1);
    if (store != 100 && store != 1) return unknown("datastore", store);
    const std::string name = value_of(text, "NAME"), size = value_of(text, "SIZE");
    for (const auto& [id, image] : call.world.images)
      if (image.name == name && image.uid == call.caller.id)
        return bad(allocate_error,
                   "Error allocating a new image. NAME is already taken by IMAGE " + std::to_string(id) + ".");
    if (std::atoll(size.c_str()) <= 0)
      return bad(internal_error, "Cannot parse image SIZE: Wrong number or missing SIZE attribute.");
    SimImage image;
    image.id = call.world.next_image++;
    image.uid = call.caller.id;
    image.gid = call.caller.gid;
    image.name = name;
    image.state = 4;
    image.ready_at = call.world.now() + 20;
    image.type = value_of(text, "TYPE") == "DATABLOCK" ? 2 : 0;
    image.size_mb = std::atoll(size.c_str());
    image.persistent = value_of(text, "PERSISTENT") == "YES";
    image.registered = call.world.wall_seconds();
    image.datastore = store;
    for (const opennebula::Attribute& line : text)
      if (line.name != "NAME" && line.name != "SIZE" && line.name != "TYPE" && line.name != "PERSISTENT")
        image.attributes.push_back(line);
    set(image.attributes, "DEV_PREFIX", "sd");
    call.world.images[image.id] = image;
    return good(image.id);
  });
}

Reply delete_image(Call& call) {
  SimImage* image = find_in(call.world.images, call.number(0));
  if (!image) return unknown("image", call.number(0));
  if (const auto no = refused(call, *image, Right::manage, "IMAGE")) return *no;
  if (!image->vms.empty())
    return bad(action_error, "Cannot delete image. There are " + std::to_string(image->vms.size()) + " VMs using it.");
  image->state = 7;
  image->gone_at = call.world.now() + 20;
  return good(image->id);
}

Reply allocate_security_group(Call& call) {
  if (const auto no = may_create(call, "SECGROUP")) return *no;
  return with_template(call, 0, [&](const Template& text) {
    static const std::set<std::string> protocols = {"TCP", "UDP", "ICMP", "ICMPV6", "IPSEC", "ALL"};
    const std::string name = value_of(text, "NAME");
    for (const opennebula::Attribute& line : text)
      if (line.name == "RULE" && !protocols.contains(line.part("PROTOCOL")))
        return bad(internal_error, "Wrong PROTOCOL in rule. Valid options: TCP, UDP, ICMP, ICMPV6, IPSEC, ALL.");
    for (const opennebula::Attribute& line : text)
      if (line.name == "RULE") {
        size_t ports = 0;
        for (const std::string& part : split(line.part("RANGE"), ','))
          ports += part.empty() ? 0 : part.find(':') == std::string::npos ? 1 : 2;
        if (ports > 15) return bad(internal_error, "Wrong RANGE in rule: more than 15 ports");
      }
    for (const auto& [id, group] : call.world.security_groups)
      if (group.name == name && group.uid == call.caller.id)
        return bad(internal_error, "NAME is already taken by SECGROUP " + std::to_string(id) + ".");
    SimSecurityGroup group;
    group.id = call.world.next_security_group++;
    group.uid = call.caller.id;
    group.gid = call.caller.gid;
    group.name = name;
    group.attributes = text;
    drop(group.attributes, "NAME");
    call.world.security_groups[group.id] = group;
    return good(group.id);
  });
}

Reply allocate_vm_group(Call& call) {
  if (const auto no = may_create(call, "VMGROUP")) return *no;
  return with_template(call, 0, [&](const Template& text) {
    SimVmGroup group;
    group.name = value_of(text, "NAME");
    std::set<std::string> roles;
    for (const opennebula::Attribute& line : text)
      if (line.name == "ROLE") {
        group.roles.push_back({.name = line.part("NAME"), .policy = line.part("POLICY"), .vms = {}});
        roles.insert(line.part("NAME"));
      }
    for (const char* rule : {"ANTI_AFFINED", "AFFINED"})
      for (const std::string& role : split(value_of(text, rule), ','))
        if (!trim(role).empty() && !roles.contains(std::string(trim(role))))
          return bad(internal_error, "Some roles used in " + std::string(rule) + " attribute (" + value_of(text, rule) +
                                         ") are not defined");
    for (const auto& [id, other] : call.world.vm_groups)
      if (other.name == group.name && other.uid == call.caller.id)
        return bad(internal_error, "NAME is already taken by VM_GROUP " + std::to_string(id) + ".");
    group.id = call.world.next_vm_group++;
    group.uid = call.caller.id;
    group.gid = call.caller.gid;
    call.world.vm_groups[group.id] = group;
    return good(group.id);
  });
}

Reply allocate_template(Call& call) {
  if (const auto no = may_create(call, "TEMPLATE")) return *no;
  return with_template(call, 0, [&](const Template& text) {
    const std::string name = value_of(text, "NAME");
    for (const auto& [id, other] : call.world.templates)
      if (other.name == name && other.uid == call.caller.id)
        return bad(internal_error, "NAME is already taken by TEMPLATE " + std::to_string(id) + ".");
    SimTemplate made;
    made.id = call.world.next_template++;
    made.uid = call.caller.id;
    made.gid = call.caller.gid;
    made.name = name;
    made.registered = call.world.wall_seconds();
    made.attributes = text;
    drop(made.attributes, "NAME");
    call.world.templates[made.id] = made;
    return good(made.id);
  });
}

Reply lock_vm(Call& call) {
  SimVm* vm = find_in(call.world.vms, call.number(0));
  if (!vm) return unknown("virtual machine", call.number(0));
  const int level = call.number(1);
  if (level < 1 || level > 4) return bad(action_error, "Wrong lock level specified");
  if (call.flag(2) && vm->lock) return bad(action_error, std::to_string(vm->lock->time));
  vm->lock = SimLock{.level = level == 4 ? 1 : level, .owner = call.caller.id, .time = call.world.wall_seconds()};
  return good(vm->id);
}

Reply unlock_vm(Call& call) {
  SimVm* vm = find_in(call.world.vms, call.number(0));
  if (!vm) return unknown("virtual machine", call.number(0));
  if (!call.admin() && (!vm->lock || vm->lock->owner != call.caller.id))
    return bad(action_error, "Cannot unlock: Lock is owned by another user");
  vm->lock.reset();
  return good(vm->id);
}

Reply attach_nic(Call& call) {
  return with_template(call, 1, [&](const Template& text) {
    const opennebula::Attribute* nic = find(text, "NIC");
    if (!call.admin() && nic && !nic->part("MAC").empty())
      return bad(authorization, who(call.caller) + "NIC includes a restricted attribute MAC.");
    return with_vm(call, 0, Right::manage, [&](SimVm& vm) { return call.world.attach_nic(vm, text, call.caller); });
  });
}

Reply info_network(Call& call) {
  SimNetwork* network = find_in(call.world.networks, call.number(0));
  if (!network) return unknown("virtual network", call.number(0));
  if (const auto no = refused(call, *network, Right::use, "NET")) return *no;
  return good(document(call.world, *network, true));
}

template <class Use>
Reply with_network(Call& call, Right right, const Use& use) {
  SimNetwork* network = find_in(call.world.networks, call.number(0));
  if (!network) return unknown("virtual network", call.number(0));
  if (const auto no = refused(call, *network, right, "NET")) return *no;
  return use(*network);
}

/// Types: s string, i int, b boolean; after `|` those that have a default.
const std::vector<Method>& all_methods() {
  static const std::vector<Method> methods = [] {
    std::vector<Method> list;
    const auto add = [&](const std::string& name, std::string types, const std::string& covered_by, Handler handler) {
      const size_t bar = types.find('|');
      const size_t least = bar == std::string::npos ? types.size() : bar;
      std::erase(types, '|');
      list.push_back({{.name = name, .types = types, .covered_by = covered_by, .least = least}, handler});
    };
    add("one.system.version", "", "system-version", [](Call&) { return good(std::string("7.5.80")); });
    add("one.user.info", "i|b", "user-info-self", [](Call& call) {
      const int id = call.number(0) < 0 ? call.caller.id : call.number(0);
      const Account* of = find_in(call.world.users, id);
      if (!of) return unknown("user", id);
      if (id != call.caller.id && !call.admin())
        return bad(authorization,
                   who(call.caller) + "Not authorized to perform USE USER [" + std::to_string(id) + "].");
      return good(document(call.world, *of));
    });
    add("one.user.login", "ssi|i", "user-login", login);
    add("one.templatepool.info", "iii", "templatepool-info", [](Call& call) {
      return pool(call, call.world.templates, "VMTEMPLATE_POOL", "TEMPLATE",
                  [&](const SimTemplate& from) { return document(call.world, from); });
    });
    add("one.template.info", "i|bb", "template-info", [](Call& call) {
      const SimTemplate* from = find_in(call.world.templates, call.number(0));
      if (!from) return unknown("virtual machine template", call.number(0));
      if (const auto no = refused(call, *from, Right::use, "TEMPLATE")) return *no;
      return good(document(call.world, *from));
    });
    add("one.template.allocate", "s", "template-allocate", allocate_template);
    add("one.template.instantiate", "is|bsb", "template-instantiate", instantiate);
    add("one.template.update", "isi", "template-update-append", [](Call& call) {
      SimTemplate* from = find_in(call.world.templates, call.number(0));
      if (!from) return unknown("virtual machine template", call.number(0));
      if (const auto no = refused(call, *from, Right::manage, "TEMPLATE")) return *no;
      return with_template(
          call, 1, [&](const Template& text) { return update(from->attributes, text, call.number(2), from->id); });
    });
    add("one.template.delete", "i|b", "template-delete-not-found", [](Call& call) {
      SimTemplate* from = find_in(call.world.templates, call.number(0));
      if (!from) return unknown("virtual machine template", call.number(0));
      if (const auto no = refused(call, *from, Right::manage, "TEMPLATE")) return *no;
      call.world.templates.erase(call.number(0));
      return good(call.number(0));
    });
    add("one.vm.allocate", "s|b", "vm-allocate-xml-form", [](Call& call) {
      if (const auto no = may_create(call, "VM")) return *no;
      return with_template(
          call, 0, [&](const Template& text) { return call.world.allocate_vm(call.caller, text, call.flag(1)); });
    });
    add("one.vm.info", "i|b", "vm-info-running", [](Call& call) {
      return with_vm(call, 0, Right::use, [&](SimVm& vm) { return good(document(call.world, vm)); });
    });
    add("one.vm.action", "si", "vm-action-terminate-hard", [](Call& call) {
      return with_vm(call, 1, Right::manage, [&](SimVm& vm) { return call.world.act(vm, call.text(0)); });
    });
    add("one.vm.deploy", "ii|bis", "vm-deploy", [](Call& call) {
      return with_vm(call, 0, Right::admin,
                     [&](SimVm& vm) { return call.world.deploy(vm, call.number(1), call.flag(2)); });
    });
    add("one.vm.recover", "ii", "vm-recover-retry", [](Call& call) {
      return with_vm(call, 0, Right::admin, [&](SimVm& vm) { return call.world.recover(vm, call.number(1)); });
    });
    add("one.vm.attach", "is", "vm-attach-volatile", [](Call& call) {
      return with_template(call, 1, [&](const Template& text) {
        return with_vm(call, 0, Right::manage, [&](SimVm& vm) { return call.world.attach_disk(vm, text); });
      });
    });
    add("one.vm.detach", "ii", "vm-detach", [](Call& call) {
      return with_vm(call, 0, Right::manage, [&](SimVm& vm) { return call.world.detach_disk(vm, call.number(1)); });
    });
    add("one.vm.diskresize", "iis", "vm-diskresize", [](Call& call) {
      return with_vm(call, 0, Right::manage,
                     [&](SimVm& vm) { return call.world.resize_disk(vm, call.number(1), call.text(2)); });
    });
    add("one.vm.attachnic", "is", "vm-attachnic", attach_nic);
    add("one.vm.detachnic", "ii", "vm-detachnic", [](Call& call) {
      return with_vm(call, 0, Right::manage, [&](SimVm& vm) { return call.world.detach_nic(vm, call.number(1)); });
    });
    add("one.vm.attachsg", "iii", "vm-attachsg", [](Call& call) {
      return with_vm(call, 0, Right::manage, [&](SimVm& vm) {
        return call.world.change_security_group(vm, call.number(1), call.number(2), true);
      });
    });
    add("one.vm.detachsg", "iii", "vm-detachsg", [](Call& call) {
      return with_vm(call, 0, Right::manage, [&](SimVm& vm) {
        return call.world.change_security_group(vm, call.number(1), call.number(2), false);
      });
    });
    add("one.vm.resize", "is|b", "vm-resize", [](Call& call) {
      return with_template(call, 1, [&](const Template& text) {
        return with_vm(call, 0, Right::manage,
                       [&](SimVm& vm) { return call.world.resize(vm, text, call.flag(2, true)); });
      });
    });
    add("one.vm.update", "isi", "vm-update-append", [](Call& call) {
      return with_template(call, 1, [&](const Template& text) {
        return with_vm(call, 0, Right::manage, [&](SimVm& vm) { return update(vm.user, text, call.number(2), vm.id); });
      });
    });
    add("one.vm.updateconf", "is|i", "vm-updateconf", [](Call& call) {
      return with_template(call, 1, [&](const Template& text) {
        return with_vm(call, 0, Right::manage,
                       [&](SimVm& vm) { return call.world.update_configuration(vm, text, call.number(2) == 1); });
      });
    });
    add("one.vm.rename", "is", "vm-rename", [](Call& call) {
      return with_vm(call, 0, Right::manage, [&](SimVm& vm) {
        const size_t wrong = call.text(1).find_first_of("&|:\\\";/'#{}$<>\t\n\r");
        if (wrong != std::string::npos)
          return bad(action_error, std::string("Invalid NAME, char '") + call.text(1)[wrong] + "' is not allowed");
        vm.name = call.text(1);
        return good(vm.id);
      });
    });
    add("one.vm.lock", "ii|b", "vm-lock", lock_vm);
    add("one.vm.unlock", "i", "vm-unlock", unlock_vm);
    add("one.vmpool.info", "iiii|s", "vmpool-info", [](Call& call) { return vm_pool(call, false); });
    add("one.vmpool.infoextended", "iiii|s", "vmpool-infoextended", [](Call& call) { return vm_pool(call, true); });
    add("one.vmpool.infoset", "sb", "vmpool-infoset", [](Call& call) {
      std::string text;
      std::set<int, std::greater<>> ids;
      for (const std::string& id : split(call.text(0), ',')) ids.insert(std::atoi(id.c_str()));
      for (const int id : ids)
        if (const SimVm* vm = find_in(call.world.vms, id); vm && !refused(call, *vm, Right::use, "VM"))
          text += call.flag(1) ? document(call.world, *vm) : short_document(call.world, *vm);
      return good("<VM_POOL>" + text + "</VM_POOL>");
    });
    add("one.image.allocate", "si|b", "image-allocate", allocate_image);
    add("one.image.info", "i|b", "image-info-ready", [](Call& call) {
      const SimImage* image = find_in(call.world.images, call.number(0));
      if (!image) return unknown("image", call.number(0));
      if (const auto no = refused(call, *image, Right::use, "IMAGE")) return *no;
      return good(document(call.world, *image));
    });
    add("one.image.delete", "i|b", "image-delete", delete_image);
    add("one.imagepool.info", "iii", "imagepool-info", [](Call& call) {
      return pool(call, call.world.images, "IMAGE_POOL", "IMAGE",
                  [&](const SimImage& image) { return document(call.world, image); });
    });
    add("one.datastorepool.info", "", "datastorepool-info",
        [](Call& call) { return good(datastore_pool(call.world)); });
    add("one.hostpool.info", "", "hostpool-info", [](Call& call) {
      std::string text;
      if (call.admin())
        for (auto host = call.world.hosts.rbegin(); host != call.world.hosts.rend(); ++host)
          text += document(call.world, host->second);
      return good("<HOST_POOL>" + text + "</HOST_POOL>");
    });
    add("one.vnpool.info", "iii", "vnpool-info", [](Call& call) {
      return pool(call, call.world.networks, "VNET_POOL", "NET",
                  [&](const SimNetwork& network) { return document(call.world, network, false); });
    });
    add("one.vn.info", "i|b", "vn-info-held", info_network);
    add("one.vn.reserve", "is", "vn-reserve", [](Call& call) {
      return with_template(call, 1, [&](const Template& text) {
        return with_network(call, Right::use,
                            [&](SimNetwork& network) { return call.world.reserve(call.caller, network, text); });
      });
    });
    add("one.vn.hold", "is", "vn-hold", [](Call& call) {
      return with_template(call, 1, [&](const Template& text) {
        return with_network(call, Right::manage,
                            [&](SimNetwork& network) { return call.world.hold(network, text, true); });
      });
    });
    add("one.vn.release", "is", "vn-release", [](Call& call) {
      return with_template(call, 1, [&](const Template& text) {
        return with_network(call, Right::manage,
                            [&](SimNetwork& network) { return call.world.hold(network, text, false); });
      });
    });
    add("one.vn.update", "isi", "vn-update-tag", [](Call& call) {
      return with_template(call, 1, [&](const Template& text) {
        return with_network(call, Right::manage, [&](SimNetwork& network) {
          return update(network.attributes, text, call.number(2), network.id);
        });
      });
    });
    add("one.vn.delete", "i", "vn-delete", [](Call& call) {
      return with_network(call, Right::manage, [&](SimNetwork& network) { return call.world.remove_network(network); });
    });
    add("one.secgrouppool.info", "iii", "public method list: pools take filter, start and end", [](Call& call) {
      return pool(call, call.world.security_groups, "SECURITY_GROUP_POOL", "SECGROUP",
                  [&](const SimSecurityGroup& group) { return document(call.world, group); });
    });
    add("one.secgroup.allocate", "s", "secgroup-allocate", allocate_security_group);
    add("one.secgroup.info", "i|b", "secgroup-info", [](Call& call) {
      const SimSecurityGroup* group = find_in(call.world.security_groups, call.number(0));
      if (!group) return unknown("security group", call.number(0));
      return good(document(call.world, *group));
    });
    add("one.secgroup.update", "isi", "method table of the facts", [](Call& call) {
      SimSecurityGroup* group = find_in(call.world.security_groups, call.number(0));
      if (!group) return unknown("security group", call.number(0));
      if (const auto no = refused(call, *group, Right::manage, "SECGROUP")) return *no;
      return with_template(
          call, 1, [&](const Template& text) { return update(group->attributes, text, call.number(2), group->id); });
    });
    add("one.secgroup.delete", "i", "method table of the facts", [](Call& call) {
      SimSecurityGroup* group = find_in(call.world.security_groups, call.number(0));
      if (!group) return unknown("security group", call.number(0));
      if (const auto no = refused(call, *group, Right::manage, "SECGROUP")) return *no;
      call.world.security_groups.erase(call.number(0));
      return good(call.number(0));
    });
    add("one.vmgrouppool.info", "iii", "public method list: pools take filter, start and end", [](Call& call) {
      return pool(call, call.world.vm_groups, "VM_GROUP_POOL", "VMGROUP",
                  [&](const SimVmGroup& group) { return document(call.world, group); });
    });
    add("one.vmgroup.allocate", "s", "vmgroup-allocate", allocate_vm_group);
    add("one.vmgroup.info", "i|b", "vmgroup-info", [](Call& call) {
      const SimVmGroup* group = find_in(call.world.vm_groups, call.number(0));
      if (!group) return unknown("vm group", call.number(0));
      return good(document(call.world, *group));
    });
    add("one.vmgroup.update", "isi", "vmgroup-update-in-use", [](Call& call) {
      SimVmGroup* group = find_in(call.world.vm_groups, call.number(0));
      if (!group) return unknown("vm group", call.number(0));
      size_t members = 0;
      for (const SimVmGroup::Role& role : group->roles) members += role.vms.size();
      if (members > 0)
        return bad(internal_error, "Cannot update template. VM Group has " + std::to_string(members) + " VMs");
      return with_template(
          call, 1, [&](const Template& text) { return update(group->attributes, text, call.number(2), group->id); });
    });
    add("one.vmgroup.delete", "i", "vmgroup-delete-in-use", [](Call& call) {
      SimVmGroup* group = find_in(call.world.vm_groups, call.number(0));
      if (!group) return unknown("vm group", call.number(0));
      if (const auto no = refused(call, *group, Right::manage, "VMGROUP")) return *no;
      call.world.vm_groups.erase(call.number(0));
      return good(call.number(0));
    });
    return list;
  }();
  return methods;
}

std::string reply_text(const std::string& method, const Reply& reply) {
  const auto wrapped = [](const std::string& inside) { return "<value>" + inside + "</value>\r\n"; };
  const auto number = [](int64_t value) { return "<i4>" + std::to_string(value) + "</i4>"; };
  std::string data = wrapped(std::string("<boolean>") + (reply.ok ? "1" : "0") + "</boolean>");
  if (const int* id = std::get_if<int>(&reply.value)) {
    data += wrapped(number(*id));
  } else {
    const std::string& text = std::get<std::string>(reply.value);
    data += wrapped("<string>" + opennebula::xml_escape(reply.ok ? text : "[" + method + "] " + text) + "</string>");
  }
  data += wrapped(number(reply.ok ? 0 : reply.code));
  if (!reply.ok) data += wrapped(number(reply.object)) + wrapped("<i8>-1</i8>");
  return "<?xml version=\"1.0\" "
         "encoding=\"UTF-8\"?>\r\n<methodResponse>\r\n<params>\r\n<param><value><array><data>\r\n" +
         data + "</data></array></value></param>\r\n</params>\r\n</methodResponse>\r\n";
}

std::string fault_text(const Fault& fault) {
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n<methodResponse>\r\n<fault>\r\n<value><struct>\r\n"
         "<member><name>faultCode</name>\r\n<value><i4>" +
         std::to_string(fault.code) + "</i4></value></member>\r\n<member><name>faultString</name>\r\n<value><string>" +
         opennebula::xml_escape(fault.text) +
         "</string></value></member>\r\n</struct></value>\r\n</fault>\r\n</methodResponse>\r\n";
}

std::optional<Fault> parameter_fault(const MethodInfo& method, const Parameters& given) {
  if (given.size() < method.least) return Fault{-501, "Not enough parameters"};
  for (size_t i = 0; i < given.size() && i < method.types.size(); ++i) {
    const char wanted = method.types[i];
    const bool fits = wanted == 'i'   ? std::holds_alternative<int>(given[i])
                      : wanted == 'b' ? std::holds_alternative<bool>(given[i])
                                      : std::holds_alternative<std::string>(given[i]);
    if (!fits)
      return Fault{-501, std::string("Parameter that is supposed to be ") +
                             (wanted == 'i'   ? "integer"
                              : wanted == 'b' ? "boolean"
                                              : "string") +
                             " is not"};
  }
  return std::nullopt;
}

Account* authenticate(World& world, const std::string& session) {
  const size_t colon = session.find(':');
  if (colon == std::string::npos) return nullptr;
  for (auto& [id, account] : world.users) {
    if (account.name != session.substr(0, colon) || !account.enabled) continue;
    const std::string secret = session.substr(colon + 1);
    if (secret == account.password) return &account;
    const auto token = account.tokens.find(secret);
    const bool alive =
        token != account.tokens.end() && (token->second.expires < 0 || token->second.expires > world.wall_seconds());
    return alive ? &account : nullptr;
  }
  return nullptr;
}

std::string answer_call(World& world, const std::string& request, std::vector<std::string>& calls) {
  ReadCall call;
  if (!read_call_strictly(request, call)) return fault_text({-503, "Call is not valid XML-RPC"});
  calls.push_back(call.method);
  const auto& methods = all_methods();
  const auto method =
      std::find_if(methods.begin(), methods.end(), [&](const Method& known) { return known.info.name == call.method; });
  if (method == methods.end()) return fault_text({-506, "Method '" + call.method + "' not defined"});
  if (call.parameters.empty())
    return fault_text({-500,
                       "Unexpected error executing code for particular method, detected by Xmlrpc-c method registry "
                       "code.  Method did not fail; rather, it did not complete at all.  Subscript of "
                       "xmlrpc_c::paramList out of bounds"});
  const std::string* session = std::get_if<std::string>(&call.parameters[0]);
  if (!session) return fault_text({-501, "Parameter that is supposed to be string is not"});
  Account* caller = authenticate(world, *session);
  if (!caller) return reply_text(call.method, bad(authentication, "User couldn't be authenticated, aborting call."));
  call.parameters.erase(call.parameters.begin());
  if (const auto fault = parameter_fault(method->info, call.parameters)) return fault_text(*fault);
  Call given{.world = world, .caller = *caller, .given = std::move(call.parameters)};
  return reply_text(call.method, method->handler(given));
}

}  // namespace

struct Server::Front {
  explicit Front(slipway::testing::TestServer::Handler handler) : http(std::move(handler)) {}
  std::counting_semaphore<> room{15};
  slipway::testing::TestServer http;
};

Server::Server(Delays delays, Traffic traffic) : world_(delays), traffic_(traffic), room_(traffic.calls_per_second) {
  front_ = std::make_unique<Front>([this](slipway::testing::Connection& to, const slipway::testing::Received& request) {
    const auto answered = [&](int status, const std::string& body) {
      to.answer(status, body,
                "Connection: close\r\nContent-Type: text/xml; charset=utf-8\r\nServer: Xmlrpc-c_Abyss/1.33.14\r\n");
      to.cut();
    };
    if (request.target == "/control") return answered(200, control(request.body));
    std::this_thread::sleep_for(traffic_.latency);
    if (!let_through()) {
      to.answer(429, "", "Connection: close\r\nRetry-After: 1\r\nServer: proxy\r\n");
      return to.cut();
    }
    if (request.target != "/RPC2") return answered(404, "<HTML><BODY><H1>Error 404</H1></BODY></HTML>");
    if (request.method != "POST") return answered(405, "");
    if (!request.headers.contains("content-length")) return answered(411, "");
    if (request.body.empty()) return answered(400, "");
    front_->room.acquire();
    const std::optional<CallFault> fault = take_fault(read_call(request.body).method);
    if (fault && fault->kind == "slow") std::this_thread::sleep_for(Milliseconds(fault->code));
    std::string text;
    if (fault && fault->kind == "error")
      text = reply_text(read_call(request.body).method, bad(fault->code, fault->text));
    else if (!fault || fault->kind == "lose-answer" || fault->kind == "slow")
      text = answer(request.body);
    front_->room.release();
    if (fault && (fault->kind == "lose-call" || fault->kind == "lose-answer")) return to.cut();
    if (fault && fault->kind == "http-500") return answered(500, "<HTML>Internal error</HTML>");
    answered(200, text);
  });
}

Server::~Server() = default;

std::string Server::url() const { return front_->http.url("/RPC2"); }

std::string Server::answer(const std::string& request) {
  const std::lock_guard lock(mutex_);
  world_.settle();
  return answer_call(world_, request, calls_);
}

bool Server::let_through() {
  if (traffic_.calls_per_second == 0) return true;
  const std::lock_guard lock(mutex_);
  const auto now = std::chrono::steady_clock::now();
  const double rate = traffic_.calls_per_second;
  room_ = std::min(rate, room_ + rate * std::chrono::duration<double>(now - std::exchange(filled_, now)).count());
  if (room_ < 1) {
    ++throttled_;
    return false;
  }
  room_ -= 1;
  return true;
}

void Server::add_fault(CallFault fault) {
  const std::lock_guard lock(mutex_);
  faults_.push_back(std::move(fault));
}

std::string Server::control(const std::string& request) {
  const Value asked = Value::parse(request, nullptr, false);
  if (asked.is_object() && asked.contains("fault")) {
    const Value& fault = asked.at("fault");
    add_fault({.method = text_at(fault, "method", "*"),
               .kind = text_at(fault, "kind"),
               .skip = fault.value("skip", 0),
               .times = fault.value("times", 1),
               .code = fault.value("code", 0),
               .text = text_at(fault, "text")});
  }
  if (asked.is_object() && asked.contains("failure"))
    with_world([&](World& world) {
      const Value& failure = asked.at("failure");
      world.failures.push_back(
          {.name = text_at(failure, "name"), .kind = text_at(failure, "kind"), .times = failure.value("times", 1)});
    });
  Value vms = Value::array();
  int throttled = 0;
  with_world([&](World& world) {
    for (const auto& [id, vm] : world.vms) {
      const opennebula::Attribute* nic = find(vm.body, "NIC");
      vms.push_back({{"id", id},
                     {"name", vm.name},
                     {"state", opennebula::state_name(vm.state, vm.lcm_state)},
                     {"address", nic ? nic->part("IP") : ""}});
    }
    throttled = throttled_;
    if (asked.is_object() && asked.contains("calls")) throttled_ = 0;
  });
  const Value told = {{"vms", std::move(vms)}, {"calls", calls()}, {"throttled", throttled}};
  if (asked.is_object() && asked.contains("calls")) forget_calls();
  return told.dump();
}

std::optional<CallFault> Server::take_fault(const std::string& method) {
  const std::lock_guard lock(mutex_);
  for (CallFault& fault : faults_) {
    if ((fault.method != "*" && fault.method != method) || fault.times == 0) continue;
    if (fault.skip-- > 0) continue;
    --fault.times;
    return fault;
  }
  return std::nullopt;
}

std::vector<std::string> Server::calls() const {
  const std::lock_guard lock(mutex_);
  return calls_;
}

void Server::forget_calls() {
  const std::lock_guard lock(mutex_);
  calls_.clear();
}

std::vector<MethodInfo> Server::methods() {
  std::vector<MethodInfo> list;
  for (const Method& method : all_methods()) list.push_back(method.info);
  return list;
}

void furnish(World& world) {
  world.users[2] = {.id = 2, .gid = 100, .name = "prov", .password = "s3cr:et", .group = "tenants"};
  world.users[3] = {.id = 3, .gid = 101, .name = "bare", .password = "pw", .group = "bare", .may_create = false};
  world.hosts[0] = {.id = 0, .name = "host1"};
  world.hosts[1] = {.id = 1, .name = "host2"};
  SimImage image;
  image.id = 0;
  image.name = "debian12";
  image.size_mb = 2048;
  image.registered = world.wall_seconds();
  image.permissions.other_u = 1;
  set(image.attributes, "DESCRIPTION", "base");
  set(image.attributes, "DEV_PREFIX", "sd");
  world.images[0] = image;
  world.next_image = 1;
  SimNetwork network;
  network.id = 0;
  network.name = "private";
  network.permissions.other_u = 1;
  for (const auto& [key, value] :
       std::initializer_list<std::pair<const char*, const char*>>{{"BRIDGE", "br0"},
                                                                  {"BRIDGE_TYPE", "linux"},
                                                                  {"DNS", "10.10.0.2"},
                                                                  {"GATEWAY", "10.10.0.1"},
                                                                  {"NETWORK_ADDRESS", "10.10.0.0"},
                                                                  {"NETWORK_MASK", "255.255.255.0"},
                                                                  {"OUTER_VLAN_ID", ""},
                                                                  {"PHYDEV", ""},
                                                                  {"SECURITY_GROUPS", "0"},
                                                                  {"VLAN_ID", ""},
                                                                  {"VN_MAD", "dummy"}})
    set(network.attributes, key, value);
  SimRange range;
  range.first = parse_address("10.10.0.100").value();
  range.size = 40;
  network.ranges.push_back(range);
  world.networks[0] = network;
  world.next_network = 1;
  SimTemplate node;
  node.id = 0;
  node.name = "k8s-node";
  node.permissions.other_u = 1;
  node.registered = world.wall_seconds();
  node.attributes = std::get<Template>(parse_template(
      "CPU=\"1\" VCPU=\"2\" MEMORY=\"1024\" DISK=[IMAGE_ID=\"0\",SIZE=\"4096\"] NIC=[NETWORK_ID=\"0\"] "
      "CONTEXT=[NETWORK=\"YES\",SSH_PUBLIC_KEY=\"$USER[SSH_PUBLIC_KEY]\",SET_HOSTNAME=\"$NAME\",START_SCRIPT_BASE64="
      "\"IyEvYmluL3NoCmVjaG8gaGkK\"] GRAPHICS=[TYPE=\"VNC\",LISTEN=\"127.0.0.1\"] LABELS=\"k8s\""));
  world.templates[0] = node;
  world.next_template = 1;
}

}  // namespace slipway::testing_support::one
