#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>

#include "spec/checks.h"
#include "spec/quantity.h"

namespace slipway {
namespace {

constexpr int64_t smallest_control_plane = 1'500'000'000;
constexpr int64_t most_control_planes = 7;

class PoolChecker {
 public:
  explicit PoolChecker(SpecDraft& draft)
      : draft_(draft),
        provider_(draft.text({"provider"})),
        pods_(cidr_at(draft, {"network", "pods"})),
        services_(cidr_at(draft, {"network", "services"})),
        endpoint_(address_at(draft, {"network", "endpoint"})),
        balancers_(range_at(draft, {"network", "load_balancers"})) {}

  void check() {
    const YamlEntry* pools = draft_.tree.find("pools");
    if (!pools || !draft_.at({"pools"})) return;
    for (const YamlEntry& entry : pools->node.entries) {
      if (!seen_.insert(entry.key).second) continue;  // A duplicate, and a fault already.
      const Value* pool = draft_.at({"pools", entry.key});
      if (!pool) {
        all_known_ = false;
        continue;
      }
      check_pool(entry.key, *pool);
    }
    check_control_planes();
    check_holders();
    check_room();
  }

 private:
  using Path = std::vector<std::string>;

  static std::string text(const Value& object, const char* key) { return text_at(object, key); }

  void check_pool(const std::string& name, const Value& pool) {
    check_members(name, pool);
    const int64_t machines = machines_of(name, pool);
    const std::string role = text(pool, "role");
    if (role.empty() || machines < 0) all_known_ = false;
    if (role == "control-plane") {
      control_pools_.push_back(name);
      control_planes_ += std::max<int64_t>(machines, 0);
      check_control_size(name);
    }
    machines_ += std::max<int64_t>(machines, 0);
    if (machines > largest_) {
      largest_ = machines;
      largest_pool_ = name;
    }
    check_labels(name, pool);
    check_taints(name, pool);
    check_moved(name);
    if (pool.contains("hosts")) check_hosts(name, pool.at("hosts"));
  }

  /// -1 where the pool does not say it well.
  int64_t machines_of(const std::string& name, const Value& pool) const {
    if (pool.contains("hosts")) return static_cast<int64_t>(pool.at("hosts").size());
    if (draft_.written({"pools", name, "hosts"})) return -1;
    return pool.contains("count") ? pool.at("count").get<int64_t>() : -1;
  }

  Path count_of(const std::string& pool) const {
    return {"pools", pool, draft_.written({"pools", pool, "hosts"}) ? "hosts" : "count"};
  }

  void check_members(const std::string& name, const Value& pool) {
    const bool counted = draft_.written({"pools", name, "count"}), listed = draft_.written({"pools", name, "hosts"});
    const std::string place = "pools." + name;
    if (counted && listed)
      draft_.add_at_key({"pools", name, "count"}, "count and hosts together in " + place, "",
                        provider_ == "existing" ? "hosts alone: their number is the count" : "count alone", "");
    else if (provider_ == "existing" && counted)
      draft_.add_at_key({"pools", name, "count"}, "provider existing makes no machines", "count in " + place,
                        "hosts: [{name: …, address: …}]", "list the hosts instead of counting them");
    else if (!provider_.empty() && provider_ != "existing" && listed)
      draft_.add_at_key({"pools", name, "hosts"}, "hosts are for provider existing only", "provider " + provider_,
                        "count: a whole number", "");
    else if (!counted && !listed && !provider_.empty())
      draft_.add_at_key({"pools", name},
                        std::string("missing key '") + (provider_ == "existing" ? "hosts" : "count") + "' in " + place,
                        "", provider_ == "existing" ? "hosts: [{name: …, address: …}]" : "count: a whole number", "");
    if (pool.contains("hosts") && pool.at("hosts").size() > 5000)
      draft_.add_at_key({"pools", name, "hosts"}, "too many hosts in " + place, std::to_string(pool.at("hosts").size()),
                        "at most 5000", "");
  }

