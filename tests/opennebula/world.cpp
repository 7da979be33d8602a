#include "tests/opennebula/world.h"

#include <algorithm>
#include <cstdio>
#include <ctime>

namespace slipway::testing_support::one {
namespace {

using opennebula::Attribute;

constexpr int active = 3, done = 6, poweroff = 8;

std::string date_text(int64_t seconds) {
  const std::time_t time = seconds;
  std::tm parts{};
  gmtime_r(&time, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%a %b %e %H:%M:%S %Y", &parts);
  return text;
}

std::string list_of(const std::vector<int>& ids) {
  std::string text;
  for (const int id : ids) text += (text.empty() ? "" : ",") + std::to_string(id);
  return text;
}

}  // namespace

std::string mac_of(Address address) {
  char text[18];
  std::snprintf(text, sizeof text, "02:00:%02x:%02x:%02x:%02x", address.bits >> 24, (address.bits >> 16) & 255,
                (address.bits >> 8) & 255, address.bits & 255);
  return text;
}

World::World(Delays delays) : delays_(delays) {
  begun_ = std::chrono::duration_cast<Milliseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
  users[0] = {.id = 0, .gid = 0, .name = "oneadmin", .password = "labpassword0", .group = "oneadmin"};
}

int64_t World::now() const {
  return std::chrono::duration_cast<Milliseconds>(std::chrono::steady_clock::now().time_since_epoch()).count() -
         begun_ + skipped_;
}

int64_t World::wall_seconds() const { return std::time(nullptr) + skipped_ / 1000; }

bool World::fails(const SimVm& vm, const std::string& kind) {
  for (Failure& failure : failures)
    if (failure.times > 0 && failure.kind == kind && (failure.name.empty() || failure.name == vm.name)) {
      --failure.times;
      return true;
    }
  return false;
}

void World::enter(SimVm& vm, int state, int lcm_state) {
  vm.previous_state = vm.state = state;
  vm.previous_lcm_state = vm.lcm_state = lcm_state;
}

/// The old state stays visible for one step; then one state after the other.
void World::go(SimVm& vm, std::vector<std::pair<int, int>> states, std::function<void()> then) {
  int64_t at = now() + delays_.step.count();
  for (size_t i = 0; i < states.size(); ++i, at += delays_.step.count())
    vm.coming.push_back(
        {at, states[i].first, states[i].second, i + 1 == states.size() ? then : std::function<void()>{}});
}

void World::settle() {
  const int64_t time = now();
  for (auto& [id, vm] : vms)
    while (!vm.coming.empty() && vm.coming.front().at <= time) {
      const Transition next = vm.coming.front();
      vm.coming.erase(vm.coming.begin());
      if (next.state == active && next.lcm_state == 2 && fails(vm, "prolog")) {
        vm.coming.clear();
        enter(vm, active, 39);
        continue;
      }
      if (next.state == active && next.lcm_state == 3 && vm.lcm_state == 2 && fails(vm, "boot")) {
        vm.coming.clear();
        enter(vm, active, 36);
        set(vm.user, "ERROR", date_text(wall_seconds()) + ": DEPLOY: Error deploying virtual machine");
        continue;
      }
      enter(vm, next.state, next.lcm_state);
      if (next.then) next.then();
    }
  for (auto& [id, image] : images)
    if (image.state == 4 && image.ready_at <= time) image.state = 1;
  std::erase_if(images, [&](const auto& entry) { return entry.second.state == 7 && entry.second.gone_at <= time; });
  for (auto& [id, network] : networks)
    if (network.state == 2 && network.ready_at <= time) network.state = 1;
  for (auto entry = networks.begin(); entry != networks.end();) {
    if (entry->second.state != 3 || entry->second.gone_at > time) {
      ++entry;
      continue;
    }
    for (auto& [id, other] : networks)
      for (SimRange& range : other.ranges)
        std::erase_if(range.leases, [&](const auto& lease) { return lease.second.network == entry->first; });
    entry = networks.erase(entry);
  }
  if (time >= next_pass_) {
    next_pass_ = time + delays_.scheduler.count();
    schedule();
  }
}

std::vector<int> World::vms_on(int host) const {
  std::vector<int> found;
  for (const auto& [id, vm] : vms)
    if (vm.state == active && !vm.history.empty() && vm.history.back().host == host) found.push_back(id);
  return found;
}

int64_t World::cpu_used(int host) const {
  double used = 0;
  for (const int id : vms_on(host)) used += std::atof(value_of(vms.at(id).body, "CPU").c_str()) * 100;
  return static_cast<int64_t>(used);
}

int64_t World::memory_used_kb(int host) const {
  int64_t used = 0;
  for (const int id : vms_on(host)) used += std::atoll(value_of(vms.at(id).body, "MEMORY").c_str()) * 1024;
  return used;
}

std::optional<std::string> World::room_complaint(const SimVm& vm, int host) const {
  const auto wanted = static_cast<int64_t>(std::atof(value_of(vm.body, "CPU").c_str()) * 100);
  const int64_t free = hosts.at(host).cpu - cpu_used(host);
  if (wanted > free) return "Not enough CPU: " + std::to_string(wanted) + "/" + std::to_string(free);
  const int64_t memory = std::atoll(value_of(vm.body, "MEMORY").c_str()) * 1024;
  const int64_t memory_free = hosts.at(host).memory_kb - memory_used_kb(host);
  if (memory > memory_free) return "Not enough memory: " + std::to_string(memory) + "/" + std::to_string(memory_free);
  return std::nullopt;
}

/// One pass. Of an anti-affine role one machine is placed in each pass.
void World::schedule() {
  std::set<std::string> placed_roles;
  for (auto& [id, vm] : vms) {
    if (vm.state != 1 || !vm.coming.empty()) continue;
    std::set<int> forbidden;
    std::string role_key;
    if (const Attribute* group = find(vm.body, "VMGROUP")) {
      const auto known = vm_groups.find(std::atoi(group->part("VMGROUP_ID").c_str()));
      if (known != vm_groups.end())
        for (const SimVmGroup::Role& role : known->second.roles)
          if (role.name == group->part("ROLE") && role.policy == "ANTI_AFFINED") {
            role_key = group->part("VMGROUP_ID") + "/" + role.name;
            for (const int member : role.vms)
              if (member != id && vms.contains(member) && vms.at(member).state == active &&
                  !vms.at(member).history.empty())
                forbidden.insert(vms.at(member).history.back().host);
          }
    }
    if (!role_key.empty() && placed_roles.contains(role_key)) continue;
    std::vector<int> enabled, without_room;
    std::optional<int> chosen;
    for (const auto& [host_id, host] : hosts) {
      if (host.state != 2) continue;
      enabled.push_back(host_id);
      if (forbidden.contains(host_id)) continue;
      if (room_complaint(vm, host_id))
        without_room.push_back(host_id);
      else if (!chosen)
        chosen = host_id;
    }
    if (chosen) {
      drop(vm.user, "SCHED_MESSAGE");
      if (!role_key.empty()) placed_roles.insert(role_key);
      start_on(vm, *chosen, true);
      continue;
    }
    std::string message = "Cannot dispatch VM: No hosts enabled to run VMs";
    if (!without_room.empty())
      message = "[HOST] Not enough CPU on hosts: " + list_of(without_room);
    else if (!enabled.empty())
      message = "[HOST] Cannot fulfill affinity constraints on hosts: " + list_of(enabled);
    set(vm.user, "SCHED_MESSAGE", date_text(wall_seconds()) + ": " + message);
  }
}

void World::start_on(SimVm& vm, int host, bool planned) {
  vm.history.push_back({.host = host, .started = wall_seconds(), .planned = planned});
  vm.deploy_id = hosts.at(host).name + ":" + vm.name + ":dummy";
  if (const Attribute* graphics = find(vm.body, "GRAPHICS"))
    set_part(const_cast<Attribute&>(*graphics), "PORT", std::to_string(5900 + vm.id));
  enter(vm, active, 0);
  go(vm, {{active, 1}, {active, 2}, {active, 3}});
}

std::optional<Address> World::take_lease(SimNetwork& network, const std::string& wanted, int vm) {
  const Result<Address> fixed = parse_address(wanted);
  if (!wanted.empty() && !fixed) return std::nullopt;
  for (SimRange& range : network.ranges)
    for (uint32_t step = 0; step < range.size; ++step) {
      const uint32_t index = (range.next_index + step) % range.size;
      const Address address{range.first.bits + index};
      if ((!wanted.empty() && address != *fixed) || range.leases.contains(index)) continue;
      range.leases[index] = {.vm = vm};
      if (wanted.empty()) range.next_index = index + 1;
      return address;
    }
  return std::nullopt;
}

void World::free_leases(int vm, const std::string& ip) {
  for (auto& [id, network] : networks)
    for (SimRange& range : network.ranges)
      std::erase_if(range.leases, [&](const auto& lease) {
        return lease.second.vm == vm && (ip.empty() || to_string(Address{range.first.bits + lease.first}) == ip);
      });
}

int World::used_leases(const SimNetwork& network) const {
  size_t used = 0;
  for (const SimRange& range : network.ranges) used += range.leases.size();
  return static_cast<int>(used);
}

/// DONE: what it had is free again; its document keeps telling of it.
void World::finish(SimVm& vm) {
  vm.ended = wall_seconds();
  free_leases(vm.id);
  for (auto& [id, image] : images) {
    image.vms.erase(vm.id);
    if (image.vms.empty() && (image.state == 2 || image.state == 8)) image.state = 1;
  }
  for (auto& [id, group] : vm_groups)
    for (SimVmGroup::Role& role : group.roles) role.vms.erase(vm.id);
}

Reply World::terminate(SimVm& vm, const std::string& action) {
  const auto end = [this, id = vm.id] { finish(vms.at(id)); };
  const bool settled = vm.coming.empty() || vm.state != active;
  if (vm.state == done) return good(vm.id);
  if (vm.state != active) {
    vm.coming.clear();
    go(vm, {{done, 0}}, end);
    return good(vm.id);
  }
  const bool failed = vm.lcm_state == 36 || vm.lcm_state == 39;
  const bool hangs = vm.lcm_state == 12 && action == "terminate-hard";
  if (failed) {
    go(vm, {{active, 23}, {done, 0}}, end);
    return good(vm.id);
  }
  if (vm.lcm_state == 3 || vm.lcm_state == 16 || hangs) {
    if (!settled && !hangs) vm.coming.clear();
    if (hangs) vm.coming.clear();
    if (action == "terminate" && fails(vm, "ignore")) {
      go(vm, {{active, 12}, {active, 3}});
      return good(vm.id);
    }
    if (fails(vm, "epilog")) {
      go(vm, {{active, 12}, {active, 11}, {active, 40}});
      return good(vm.id);
    }
    go(vm, {{active, 12}, {active, 11}, {done, 0}}, end);
    return good(vm.id);
  }
  if (vm.lcm_state == 40) {
    go(vm, {{active, 11}, {done, 0}}, end);
    return good(vm.id);
  }
  const std::string name = opennebula::state_name(vm.state, vm.lcm_state);
  return bad(action_error, "Error performing action \"" + action + "\": Could not terminate VM " +
                               std::to_string(vm.id) + ", wrong state " + name + ".");
}

Reply World::resume(SimVm& vm) {
  if (vm.state == poweroff) {
    go(vm, {{active, 20}, {active, 3}});
    return good(vm.id);
  }
  if (vm.state == 5) {
    go(vm, {{active, 21}, {active, 3}});
    return good(vm.id);
  }
  if (vm.state == 4 || vm.state == 9) {
    go(vm, {{1, 0}});
    return good(vm.id);
  }
  if (vm.state == active && vm.lcm_state == 16) {
    go(vm, {{active, 19}, {active, 3}});
    return good(vm.id);
  }
  return bad(action_error, "Error performing action \"resume\": This action is not available for state " +
                               opennebula::state_name(vm.state, vm.lcm_state));
}

Reply World::act(SimVm& vm, const std::string& action) {
  static const std::set<std::string> known = {"terminate", "terminate-hard", "undeploy", "undeploy-hard",
                                              "poweroff",  "poweroff-hard",  "reboot",   "reboot-hard",
                                              "hold",      "release",        "stop",     "suspend",
                                              "resume",    "resched",        "unresched"};
  if (!known.contains(action)) return bad(action_error, "Action \"" + action + "\" is not supported");
  const bool running = vm.state == active && vm.lcm_state == 3;
  if (action == "terminate" || action == "terminate-hard") return terminate(vm, action);
  if (action == "resume") return resume(vm);
  if (action == "release" && vm.state == 2) {
    go(vm, {{1, 0}});
    return good(vm.id);
  }
  if (action == "hold" && vm.state == 1) {
    go(vm, {{2, 0}});
    return good(vm.id);
  }
  if (action == "poweroff-hard" && vm.state == active && vm.lcm_state == 18) {
    vm.coming.clear();
    go(vm, {{poweroff, 0}});
    return good(vm.id);
  }
  if ((action == "poweroff" || action == "poweroff-hard") && running) {
    if (action == "poweroff" && fails(vm, "hang"))
      go(vm, {{active, 18}});
    else
      go(vm, {{active, 18}, {poweroff, 0}});
    return good(vm.id);
  }
  if (action == "suspend" && running) {
    go(vm, {{active, 6}, {5, 0}});
    return good(vm.id);
  }
  if (action == "stop" && running) {
    go(vm, {{active, 5}, {active, 10}, {4, 0}});
    return good(vm.id);
  }
  if (action.starts_with("undeploy") && running) {
    go(vm, {{active, 29}, {active, 30}, {9, 0}});
    return good(vm.id);
  }
  if (action.starts_with("reboot") && running) return good(vm.id);
  return bad(action_error, "Error performing action \"" + action + "\": This action is not available for state " +
                               opennebula::state_name(vm.state, vm.lcm_state));
}

Reply World::deploy(SimVm& vm, int host, bool enforce) {
  if (!hosts.contains(host)) return bad(no_exists, "Error getting host [" + std::to_string(host) + "].", host);
  if (vm.state != 1 && vm.state != 2)
    return bad(action_error,
               "Deploy action is not available for state " + opennebula::state_name(vm.state, vm.lcm_state));
  if (enforce)
    if (const auto complaint = room_complaint(vm, host))
      return bad(action_error, "virtual machine [" + std::to_string(vm.id) + "] does not fit in host [" +
                                   std::to_string(host) + "]. " + *complaint);
  start_on(vm, host, false);
  return good(vm.id);
}

Reply World::recover(SimVm& vm, int operation) {
  if (operation < 0 || operation > 5) return bad(action_error, "Wrong recovery operation code");
  const auto end = [this, id = vm.id] { finish(vms.at(id)); };
  if (operation == 2) {
    if (vm.state == active && vm.lcm_state == 36) go(vm, {{active, 2}, {active, 3}});
    if (vm.state == active && vm.lcm_state == 39) go(vm, {{active, 1}, {active, 2}, {active, 3}});
    if (vm.state == active && vm.lcm_state == 40) go(vm, {{active, 11}, {done, 0}}, end);
    return good(vm.id);
  }
  if (operation == 3 && vm.state != done) {
    vm.coming.clear();
    go(vm, {{active, 23}, {done, 0}}, end);
    return good(vm.id);
  }
  if (operation == 4) {
    vm.coming.clear();
    go(vm, {{active, 15}, {1, 0}});
    return good(vm.id);
  }
  if (operation == 1 && vm.lcm_state == 40) go(vm, {{done, 0}}, end);
  return good(vm.id);
}

Reply World::reserve(const Account& caller, SimNetwork& from, const Template& text) {
  const int64_t size = std::atoll(value_of(text, "SIZE").c_str());
  const std::string name = value_of(text, "NAME"), ip = value_of(text, "IP"), range_id = value_of(text, "AR_ID");
  if (size <= 0) return bad(action_error, "Reservation SIZE must be a greater than 0");
  if (from.parent) return bad(action_error, "Cannot reserve addresses from a reserved virtual network");
  if (!ip.empty() && range_id.empty())
    return bad(action_error, "AR_ID must be specified for IP/MAC based reservations");
  for (const auto& [id, network] : networks)
    if (network.name == name && network.uid == caller.id)
      return bad(internal_error, "NAME is already taken by NET " + std::to_string(id) + ".");
  for (SimRange& range : from.ranges) {
    if (!range_id.empty() && std::to_string(range.id) != range_id) continue;
    const Result<Address> wanted = parse_address(ip);
    for (uint32_t first = 0; first + size <= range.size; ++first) {
      if (wanted && range.first.bits + first != wanted->bits) continue;
      bool free = true;
      for (uint32_t i = 0; i < size; ++i) free = free && !range.leases.contains(first + i);
      if (!free) continue;
      SimNetwork made;
      made.id = next_network++;
      made.uid = caller.id;
      made.gid = caller.gid;
      made.name = name;
      made.state = 2;
      made.ready_at = now() + delays_.network.value_or(delays_.step).count();
      made.parent = from.id;
      made.attributes = from.attributes;
      SimRange own;
      own.first = Address{range.first.bits + first};
      own.size = static_cast<uint32_t>(size);
      own.parent_range = range.id;
      made.ranges.push_back(own);
      for (uint32_t i = 0; i < size; ++i) range.leases[first + i] = {.vm = -2, .network = made.id};
      networks[made.id] = made;
      return good(made.id);
    }
  }
  return bad(action_error, range_id.empty()
                               ? "Not enough free addresses in an address range"
                               : "Not enough free addresses in address range " + range_id + ", or it does not exist");
}

Reply World::hold(SimNetwork& network, const Template& text, bool take) {
  const Attribute* leases = find(text, "LEASES");
  if (!leases) return bad(internal_error, "Empty lease description.");
  const Result<Address> ip = parse_address(leases->part("IP"));
  for (SimRange& range : network.ranges) {
    if (!ip || ip->bits < range.first.bits || ip->bits - range.first.bits >= range.size) continue;
    const uint32_t index = ip->bits - range.first.bits;
    const auto lease = range.leases.find(index);
    if (take && lease != range.leases.end()) break;
    if (take)
      range.leases[index] = {.vm = -1};
    else if (lease != range.leases.end() && lease->second.vm == -1)
      range.leases.erase(lease);
    return good(network.id);
  }
  if (!take) return good(network.id);
  return bad(internal_error, "Address is not part of the address range or in use.");
}

Reply World::remove_network(SimNetwork& network) {
  if (network.state == 3) return good(network.id);
  if (used_leases(network) > 0)
    return bad(action_error, "Cannot delete virtual network. Can not remove a virtual network with leases in use");
  network.state = 3;
  network.gone_at = now() + delays_.network.value_or(delays_.step).count();
  return good(network.id);
}

}  // namespace slipway::testing_support::one
