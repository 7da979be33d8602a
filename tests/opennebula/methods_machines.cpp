#include <set>

#include "base/text.h"

#include "tests/opennebula/documents_out.h"
#include "tests/opennebula/methods.h"

namespace slipway::testing_support::one {
namespace {

constexpr Kind a_vm_group{"vm group", "VMGROUP"};

/// Does `use` with the machine that the call names, where the caller has the right.
template <class Use>
Reply with_vm(Call& call, size_t place, Right right, const Use& use) {
  const int id = call.number(place);
  SimVm* vm = find_in(call.world.vms, id);
  if (!vm) return unknown("virtual machine", id);
  if (const auto no = refused(call, *vm, right, "VM", vm->lock ? &*vm->lock : nullptr)) return *no;
  return use(*vm);
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

}  // namespace

void add_machine_methods(Methods& methods) {
  add(methods, "one.vm.allocate", "s|b", "vm-allocate-xml-form", [](Call& call) {
    if (const auto no = may_create(call, "VM")) return *no;
    return with_template(call, 0,
                         [&](const Template& text) { return call.world.allocate_vm(call.caller, text, call.flag(1)); });
  });
  add(methods, "one.vm.info", "i|b", "vm-info-running", [](Call& call) {
    return with_vm(call, 0, Right::use, [&](SimVm& vm) { return good(document(call.world, vm)); });
  });
  add(methods, "one.vm.action", "si", "vm-action-terminate-hard", [](Call& call) {
    return with_vm(call, 1, Right::manage, [&](SimVm& vm) { return call.world.act(vm, call.text(0)); });
  });
  add(methods, "one.vm.deploy", "ii|bis", "vm-deploy", [](Call& call) {
    return with_vm(call, 0, Right::admin,
                   [&](SimVm& vm) { return call.world.deploy(vm, call.number(1), call.flag(2)); });
  });
  add(methods, "one.vm.recover", "ii", "vm-recover-retry", [](Call& call) {
    return with_vm(call, 0, Right::admin, [&](SimVm& vm) { return call.world.recover(vm, call.number(1)); });
  });
  add(methods, "one.vm.attach", "is", "vm-attach-volatile", [](Call& call) {
    return with_template(call, 1, [&](const Template& text) {
      return with_vm(call, 0, Right::manage, [&](SimVm& vm) { return call.world.attach_disk(vm, text); });
    });
  });
  add(methods, "one.vm.detach", "ii", "vm-detach", [](Call& call) {
    return with_vm(call, 0, Right::manage, [&](SimVm& vm) { return call.world.detach_disk(vm, call.number(1)); });
  });
  add(methods, "one.vm.diskresize", "iis", "vm-diskresize", [](Call& call) {
    return with_vm(call, 0, Right::manage,
                   [&](SimVm& vm) { return call.world.resize_disk(vm, call.number(1), call.text(2)); });
  });
  add(methods, "one.vm.attachnic", "is", "vm-attachnic", attach_nic);
  add(methods, "one.vm.detachnic", "ii", "vm-detachnic", [](Call& call) {
    return with_vm(call, 0, Right::manage, [&](SimVm& vm) { return call.world.detach_nic(vm, call.number(1)); });
  });
  add(methods, "one.vm.attachsg", "iii", "vm-attachsg", [](Call& call) {
    return with_vm(call, 0, Right::manage, [&](SimVm& vm) {
      return call.world.change_security_group(vm, call.number(1), call.number(2), true);
    });
  });
  add(methods, "one.vm.detachsg", "iii", "vm-detachsg", [](Call& call) {
    return with_vm(call, 0, Right::manage, [&](SimVm& vm) {
      return call.world.change_security_group(vm, call.number(1), call.number(2), false);
    });
  });
  add(methods, "one.vm.resize", "is|b", "vm-resize", [](Call& call) {
    return with_template(call, 1, [&](const Template& text) {
      return with_vm(call, 0, Right::manage,
                     [&](SimVm& vm) { return call.world.resize(vm, text, call.flag(2, true)); });
    });
  });
  add(methods, "one.vm.update", "isi", "vm-update-append", [](Call& call) {
    return with_template(call, 1, [&](const Template& text) {
      return with_vm(call, 0, Right::manage, [&](SimVm& vm) { return update(vm.user, text, call.number(2), vm.id); });
    });
  });
  add(methods, "one.vm.updateconf", "is|i", "vm-updateconf", [](Call& call) {
    return with_template(call, 1, [&](const Template& text) {
      return with_vm(call, 0, Right::manage,
                     [&](SimVm& vm) { return call.world.update_configuration(vm, text, call.number(2) == 1); });
    });
  });
  add(methods, "one.vm.rename", "is", "vm-rename", [](Call& call) {
    return with_vm(call, 0, Right::manage, [&](SimVm& vm) {
      const size_t wrong = call.text(1).find_first_of("&|:\\\";/'#{}$<>\t\n\r");
      if (wrong != std::string::npos)
        return bad(action_error, std::string("Invalid NAME, char '") + call.text(1)[wrong] + "' is not allowed");
      vm.name = call.text(1);
      return good(vm.id);
    });
  });
  add(methods, "one.vm.lock", "ii|b", "vm-lock", lock_vm);
  add(methods, "one.vm.unlock", "i", "vm-unlock", unlock_vm);
  add(methods, "one.vmpool.info", "iiii|s", "vmpool-info", [](Call& call) { return vm_pool(call, false); });
  add(methods, "one.vmpool.infoextended", "iiii|s", "vmpool-infoextended",
      [](Call& call) { return vm_pool(call, true); });
  add(methods, "one.vmpool.infoset", "sb", "vmpool-infoset", [](Call& call) {
    std::string text;
    std::set<int, std::greater<>> ids;
    for (const std::string& id : split(call.text(0), ',')) ids.insert(std::atoi(id.c_str()));
    for (const int id : ids)
      if (const SimVm* vm = find_in(call.world.vms, id); vm && !refused(call, *vm, Right::use, "VM"))
        text += call.flag(1) ? document(call.world, *vm) : short_document(call.world, *vm);
    return good("<VM_POOL>" + text + "</VM_POOL>");
  });
  add(methods, "one.vmgrouppool.info", "iii", "public method list: pools take filter, start and end", [](Call& call) {
    return pool(call, call.world.vm_groups, "VM_GROUP_POOL", "VMGROUP",
                [&](const SimVmGroup& group) { return document(call.world, group); });
  });
  add(methods, "one.vmgroup.allocate", "s", "vmgroup-allocate", allocate_vm_group);
  add(methods, "one.vmgroup.info", "i|b", "vmgroup-info", [](Call& call) {
    return with_object(call, call.world.vm_groups, a_vm_group, std::nullopt,
                       [&](SimVmGroup& group) { return good(document(call.world, group)); });
  });
  add(methods, "one.vmgroup.update", "isi", "vmgroup-update-in-use", [](Call& call) {
    return with_object(call, call.world.vm_groups, a_vm_group, std::nullopt, [&](SimVmGroup& group) {
      size_t members = 0;
      for (const SimVmGroup::Role& role : group.roles) members += role.vms.size();
      if (members > 0)
        return bad(internal_error, "Cannot update template. VM Group has " + std::to_string(members) + " VMs");
      return with_template(
          call, 1, [&](const Template& text) { return update(group.attributes, text, call.number(2), group.id); });
    });
  });
  add(methods, "one.vmgroup.delete", "i", "vmgroup-delete-in-use",
      [](Call& call) { return delete_object(call, call.world.vm_groups, a_vm_group); });
}

}  // namespace slipway::testing_support::one