  void check_control_size(const std::string& name) {
    // Hosts that exist already are measured, not read about.
    if (provider_ == "existing") return;
    const Value* cpus = draft_.at({"pools", name, "size", "cpus"});
    const Value* memory = draft_.at({"pools", name, "size", "memory"});
    if (cpus && cpus->get<int64_t>() < 2)
      draft_.add({"pools", name, "size", "cpus"}, "pools." + name + ".size.cpus is too small for a control plane",
                 cpus->dump(), "at least 2", "");
    if (memory && memory->get<int64_t>() < smallest_control_plane)
      draft_.add({"pools", name, "size", "memory"}, "pools." + name + ".size.memory is too small for a control plane",
                 bytes_text(memory->get<uint64_t>()), "at least " + bytes_text(smallest_control_plane), "");
  }

  void check_labels(const std::string& name, const Value& pool) {
    if (!pool.contains("labels")) return;
    for (const auto& [label, value] : pool.at("labels").items()) {
      const std::string domain = label.substr(0, label.find('/') == std::string::npos ? 0 : label.find('/'));
      const auto within = [&](const std::string& owner) { return domain == owner || domain.ends_with("." + owner); };
      if ((within("kubernetes.io") || within("k8s.io")) && domain != "node-role.kubernetes.io")
        draft_.add_at_key({"pools", name, "labels", label}, "label '" + label + "' belongs to Kubernetes", label,
                          "a label of your own domain or none, or node-role.kubernetes.io/…", "");
    }
  }

  void check_taints(const std::string& name, const Value& pool) {
    if (!pool.contains("taints")) return;
    std::set<std::pair<std::string, std::string>> seen;
    const Value& taints = pool.at("taints");
    for (size_t i = 0; i < taints.size(); ++i) {
      const std::string key = text(taints[i], "key"), effect = text(taints[i], "effect");
      if (key.empty() || effect.empty() || seen.emplace(key, effect).second) continue;
      draft_.add({"pools", name, "taints", std::to_string(i)}, "the same taint twice in pools." + name,
                 key + ":" + effect, "each key and effect once", "");
    }
  }

  void check_moved(const std::string& name) {
    const Value* from = draft_.at({"pools", name, "moved", "from"});
    if (!from) return;
    const auto old = from->get<std::string>();
    if (draft_.written({"pools", old}))
      draft_.add({"pools", name, "moved", "from"}, "pool '" + old + "' still exists", old, "the former name of a pool",
                 "");
    else if (!moved_.emplace(old, name).second)
      draft_.add({"pools", name, "moved", "from"}, "two pools were called '" + old + "'", old,
                 "moved.from in one pool only: " + moved_[old] + " has it already", "");
  }

  void check_hosts(const std::string& pool, const Value& hosts) {
    const Value* sudo = draft_.at({"ssh", "sudo"});
    for (size_t i = 0; i < hosts.size(); ++i) {
      const auto path = [&](const char* key) { return Path{"pools", pool, "hosts", std::to_string(i), key}; };
      const std::string name = text(hosts[i], "name"), address = text(hosts[i], "address"),
                        user = text(hosts[i], "user");
      if (!name.empty() && !host_names_.emplace(name, pool).second)
        draft_.add(path("name"), "duplicate host name '" + name + "'",
                   "'" + name + "' is in pool " + host_names_[name] + " already", "each name once in the cluster", "");
      if (sudo && !sudo->get<bool>() && !user.empty() && user != "root")
        draft_.add(path("user"), "the host's user is not root and ssh.sudo is false", user, "root, or a user with sudo",
                   "set ssh.sudo: true");
      const Result<Address> parsed = parse_address(address);
      if (!parsed) continue;
      if (const auto [first, fresh] = host_addresses_.emplace(parsed->bits, name); !fresh)
        draft_.add(path("address"), "two hosts with the address " + address,
                   "host '" + first->second + "' has it already", "each address once", "");
      check_host_address(path("address"), *parsed);
    }
  }

  void check_host_address(const Path& path, Address address) {
    const std::string found = to_string(address);
    if (endpoint_ && address == *endpoint_)
      draft_.add(path, "the host has network.endpoint's address", found, "a network.endpoint that no machine has",
                 "choose a free address for network.endpoint");
    if (balancers_ && balancers_->contains(address))
      draft_.add(path, "the host's address lies inside network.load_balancers", found + " in " + to_string(*balancers_),
                 "addresses that no machine has", "");
    if (pods_ && pods_->range().contains(address))
      draft_.add(path, "the host's address lies inside network.pods", found + " in " + to_string(*pods_),
                 "networks without a common address", "choose another network.pods");
    if (services_ && services_->range().contains(address))
      draft_.add(path, "the host's address lies inside network.services", found + " in " + to_string(*services_),
                 "networks without a common address", "choose another network.services");
  }

