#include "cluster/members.h"

#include <algorithm>
#include <utility>

namespace slipway {
namespace {

std::string address_key(const MachineName& name) { return "machine/" + name.text(); }

/// Hands out fixed addresses of the provider's `addresses`, else of its `subnet`: what state recorded stays, others
/// take the lowest that is free. Without either the provider gives addresses itself.
class AddressBook {
 public:
  static Result<AddressBook> open(const Spec& spec, const State& state) {
    AddressBook book;
    const std::string range = text_at(spec.provider_settings, "addresses");
    const std::string subnet = text_at(spec.provider_settings, "subnet");
    if (!subnet.empty()) {
      Result<Cidr> cidr = parse_cidr(subnet);
      if (!cidr) return std::move(cidr).error();
      const AddressRange all = cidr->range();
      book.taken_ = {all.first, Address{all.first.bits + 1}, all.last};
      // The first ten stay free for the people who run the place.
      book.range_ = AddressRange{Address{all.first.bits + (all.size() > 32 ? 11 : 2)}, all.last};
      book.setting_ = spec.provider + ".subnet";
    }
    if (!range.empty()) {
      Result<AddressRange> given = parse_range(range);
      if (!given) return std::move(given).error();
      book.range_ = *given;
      book.setting_ = spec.provider + ".addresses";
    }
    if (!book.range_) return book;
    book.next_ = book.range_->first;
    book.taken_.insert(spec.network.endpoint);
    book.kept_free_ = spec.network.load_balancers;
    for (const auto& [key, text] : state.addresses)
      if (Result<Address> address = parse_address(text)) book.taken_.insert(*address);
    return book;
  }

  Result<std::string> take(const MachineName& name) {
    if (!range_) return std::string();
    // Nothing is given back, so that whatever lies below what was given last stays taken.
    for (; next_ <= range_->last; ++next_.bits)
      if (!taken_.contains(next_) && !(kept_free_ && kept_free_->contains(next_)))
        return to_string(std::exchange(next_, Address{next_.bits + 1}));
    return fail(ErrorKind::bad_input, "no address is left for another machine",
                {.found = "no free address for " + name.text() + " in " + to_string(*range_),
                 .advice = "a larger " + setting_ + ", or fewer machines"});
  }

