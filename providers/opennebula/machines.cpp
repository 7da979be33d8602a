#include "providers/opennebula/machines.h"

#include <set>
#include <thread>

#include "base/text.h"
#include "providers/opennebula/guest.h"
#include "providers/opennebula/states.h"

namespace slipway::opennebula {
namespace {

constexpr int own_only = -3, all_but_done = -1;
constexpr int page_size = 1000;
/// Rows that two pages share: without a common one, rows may have been lost between them.
constexpr int page_overlap = 50;

constexpr const char* mark_tag = "SLIPWAY_MARK";
constexpr const char* source_tag = "SLIPWAY_SOURCE";
constexpr const char* security_group_tag = "SLIPWAY_SECURITY_GROUP";
constexpr const char* message_tag = "SCHED_MESSAGE";

std::string state_of(const Vm& vm) {
  switch (condition_of(vm.state, vm.lcm_state)) {
    case Condition::running:
      return "running";
    case Condition::starting:
    case Condition::held:
      return "creating";
    case Condition::failed:
      return "error";
    case Condition::resting:
    case Condition::settling:
    case Condition::lost:
    case Condition::leaving:
      return "stopped";
    case Condition::gone:
      return "absent";
  }
  return "error";
}

bool is_on(const Nic& nic, const std::string& network) { return nic.network == network || nic.network_id == network; }

std::string security_group_of(const Vm& vm, const Nic* nic) {
  const std::string tagged = vm.tag(security_group_tag);
  if (!nic) return {};
  for (const int id : nic->security_groups)
    if (std::to_string(id) == tagged) return tagged;
  return {};
}

/// The disk beside the first that is ours: the last one that is volatile or persistent.
const Disk* data_disk_of(const Vm& vm) {
  const Disk* found = nullptr;
  for (size_t i = 1; i < vm.disks.size(); ++i)
    if (vm.disks[i].persistent || vm.disks[i].type == "fs") found = &vm.disks[i];
  return found;
}

/// "Sat Nov 21 08:07:20 2026: Cannot dispatch VM: …" without its date.
std::string without_date(const std::string& message) {
  constexpr size_t date_size = 24;
  const bool dated = message.size() > date_size + 2 && message[date_size] == ':' && message[13] == ':';
  return dated ? message.substr(date_size + 2) : message;
}

std::string waiting_text(const Vm& vm) {
  std::string text = "OpenNebula: " + state_name(vm.state, vm.lcm_state);
  const std::string message = without_date(vm.tag(message_tag));
  if (!message.empty()) text += ": " + message;
  if (message.find("affinity") != std::string::npos)
    text += " (anti-affine machines are placed one in each pass of the scheduler, which may be a minute)";
  return text;
}

Error failed_machine(const Vm& vm) {
  return fail(ErrorKind::internal, "the machine failed in OpenNebula",
              {.found = state_name(vm.state, vm.lcm_state) + (vm.tag("ERROR").empty() ? "" : ": " + vm.tag("ERROR")),
               .expected = "RUNNING",
               .advice = recovery_of(vm.state, vm.lcm_state, vm.id),
               .where = "VM " + std::to_string(vm.id) + (vm.host.empty() ? "" : " on " + vm.host)});
}

Error too_late(const Vm& vm) {
  const std::string message = without_date(vm.tag(message_tag));
  const bool no_room = vm.state == static_cast<int>(VmState::pending) && !message.empty();
  return fail(no_room ? ErrorKind::quota : ErrorKind::timeout, "the machine does not run in time",
              {.found = waiting_text(vm),
               .expected = "RUNNING",
               .advice = no_room ? "make room on the hosts, then run again: the machine is taken up where it is"
                                 : "run again: the machine is taken up where it is",
               .where = "VM " + std::to_string(vm.id)});
}

std::string number_text(const Value& fields, const char* field) {
  return std::to_string(fields.value(field, uint64_t{0}));
}

}  // namespace

const Nic* nic_of(const Vm& vm) {
  const std::string address = vm.tag(address_tag);
  for (const Nic& nic : vm.nics)
    if (!nic.alias && nic.ip == address) return &nic;
  return nullptr;
}

CloudObject Machines::object_of(const Vm& vm) const {
  const std::string address = vm.tag(address_tag);
  const Nic* nic = nic_of(vm);
  const Disk* data = data_disk_of(vm);
  const bool on_network = nic && is_on(*nic, settings_.network);
  std::vector<std::string> held;
  for (const auto& [held_address, alias] : held_by(vm)) held.push_back(to_string(held_address));
  return {.kind = "machine",
          .id = std::to_string(vm.id),
          .name = vm.name,
          .mark = vm.tag(mark_tag),
          .fields = {{"address", address},
                     {"source", vm.tag(source_tag)},
                     {"network", on_network || !nic ? settings_.network : nic->network},
                     {"nic", nic ? "attached" : "missing"},
                     {"cpus", vm.vcpu > 0 ? vm.vcpu : static_cast<int>(vm.cpu)},
                     {"memory_bytes", static_cast<uint64_t>(vm.memory_mb) << 20},
                     {"disk_bytes", vm.disks.empty() ? uint64_t{0} : static_cast<uint64_t>(vm.disks[0].size_mb) << 20},
                     {"data_disk_bytes", data ? static_cast<uint64_t>(data->size_mb) << 20 : uint64_t{0}},
                     {"volume", data && data->persistent ? data->image_id : ""},
                     {"context", context_digest(vm.context)},
                     {"held_addresses", join(held, ",")},
                     {"security_group", security_group_of(vm, nic)},
                     {"group", vm.group_id},
                     {"state", state_of(vm)},
                     {"created", vm.created}}};
}

Result<std::vector<Vm>> Machines::pool() {
  std::vector<Vm> found;
  std::set<int> known;
  for (int offset = 0;;) {
    // A negative end asks for that many rows from an offset.
    const bool first = offset == 0;
    Result<std::string> text =
        client_.call_for_text("one.vmpool.infoextended", {own_only, offset, -page_size, all_but_done}, call_deadline());
    if (!text) return std::move(text).error();
    Result<std::vector<Vm>> page = read_vms(std::move(*text));
    if (!page) return page;
    bool common = first;
    const size_t rows = page->size();
    for (Vm& vm : *page) {
      if (!known.insert(vm.id).second)
        common = true;
      else
        found.push_back(std::move(vm));
    }
    if (!common && rows > 0)
      return fail(ErrorKind::conflict, "the list of machines changed while it was read",
                  {.where = "one.vmpool.infoextended"});
    if (rows < page_size) return found;
    offset += page_size - page_overlap;
  }
}

Result<std::vector<CloudObject>> Machines::list() {
  Result<std::vector<Vm>> vms = pool();
  if (!vms) return std::move(vms).error();
  std::vector<CloudObject> objects;
  for (const Vm& vm : *vms)
    if (vm.tag(cluster_tag) == settings_.cluster && condition_of(vm.state, vm.lcm_state) != Condition::gone)
      objects.push_back(object_of(vm));
  return objects;
}

void Machines::pause(Deadline deadline) const {
  std::this_thread::sleep_for(std::min(settings_.poll, deadline.left()));
}

Result<void> Machines::act(const std::string& method, std::vector<RpcParameter> parameters, Deadline deadline) {
  while (true) {
    Result<RpcValue> done = client_.call(method, parameters, call_deadline());
    if (done) return {};
    // One work at a time for each machine: a second one is refused while the first goes on.
    const bool busy = done.error().kind == ErrorKind::conflict && done.error().found.find("state") != std::string::npos;
    if (!busy || deadline.passed()) return std::move(done).error();
    pause(deadline);
  }
}

Result<Vm> Machines::wait_until_running(int id, const CloudProgress& progress, Deadline deadline) {
  std::string told;
  while (true) {
    Result<Vm> vm = look(id);
    if (!vm) {
      if (!retryable(vm.error().kind) || deadline.passed()) return vm;
      pause(deadline);
      continue;
    }
    const Condition condition = condition_of(vm->state, vm->lcm_state);
    if (condition == Condition::running && vm->lcm_state == lcm::running) return vm;
    if (condition == Condition::failed) return failed_machine(*vm);
    if (condition == Condition::gone)
      return fail(ErrorKind::world_changed, "the machine was terminated meanwhile",
                  {.found = "VM " + std::to_string(id) + " is DONE", .advice = "plan again, then apply"});
    if (std::string text = waiting_text(*vm); text != told) progress(told = std::move(text));
    if (deadline.passed()) return too_late(*vm);
    const char* action = condition == Condition::held                                      ? "release"
                         : condition == Condition::resting || condition == Condition::lost ? "resume"
                                                                                           : nullptr;
    // Refused where the state has changed since the look; asked once, as the next look tells what is left to do.
    if (action)
      if (Result<RpcValue> sent = client_.call("one.vm.action", {std::string(action), id}, call_deadline()); !sent)
        if (sent.error().kind != ErrorKind::conflict) return std::move(sent).error();
    pause(deadline);
  }
}

Result<Vm> Machines::wait_until_settled(int id, Deadline deadline) {
  while (true) {
    // The answer to an action comes before the state changes: give it a moment first.
    pause(deadline);
    Result<Vm> vm = look(id);
    if (!vm) return vm;
    const Condition condition = condition_of(vm->state, vm->lcm_state);
    const bool at_rest = vm->state == static_cast<int>(VmState::poweroff);
    if (at_rest || vm->lcm_state == lcm::running) return vm;
    if (condition == Condition::failed) return failed_machine(*vm);
    if (condition == Condition::gone || deadline.passed()) return too_late(*vm);
  }
}

Result<void> Machines::add_disks(TemplateText& text, const VmTemplate* from, const Value& fields) {
  const std::string size = std::to_string(megabytes(fields.value("disk_bytes", uint64_t{0})));
  bool first = true;
  if (from)
    for (const Attribute& disk : from->attributes) {
      if (disk.name != "DISK") continue;
      Attributes parts = disk.parts;
      if (first) {
        std::erase_if(parts, [](const auto& part) { return part.first == "SIZE"; });
        parts.emplace_back("SIZE", size);
      }
      first = false;
      text.add("DISK", std::move(parts));
    }
  if (first) {
    if (settings_.image.empty())
      return fail(ErrorKind::bad_input, "the VM template has no disk",
                  {.found = settings_.template_name, .expected = "a template with DISK, or opennebula.image"});
    Result<Image> image = catalog_.image(settings_.image);
    if (!image) return std::move(image).error();
    text.add("DISK", {{"IMAGE_ID", std::to_string(image->id)}, {"SIZE", size}});
  }
  if (const std::string volume = text_at(fields, "volume"); !volume.empty())
    text.add("DISK", {{"IMAGE_ID", volume}});
  else if (const int64_t data = megabytes(fields.value("data_disk_bytes", uint64_t{0})); data > 0)
    text.add("DISK", {{"TYPE", "fs"}, {"SIZE", std::to_string(data)}, {"FORMAT", "raw"}});
  return {};
}

Result<void> Machines::add_nics(TemplateText& text, const VmTemplate* from, const Value& fields) {
  Result<VirtualNetwork> network = catalog_.network();
  if (!network) return std::move(network).error();
  Result<std::vector<int>> groups = catalog_.security_groups();
  if (!groups) return std::move(groups).error();
  Attributes ours = {{"NETWORK_ID", std::to_string(network->id)}, {"IP", text_at(fields, "address")}};
  std::string security_groups = text_at(fields, "security_group");
  for (const int id : *groups) security_groups += (security_groups.empty() ? "" : ",") + std::to_string(id);
  if (!security_groups.empty()) ours.emplace_back("SECURITY_GROUPS", security_groups);
  std::vector<Attributes> others;
  if (from)
    for (const Attribute& nic : from->attributes) {
      if (nic.name != "NIC") continue;
      const bool same = nic.part("NETWORK_ID") == std::to_string(network->id) || nic.part("NETWORK") == network->name;
      if (!same)
        others.push_back(nic.parts);
      else if (const std::string model = nic.part("MODEL"); !model.empty())
        ours.emplace_back("MODEL", model);
    }
  text.add("NIC", std::move(ours));
  for (Attributes& other : others) text.add("NIC", std::move(other));
  return {};
}

Result<TemplateText> Machines::shape(const CloudRequest& request, const MachineOrder& order, bool from_template) {
  TemplateText text;
  VmTemplate base;
  if (from_template) {
    Result<VmTemplate> found = catalog_.vm_template();
    if (!found) return std::move(found).error();
    base = std::move(*found);
  } else {
    text.set("NAME", request.name);
  }
  const Value& fields = request.fields;
  text.set("CPU", number_text(fields, "cpus"));
  text.set("VCPU", number_text(fields, "cpus"));
  text.set("MEMORY", std::to_string(megabytes(fields.value("memory_bytes", uint64_t{0}))));
  // A vector given here replaces all of that name in the template: what the template has is sent along.
  const VmTemplate* from = from_template ? &base : nullptr;
  if (Result<void> added = add_disks(text, from, fields); !added) return std::move(added).error();
  if (Result<void> added = add_nics(text, from, fields); !added) return std::move(added).error();
  Attributes context = context_of(order, settings_.ssh);
  for (const Attribute& attribute : base.attributes)
    if (attribute.name == "CONTEXT")
      for (const auto& part : attribute.parts)
        if (std::none_of(context.begin(), context.end(), [&](const auto& ours) { return ours.first == part.first; }) &&
            part.first != "START_SCRIPT")
          context.push_back(part);
  text.add("CONTEXT", std::move(context));
  if (const std::string group = text_at(fields, "group"); !group.empty())
    text.add("VMGROUP", {{"VMGROUP_ID", group}, {"ROLE", text_at(fields, "role")}});
  text.set(cluster_tag, settings_.cluster);
  text.set(mark_tag, request.mark);
  text.set(address_tag, text_at(fields, "address"));
  text.set(source_tag, text_at(fields, "source", settings_.source()));
  text.set(security_group_tag, text_at(fields, "security_group"));
  text.set("LABELS", "Slipway/" + settings_.cluster);
  return text;
}

Result<int> Machines::instantiate(const CloudRequest& request, const MachineOrder& order) {
  const bool from_template = !settings_.template_name.empty();
  Result<TemplateText> text = shape(request, order, from_template);
  if (!text) return std::move(text).error();
  Result<std::string> written = text->write();
  if (!written) return std::move(written).error();
  if (!from_template) return client_.call_for_id("one.vm.allocate", {*written, false}, call_deadline());
  Result<VmTemplate> base = catalog_.vm_template();
  if (!base) return std::move(base).error();
  return client_.call_for_id("one.template.instantiate", {base->id, request.name, false, *written, false},
                             call_deadline());
}

Result<CloudObject> Machines::create(const CloudRequest& request, const CloudProgress& progress, Deadline deadline) {
  if (!is_object_name(request.name))
    return fail(ErrorKind::bad_input, "OpenNebula cannot take this name", {.found = request.name});
  Result<int> id = instantiate(request, order_of_(request.name));
  if (!id) return std::move(id).error();
  Result<Vm> vm = wait_until_running(*id, progress, deadline);
  if (!vm) return std::move(vm).error();
  if (const std::string held = text_at(request.fields, "held_addresses"); !held.empty()) {
    if (Result<void> attached = hold(*vm, held, progress, deadline); !attached) return std::move(attached).error();
    vm = wait_until_running(*id, progress, deadline);
    if (!vm) return std::move(vm).error();
  }
  return object_of(*vm);
}

Result<void> Machines::resize(const Vm& vm, const Value& fields, Deadline deadline) {
  TemplateText text;
  const int cpus = fields.value("cpus", vm.vcpu > 0 ? vm.vcpu : static_cast<int>(vm.cpu));
  text.set("CPU", std::to_string(cpus));
  text.set("VCPU", std::to_string(cpus));
  text.set("MEMORY",
           std::to_string(fields.contains("memory_bytes") ? megabytes(fields.at("memory_bytes").get<uint64_t>())
                                                          : vm.memory_mb));
  Result<std::string> written = text.write();
  if (!written) return std::move(written).error();
  Result<void> done = act("one.vm.resize", {vm.id, *written, true}, deadline);
  if (done || done.error().kind == ErrorKind::quota) return done;
  Error error = std::move(done).error();
  error.advice =
      "where the hypervisor cannot resize a running machine: slipway node replace, one machine after another";
  return error;
}

Result<void> Machines::attach_nic(const Vm& vm, Deadline deadline) {
  TemplateText text;
  const Value fields = {{"address", vm.tag(address_tag)}, {"security_group", vm.tag(security_group_tag)}};
  if (Result<void> added = add_nics(text, nullptr, fields); !added) return added;
  Result<std::string> written = text.write();
  if (!written) return std::move(written).error();
  return act("one.vm.attachnic", {vm.id, *written}, deadline);
}

Result<void> Machines::change(const Vm& vm, const std::string& field, const Value& value, const Value& all,
                              const CloudProgress& progress, Deadline deadline) {
  const auto send = [&](const char* method, const TemplateText& text, int append) -> Result<void> {
    Result<std::string> written = text.write();
    if (!written) return std::move(written).error();
    return act(method, {vm.id, *written, append}, deadline);
  };
  if (field == "cpus" || field == "memory_bytes") {
    // Both at once, with the first of them.
    if (field == "memory_bytes" && all.contains("cpus")) return {};
    progress("resizing " + vm.name);
    return resize(vm, all, deadline);
  }
  if (field == "disk_bytes") {
    progress("growing the disk of " + vm.name);
    if (vm.disks.empty()) return fail(ErrorKind::not_found, "the machine has no disk", {.found = vm.name});
    return act("one.vm.diskresize", {vm.id, vm.disks[0].id, std::to_string(megabytes(value.get<uint64_t>()))},
               deadline);
  }
  if (field == "context") {
    TemplateText text;
    text.add("CONTEXT", context_of(order_of_(vm.name), settings_.ssh));
    return send("one.vm.updateconf", text, 1);
  }
  if (field == "nic") return attach_nic(vm, deadline);
  if (field == "held_addresses") return hold(vm, value.get<std::string>(), progress, deadline);
  if (field == "security_group") {
    const Nic* nic = nic_of(vm);
    const int group = std::atoi(value.get<std::string>().c_str());
    if (nic && std::find(nic->security_groups.begin(), nic->security_groups.end(), group) == nic->security_groups.end())
      if (Result<void> attached = act("one.vm.attachsg", {vm.id, nic->id, group}, deadline); !attached) return attached;
    TemplateText text;
    text.set(security_group_tag, value.get<std::string>());
    return send("one.vm.update", text, 1);
  }
  if (field == "volume" || field == "data_disk_bytes") {
    if (const Disk* data = data_disk_of(vm); data && field == "data_disk_bytes")
      return act("one.vm.diskresize", {vm.id, data->id, std::to_string(megabytes(value.get<uint64_t>()))}, deadline);
    TemplateText text;
    if (field == "volume")
      text.add("DISK", {{"IMAGE_ID", value.get<std::string>()}});
    else
      text.add("DISK", {{"TYPE", "fs"}, {"SIZE", std::to_string(megabytes(value.get<uint64_t>()))}, {"FORMAT", "raw"}});
    Result<std::string> written = text.write();
    if (!written) return std::move(written).error();
    return act("one.vm.attach", {vm.id, *written}, deadline);
  }
  return fail(ErrorKind::bad_input, "this cannot be changed on a living machine",
              {.found = vm.name + ": " + field, .advice = "slipway node replace"});
}

Result<CloudObject> Machines::update(const CloudObject& object, const Value& fields, const CloudProgress& progress,
                                     Deadline deadline) {
  const int id = std::atoi(object.id.c_str());
  Result<Vm> vm = look(id);
  if (!vm) return std::move(vm).error();
  // A machine that rests is started first: attaching and resizing want one that runs.
  if (text_at(fields, "state") == "running" || condition_of(vm->state, vm->lcm_state) != Condition::running) {
    vm = wait_until_running(id, progress, deadline);
    if (!vm) return std::move(vm).error();
  }
  for (const auto& [field, value] : fields.items()) {
    if (field == "state") continue;
    if (Result<void> changed = change(*vm, field, value, fields, progress, deadline); !changed)
      return std::move(changed).error();
    vm = wait_until_settled(id, deadline);
    if (!vm) return std::move(vm).error();
  }
  vm = wait_until_running(id, progress, deadline);
  if (!vm) return std::move(vm).error();
  // A failed hot-plug ends in RUNNING without what was asked for, and without a word.
  CloudObject now = object_of(*vm);
  for (const auto& [field, value] : fields.items())
    if (now.fields.value(field, Value()) != value)
      return fail(ErrorKind::internal, "OpenNebula took a change and did not make it",
                  {.found = vm->name + ": " + field + " is " + now.fields.value(field, Value()).dump(),
                   .expected = value.dump(),
                   .advice = "see the VM's log on the front-end: /var/log/one/" + object.id + ".log",
                   .where = "VM " + object.id});
  return now;
}

Result<void> Machines::remove(int id, Deadline deadline) {
  bool powered_off_hard = false;
  while (true) {
    Result<Vm> vm = look(id);
    if (!vm && vm.error().kind == ErrorKind::not_found) return {};
    if (vm) {
      const Condition condition = condition_of(vm->state, vm->lcm_state);
      if (condition == Condition::gone) return {};
      if (deadline.passed()) {
        Error error = too_late(*vm);
        error.expected = "DONE";
        error.advice = recovery_of(vm->state, vm->lcm_state, id);
        return error;
      }
      if (vm->lcm_state == lcm::shutdown_poweroff && vm->state == static_cast<int>(VmState::active) &&
          !powered_off_hard) {
        // A shutdown that hangs is no state to terminate from.
        (void)client_.call("one.vm.action", {std::string("poweroff-hard"), id}, call_deadline());
        powered_off_hard = true;
      } else if (vm->lcm_state != lcm::epilog && vm->lcm_state != lcm::cleanup_delete) {
        Result<RpcValue> sent = client_.call("one.vm.action", {std::string("terminate-hard"), id}, call_deadline());
        if (!sent && sent.error().kind == ErrorKind::not_found) return {};
        if (!sent && sent.error().kind != ErrorKind::conflict && !retryable(sent.error().kind))
          return std::move(sent).error();
      }
    } else if (!retryable(vm.error().kind) || deadline.passed()) {
      return std::move(vm).error();
    }
    pause(deadline);
  }
}

}  // namespace slipway::opennebula