  void check_control_planes() {
    if (!all_known_) return;
    if (control_planes_ == 0) {
      const Path place = control_pools_.empty() ? Path{"pools"} : count_of(control_pools_.back());
      draft_.add_at_key(place, "no control plane", "", "one pool with role: control-plane and at least 1 machine", "");
    } else if (control_planes_ > most_control_planes) {
      draft_.add(count_of(control_pools_.back()), "too many control planes", std::to_string(control_planes_),
                 "1, 3, 5 or 7", "each further member makes every write of etcd slower");
    } else if (control_planes_ % 2 == 0) {
      draft_.add(count_of(control_pools_.back()), "an even number of control planes", std::to_string(control_planes_),
                 "1, 3, 5 or 7",
                 "etcd needs a majority: " + std::to_string(control_planes_) + " survive no more failures than " +
                     std::to_string(control_planes_ - 1) + ", and there are more to fail");
    }
  }

  /// An address that belongs to one machine cannot move to another one by itself.
  void check_holders() {
    const Path place{"network", "address_holders"};
    if (draft_.text(place) != "fixed") return;
    if (all_known_ && control_planes_ > 1)
      draft_.add(place, "fixed address holders with more than one control plane",
                 std::to_string(control_planes_) + " control planes", "one control plane, or address_holders: any",
                 "the endpoint could not go to another control plane where its holder fails; ask for a network without "
                 "the filter");
    constexpr uint64_t most_balancers = 32;
    if (balancers_ && balancers_->size() > most_balancers)
      draft_.add({"network", "load_balancers"}, "too many addresses for fixed holders",
                 std::to_string(balancers_->size()) + " in " + to_string(*balancers_),
                 "at most " + std::to_string(most_balancers), "each is attached to a machine by itself");
  }

  void check_room() {
    if (!all_known_ || largest_pool_.empty()) return;
    if (pods_ && pods_->prefix >= 8 && pods_->prefix <= 24) {
      const int64_t room = int64_t{1} << (24 - pods_->prefix);
      if (machines_ > room)
        draft_.add(draft_.written({"network", "pods"}) ? Path{"network", "pods"} : count_of(largest_pool_),
                   "network.pods is too small for the machines",
                   to_string(*pods_) + " holds " + std::to_string(room) + " networks of /24; there are " +
                       std::to_string(machines_) + " machines",
                   "a /24 for each machine", "choose a larger network.pods");
    }
    const std::optional<Cidr> subnet = subnet_of(draft_);
    if (!subnet || provider_ != "local" || subnet->prefix < 16 || subnet->prefix > 29) return;
    const int64_t room = free_addresses(*subnet);
    if (machines_ > room)
      draft_.add(
          count_of(largest_pool_), "more machines than local.subnet has addresses",
          std::to_string(machines_) + " machines, " + std::to_string(room) + " free addresses in " + to_string(*subnet),
          "a free address for each machine", "fewer machines, or a larger local.subnet");
  }

  int64_t free_addresses(const Cidr& subnet) const {
    const AddressRange all = subnet.range();
    const AddressRange given{Address{all.first.bits + reserved_below(subnet)}, Address{all.last.bits - 1}};
    auto room = static_cast<int64_t>(given.size());
    const bool balanced = balancers_ && balancers_->overlaps(given);
    if (balanced)
      room -= static_cast<int64_t>(
          AddressRange{std::max(balancers_->first, given.first), std::min(balancers_->last, given.last)}.size());
    if (endpoint_ && given.contains(*endpoint_) && !(balanced && balancers_->contains(*endpoint_))) --room;
    return room;
  }

  SpecDraft& draft_;
  const std::string provider_;
  const std::optional<Cidr> pods_, services_;
  const std::optional<Address> endpoint_;
  const std::optional<AddressRange> balancers_;
  bool all_known_ = true;
  int64_t machines_ = 0, control_planes_ = 0, largest_ = 0;
  std::string largest_pool_;
  std::vector<std::string> control_pools_;
  std::set<std::string> seen_;
  std::map<std::string, std::string> moved_;
  std::unordered_map<std::string, std::string> host_names_;
  std::unordered_map<uint32_t, std::string> host_addresses_;
};

}  // namespace

void check_pools(SpecDraft& draft) { PoolChecker(draft).check(); }

}  // namespace slipway
