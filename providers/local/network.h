#pragma once
#include <optional>
#include <string>

#include "base/result.h"
#include "ports/cloud.h"
#include "providers/local/settings.h"

namespace slipway::local {

/// The cluster's network: a bridge with the subnet's first address, the way out of it (forwarding and one masquerading
/// rule that carries the cluster's id), and hosts' cables. Threads: one, but for `plug` and `unplug`.
class Network {
 public:
  explicit Network(const Settings& settings) : settings_(settings) {}

  /// What is there now: fields subnet, mtu and state: "running", or "stopped" where the bridge, its rule or forwarding
  /// is gone, as after a restart of the machine. Nothing where none was made.
  std::optional<CloudObject> find() const;
  /// Makes it or mends it. Errors: bad_input (the bridge's name or the subnet is in use), unavailable.
  Result<CloudObject> ensure(const std::string& mark) const;
  /// Takes away bridge, rule, and forwarding if nobody else needs it. A missing network is success.
  Result<void> remove() const;

  /// Connects the network namespace of process `pid` as eth0 with the address.
  Result<void> plug(int pid, Address address) const;
  /// Takes the cable away at once; the kernel would do so some time after the namespace's end.
  void unplug(Address address) const;

 private:
  Result<void> plug_cables() const;
  bool rule_present() const;
  Result<void> add_rule() const;
  void remove_rule() const;

  Settings settings_;
};

/// Lets the machine pass packets on, and raises the limits that all hosts share (inotify), remembering in /run what was
/// set before the first cluster; the last one restores it, unless somebody else began to need forwarding meanwhile.
bool forwarding_enabled();
Result<void> enable_forwarding();
void restore_forwarding();

/// The use of a subnet by somebody else: "route 10.99.0.0/24 dev eth1". Empty if it is free. `own_bridge` is left out.
std::string subnet_user(const std::string& ip_json_addresses, const std::string& ip_json_routes, const Cidr& subnet,
                        const std::string& own_bridge);
Result<std::string> subnet_user(const Cidr& subnet, const std::string& own_bridge);

}  // namespace slipway::local