 private:
  std::optional<AddressRange> range_;
  Address next_;         ///< Every address of the range below it is taken.
  std::string setting_;  ///< The key of the spec that says it.
  std::set<Address> taken_;
  std::optional<AddressRange> kept_free_;
};

/// The pool's recorded members, also under its former name.
PoolMembers recorded_members(const Pool& pool, const State& state) {
  for (const std::string& key : {pool.name, pool.moved_from}) {
    const auto found = state.pools.find(key);
    if (!key.empty() && found != state.pools.end()) return found->second;
  }
  return {};
}

/// Sets the pool's names to what the spec wants; answers those that leave.
Result<std::vector<std::string>> resize(const Pool& pool, PoolMembers& members, const MemberChange& change) {
  std::vector<std::string> leaving;
  const auto drop = [&](const std::string& name) {
    leaving.push_back(name);
    std::erase(members.names, name);
  };
  if (!pool.hosts.empty()) {
    std::vector<std::string> wanted;
    for (const ExistingHost& host : pool.hosts) wanted.push_back(host.name);
    for (const std::string& name : members.names)
      if (std::find(wanted.begin(), wanted.end(), name) == wanted.end()) leaving.push_back(name);
    members.names = wanted;
    return leaving;
  }
  const auto meanwhile = change.counts.find(pool.name);
  const auto wanted = static_cast<size_t>(meanwhile == change.counts.end() ? pool.count : meanwhile->second);
  for (const std::string& name : std::vector<std::string>(members.names))
    if (change.leaving.contains(MachineName(name))) {
      if (members.names.size() <= wanted)
        return fail(
            ErrorKind::bad_input, "the pool's count keeps a machine that shall leave",
            {.found = "pool " + pool.name + " has count " + std::to_string(pool.count), .expected = "a lower count"});
      drop(name);
    }
  while (members.names.size() > wanted) drop(members.names.back());
  while (members.names.size() < wanted)
    members.names.push_back(pool.name + "-" + std::to_string(members.next_ordinal++));
  return leaving;
}

}  // namespace

std::vector<const Member*> Membership::control_planes() const {
  std::vector<const Member*> found;
  for (const Member& member : members)
    if (member.pool->role == Role::control_plane) found.push_back(&member);
  return found;
}

std::map<MachineName, std::vector<std::string>> address_holders(const Spec& spec, const Membership& membership) {
  std::map<MachineName, std::vector<std::string>> holders;
  const std::vector<const Member*> control_planes = membership.control_planes();
  if (!spec.network.fixed_holders || control_planes.empty()) return holders;
  holders[control_planes.front()->name].push_back(to_string(spec.network.endpoint));
  if (!spec.network.load_balancers) return holders;
  constexpr size_t most = 2;
  std::vector<MachineName> gateways;
  for (const Member& member : membership.members)
    if (member.pool->role == Role::worker && gateways.size() < most) gateways.push_back(member.name);
  if (gateways.empty()) gateways.push_back(control_planes.front()->name);
  const AddressRange& range = *spec.network.load_balancers;
  for (size_t i = 0; i < range.size(); ++i)
    holders[gateways[i % gateways.size()]].push_back(to_string(Address{range.first.bits + static_cast<uint32_t>(i)}));
  return holders;
}

const Member* Membership::find(const MachineName& name) const {
  const auto found =
      std::find_if(members.begin(), members.end(), [&](const Member& member) { return member.name == name; });
  return found == members.end() ? nullptr : &*found;
}

Result<Membership> settle_members(const Spec& spec, const State& state, const MemberChange& change) {
  Result<AddressBook> book = AddressBook::open(spec, state);
  if (!book) return std::move(book).error();
  Membership membership;
  membership.addresses["endpoint"] = to_string(spec.network.endpoint);
  std::set<std::string> known;
  for (const auto& [pool, members] : state.pools) known.insert(members.names.begin(), members.names.end());
  for (const MachineName& name : change.leaving)
    if (!known.contains(name.text()))
      return fail(ErrorKind::bad_input, "no such machine", {.found = name.text(), .advice = "slipway node list SPEC"});

  for (const Pool& pool : spec.pools) {
    PoolMembers members = recorded_members(pool, state);
    members.role = name(pool.role);
    Result<std::vector<std::string>> leaving = resize(pool, members, change);
    if (!leaving) return std::move(leaving).error();
    for (const std::string& name : *leaving) membership.leaving.emplace_back(name);
    for (size_t i = 0; i < members.names.size(); ++i) {
      Member member{.name = MachineName(members.names[i]), .pool = &pool, .fresh = !known.contains(members.names[i])};
      if (!pool.hosts.empty()) {
        member.host = &pool.hosts[i];
        member.address = pool.hosts[i].address;
      } else if (const auto kept = state.addresses.find(address_key(member.name)); kept != state.addresses.end()) {
        member.address = kept->second;
      } else {
        Result<std::string> address = book->take(member.name);
        if (!address) return std::move(address).error();
        member.address = std::move(*address);
      }
      if (!member.address.empty()) membership.addresses[address_key(member.name)] = member.address;
      membership.members.push_back(std::move(member));
    }
    membership.pools[pool.name] = std::move(members);
  }
  // Pools that left the spec altogether.
  std::set<MachineName> told(membership.leaving.begin(), membership.leaving.end());
  for (const Member& member : membership.members) told.insert(member.name);
  for (const auto& [pool, members] : state.pools)
    for (const std::string& name : members.names)
      if (told.insert(MachineName(name)).second) membership.leaving.emplace_back(name);
  std::stable_partition(membership.members.begin(), membership.members.end(),
                        [](const Member& member) { return member.pool->role == Role::control_plane; });
  return membership;
}

Result<void> record_members(StateStore& store, const Membership& membership) {
  const State state = store.snapshot();
  for (const auto& [pool, members] : membership.pools) {
    const auto before = state.pools.find(pool);
    if (before != state.pools.end() && before->second == members) continue;
    if (Result<void> written = store.set_pool(pool, members); !written) return written;
  }
  for (const auto& [pool, members] : state.pools)
    if (!membership.pools.contains(pool))
      if (Result<void> written = store.remove_pool(pool); !written) return written;
  for (const auto& [key, address] : membership.addresses) {
    const auto before = state.addresses.find(key);
    if (before != state.addresses.end() && before->second == address) continue;
    if (Result<void> written = store.set_address(key, address); !written) return written;
  }
  return {};
}

}  // namespace slipway
