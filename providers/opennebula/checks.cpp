#include "providers/opennebula/checks.h"

#include <algorithm>
#include <ctime>
#include <limits>

#include "providers/common/pool_changes.h"

namespace slipway::opennebula {
namespace {

constexpr int host_monitored = 2;
constexpr int64_t soon = 3600;

/// A machine of this pool is one whose name begins so; names are POOL-NUMBER.
bool is_of(const CloudObject& machine, const Pool& pool) {
  return machine.name.starts_with(pool.name + "-") &&
         machine.name.find_first_not_of("0123456789", pool.name.size() + 1) == std::string::npos;
}

std::string amount(double value) {
  return value == static_cast<double>(static_cast<int64_t>(value)) ? std::to_string(static_cast<int64_t>(value))
                                                                   : std::to_string(value);
}

}  // namespace

Checks::Need Checks::missing(const std::vector<CloudObject>& machines) const {
  Need need;
  need.smallest_disk_mb = std::numeric_limits<int64_t>::max();
  for (const Pool& pool : settings_.pools) {
    const auto there = static_cast<int>(std::count_if(
        machines.begin(), machines.end(), [&](const CloudObject& machine) { return is_of(machine, pool); }));
    const int count = std::max(0, pool.count - there);
    if (count == 0) continue;
    need.machines += count;
    need.cpus += count * pool.size.cpus;
    need.memory_mb += count * megabytes(pool.size.memory_bytes);
    need.largest_cpus = std::max(need.largest_cpus, pool.size.cpus);
    need.largest_memory_mb = std::max(need.largest_memory_mb, megabytes(pool.size.memory_bytes));
    need.smallest_disk_mb = std::min(need.smallest_disk_mb, megabytes(pool.size.disk_bytes));
  }
  return need;
}

Result<User> Checks::user() {
  constexpr int myself = -1;
  Result<std::string> text = client_.call_for_text("one.user.info", {myself, false}, call_deadline());
  if (!text) return std::move(text).error();
  return read_user(std::move(*text));
}

std::vector<Error> Checks::run() {
  problems_.clear();
  Result<std::vector<CloudObject>> machines = observed_.list("machine");
  if (failed(machines)) return problems_;
  const Need need = missing(*machines);
  Result<VirtualNetwork> network = catalog_.network();
  if (failed(network)) return problems_;
  int control_planes = 0;
  for (const Pool& pool : settings_.pools)
    if (pool.role == Role::control_plane) control_planes += pool.count;
  if (network->filters_ip && control_planes > 0 && !settings_.fixed_holders)
    problems_.push_back(fail(
        ErrorKind::bad_input, "the virtual network drops packets from reserved addresses",
        {.found = "network " + network->name + " has FILTER_IP_SPOOFING=YES",
         .expected = "a network that lets machines answer for the endpoint's and the load balancers' addresses",
         .advice = "network.address_holders: fixed gives each of them to one machine; or ask the administrator for: "
                   "onevnet update " +
                   std::to_string(network->id) +
                   " with FILTER_IP_SPOOFING=\"NO\", or use another network; FILTER_MAC_SPOOFING may stay",
         .where = settings_.spec_path}));
  if (settings_.fixed_holders) check_holders(*network);
  if (need.machines == 0) return problems_;
  check_addresses(need);
  check_base(need);
  check_quotas(need);
  check_hosts(need);
  return problems_;
}

void Checks::check_holders(const VirtualNetwork& network) {
  const auto inside = [&](Address address) {
    return std::any_of(network.ranges.begin(), network.ranges.end(),
                       [&](const AddressRangeOf& range) { return range.contains(address); });
  };
  const AddressRange endpoint{settings_.endpoint, settings_.endpoint};
  for (const AddressRange& wanted : {endpoint, settings_.load_balancers.value_or(endpoint)})
    if (!inside(wanted.first) || !inside(wanted.last)) {
      problems_.push_back(fail(ErrorKind::bad_input, "an address that a machine is to hold lies in no address range",
                               {.found = to_string(wanted) + " in network " + network.name,
                                .expected = "network.endpoint and network.load_balancers inside the network's ranges",
                                .advice = "onevnet show " + network.name + " lists them",
                                .where = settings_.spec_path}));
      return;
    }
}

void Checks::check_addresses(const Need& need) {
  Result<VirtualNetwork> network = catalog_.network_with_leases();
  if (failed(network)) return;
  std::optional<AddressRange> from = settings_.addresses;
  if (!from && settings_.subnet) from = settings_.subnet->range();
  if (!from) return;
  uint64_t room = 0;
  std::string ranges;
  for (const AddressRangeOf& range : network->ranges) {
    if (range.size == 0) continue;
    const AddressRange all{range.first, Address{static_cast<uint32_t>(range.first.bits + range.size - 1)}};
    ranges += (ranges.empty() ? "" : ", ") + to_string(all);
    for (Address address = std::max(all.first, from->first); address <= std::min(all.last, from->last);
         ++address.bits) {
      const bool taken = std::any_of(range.leases.begin(), range.leases.end(),
                                     [&](const AddressLease& lease) { return lease.ip == address; });
      if (!taken && !settings_.is_reserved(address)) ++room;
    }
  }
  if (room < static_cast<uint64_t>(need.machines))
    problems_.push_back(fail(ErrorKind::quota, "the virtual network has too few free addresses",
                             {.found = std::to_string(room) + " free in " + to_string(*from) + "; network " +
                                       network->name + " gives " + (ranges.empty() ? "none" : ranges),
                              .expected = std::to_string(need.machines) + " for the machines to be made",
                              .advice = "set opennebula.addresses to a free part of the network's ranges",
                              .where = settings_.spec_path}));
  if (settings_.addresses || !settings_.subnet) return;
  // The first addresses of the subnet are taken first: they must be the network's to give.
  const Address first{settings_.subnet->base.bits + (settings_.subnet->range().size() > 32 ? 11U : 2U)};
  const bool given = std::any_of(network->ranges.begin(), network->ranges.end(),
                                 [&](const AddressRangeOf& range) { return range.contains(first); });
  if (!given)
    problems_.push_back(fail(ErrorKind::bad_input, "the virtual network does not give the subnet's first addresses",
                             {.found = "machines begin at " + to_string(first) + "; network " + network->name +
                                       " gives " + (ranges.empty() ? "none" : ranges),
                              .expected = "machines' addresses inside the network's ranges",
                              .advice = "set opennebula.addresses: FIRST-LAST to a free part of them",
                              .where = settings_.spec_path}));
}

void Checks::check_base(const Need& need) {
  if (!settings_.template_name.empty()) {
    Result<VmTemplate> found = catalog_.vm_template();
    failed(found);
    return;
  }
  Result<Image> image = catalog_.image(settings_.image);
  if (failed(image)) return;
  if (image->size_mb > need.smallest_disk_mb)
    problems_.push_back(fail(ErrorKind::bad_input, "a pool's disk is smaller than the image",
                             {.found = std::to_string(need.smallest_disk_mb) + " MiB for image " + image->name,
                              .expected = "at least " + std::to_string(image->size_mb) + " MiB",
                              .advice = "raise the pool's size.disk",
                              .where = settings_.spec_path}));
  if (image->persistent)
    problems_.push_back(fail(ErrorKind::bad_input, "the image is persistent: one machine alone could use it",
                             {.found = image->name,
                              .expected = "an image that is copied for each machine",
                              .advice = "oneimage nonpersistent " + std::to_string(image->id)}));
}

void Checks::check_quotas(const Need& need) {
  Result<User> me = user();
  if (failed(me)) return;
  const std::string leases = "LEASES in network ";
  for (const Quota& quota : me->quotas) {
    double wanted = 0;
    if (quota.what == "VMS" || quota.what == "RUNNING_VMS" || quota.what.starts_with(leases)) wanted = need.machines;
    if (quota.what == "CPU" || quota.what == "RUNNING_CPU") wanted = need.cpus;
    if (quota.what == "MEMORY" || quota.what == "RUNNING_MEMORY") wanted = static_cast<double>(need.memory_mb);
    if (wanted <= 0 || quota.used + wanted <= quota.limit) continue;
    problems_.push_back(fail(ErrorKind::quota, "an OpenNebula quota is too small",
                             {.found = quota.what + ": " + amount(quota.used) + " of " + amount(quota.limit) + " used",
                              .expected = "room for " + amount(wanted) + " more",
                              .advice = "free some, make the pools smaller, or ask for a larger quota",
                              .where = "user " + me->name}));
  }
  const std::string& session = client_.login().session.reveal();
  const auto token = me->tokens.find(session.substr(session.find(':') + 1));
  if (token != me->tokens.end() && token->second >= 0 && token->second < std::time(nullptr) + soon)
    problems_.push_back(fail(ErrorKind::unauthorised, "the login token expires within the hour",
                             {.found = std::to_string(token->second - std::time(nullptr)) + " s left",
                              .advice = "oneuser token-create, then write it to " + client_.login().source}));
}

Result<Checks::Room> Checks::room_on_hosts() {
  Result<std::string> text = client_.call_for_text("one.hostpool.info", {}, call_deadline());
  if (!text) return std::move(text).error();
  Result<std::vector<Host>> hosts = read_hosts(std::move(*text));
  if (!hosts) return std::move(hosts).error();
  Room room{.hosts = hosts->size()};
  for (const Host& host : *hosts) {
    if (host.state != host_monitored) continue;
    room.alive.push_back({std::max<int64_t>(0, host.cpu_free / 100), std::max<int64_t>(0, host.memory_free_kb / 1024)});
    room.cpus += room.alive.back().first;
    room.memory_mb += room.alive.back().second;
  }
  return room;
}

void Checks::check_hosts(const Need& need) {
  const Result<Room> room = room_on_hosts();
  // A tenant need not see hosts; the scheduler will tell then.
  if (!room && room.error().kind == ErrorKind::corrupt) problems_.push_back(room.error());
  if (!room || room->hosts == 0) return;
  const size_t alive = room->alive.size();
  const bool fits = std::any_of(room->alive.begin(), room->alive.end(), [&](const auto& host) {
    return host.first >= need.largest_cpus && host.second >= need.largest_memory_mb;
  });
  const std::string found = std::to_string(alive) + " hosts with " + std::to_string(room->cpus) + " CPUs and " +
                            std::to_string(room->memory_mb) + " MiB free";
  if (room->cpus < need.cpus || room->memory_mb < need.memory_mb || !fits)
    problems_.push_back(fail(ErrorKind::quota, "the OpenNebula hosts have no room for the machines",
                             {.found = found,
                              .expected = std::to_string(need.cpus) + " CPUs and " + std::to_string(need.memory_mb) +
                                          " MiB, and one host for the largest machine",
                              .advice = "fewer or smaller machines, or more hosts: onehost list"}));
  size_t control_planes = 0;
  for (const Pool& pool : settings_.pools)
    if (pool.role == Role::control_plane) control_planes += static_cast<size_t>(pool.count);
  if (settings_.anti_affinity && control_planes > alive)
    problems_.push_back(fail(ErrorKind::quota, "fewer OpenNebula hosts than control planes",
                             {.found = std::to_string(alive) + " hosts for " + std::to_string(control_planes) +
                                       " control planes that shall not share one",
                              .expected = "a host for each",
                              .advice = "fewer control planes, or opennebula.anti_affinity: false",
                              .where = settings_.spec_path}));
}

Result<std::vector<Claim>> Checks::claims(const Plan& plan) {
  Claim machines{"machines", 0, {}}, cpus{"CPUs", 0, {}}, memory{"MiB of memory", 0, {}};
  for (const PoolChange& change : pool_changes(plan, settings_.pools)) {
    if (!change.pool) continue;
    machines.wanted += change.made;
    cpus.wanted += int64_t{change.made} * change.pool->size.cpus;
    memory.wanted += change.made * megabytes(change.pool->size.memory_bytes);
  }
  if (machines.wanted == 0) return std::vector<Claim>{};
  const auto limit = [](Claim& claim, int64_t left) { claim.left = std::min(claim.left.value_or(left), left); };
  Result<User> me = user();
  if (!me) return std::move(me).error();
  for (const Quota& quota : me->quotas) {
    const auto left = static_cast<int64_t>(std::max(0.0, quota.limit - quota.used));
    if (quota.what == "VMS" || quota.what == "RUNNING_VMS") limit(machines, left);
    if (quota.what == "CPU" || quota.what == "RUNNING_CPU") limit(cpus, left);
    if (quota.what == "MEMORY" || quota.what == "RUNNING_MEMORY") limit(memory, left);
  }
  if (const Result<Room> room = room_on_hosts(); room && room->hosts > 0) {
    limit(cpus, room->cpus);
    limit(memory, room->memory_mb);
  }
  return std::vector<Claim>{machines, cpus, memory};
}

}  // namespace slipway::opennebula
