// The addresses that a machine alone answers for (network.address_holders: fixed): aliases of its NIC.

#include <set>

#include "base/text.h"
#include "providers/opennebula/machines.h"
#include "providers/opennebula/states.h"

namespace slipway::opennebula {
namespace {

/// The reservation that an address is leased from. Errors: bad_input.
Result<int> reservation_of(Address address, const std::vector<VirtualNetwork>& reservations,
                           const std::string& network) {
  for (const VirtualNetwork& reservation : reservations)
    for (const AddressRangeOf& range : reservation.ranges)
      if (range.contains(address)) return reservation.id;
  return fail(ErrorKind::bad_input, "an address that a machine is to hold lies in no address range",
              {.found = to_string(address),
               .expected = "network.endpoint and network.load_balancers inside the virtual network's ranges",
               .advice = "onevnet show " + network + " lists them"});
}

}  // namespace

std::map<Address, const Nic*> Machines::held_by(const Vm& vm) const {
  std::map<Address, const Nic*> held;
  for (const Nic& nic : vm.nics) {
    const Result<Address> address = nic.alias ? parse_address(nic.ip) : Result<Address>(Address{});
    if (address && address->bits != 0 && settings_.is_reserved(*address)) held.emplace(*address, &nic);
  }
  return held;
}

Result<void> Machines::detach(const Vm& vm, const Nic& alias, Deadline deadline) {
  if (Result<void> done = act("one.vm.detachnic", {vm.id, alias.id}, deadline); !done) return done;
  if (Result<Vm> settled = wait_until_settled(vm.id, deadline); !settled) return std::move(settled).error();
  return {};
}

Result<void> Machines::attach_alias(const Vm& vm, Address address, int network, const CloudProgress& progress,
                                    Deadline deadline) {
  TemplateText text;
  text.add("NIC_ALIAS",
           {{"NETWORK_ID", std::to_string(network)}, {"IP", to_string(address)}, {"PARENT", nic_of(vm)->name}});
  Result<std::string> written = text.write();
  if (!written) return std::move(written).error();
  while (true) {
    Result<void> done = act("one.vm.attachnic", {vm.id, *written}, deadline);
    if (done) break;
    // Who held it before is being deleted.
    if (done.error().kind != ErrorKind::conflict || deadline.passed()) return done;
    progress("waiting until " + to_string(address) + " is free");
    pause(deadline);
  }
  if (Result<Vm> settled = wait_until_settled(vm.id, deadline); !settled) return std::move(settled).error();
  return {};
}

Result<void> Machines::hold(const Vm& vm, const std::string& addresses, const CloudProgress& progress,
                            Deadline deadline) {
  std::set<Address> missing;
  if (!addresses.empty())
    for (const std::string& text : split(addresses, ','))
      if (const Result<Address> address = parse_address(text)) missing.insert(*address);
  for (const auto& [address, alias] : held_by(vm)) {
    if (missing.erase(address) > 0) continue;
    progress("giving up " + to_string(address));
    if (Result<void> done = detach(vm, *alias, deadline); !done) return done;
  }
  if (missing.empty()) return {};
  if (!nic_of(vm)) return fail(ErrorKind::not_found, "the machine has no NIC of its address", {.found = vm.name});
  const Result<std::vector<VirtualNetwork>> reservations = catalog_.reservations(Milliseconds(0));
  if (!reservations) return reservations.error();
  const Result<std::vector<Vm>> all = pool();
  if (!all) return all.error();
  for (const Address address : missing) {
    const Result<int> network = reservation_of(address, *reservations, settings_.network);
    if (!network) return network.error();
    progress("taking " + to_string(address));
    for (const Vm& other : *all) {
      const bool ours = other.id != vm.id && other.tag(cluster_tag) == settings_.cluster;
      if (!ours || condition_of(other.state, other.lcm_state) != Condition::running) continue;
      const std::map<Address, const Nic*> held = held_by(other);
      if (const auto alias = held.find(address); alias != held.end())
        if (Result<void> done = detach(other, *alias->second, deadline); !done) return done;
    }
    if (Result<void> done = attach_alias(vm, address, *network, progress, deadline); !done) return done;
  }
  return {};
}

}  // namespace slipway::opennebula
