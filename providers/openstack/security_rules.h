#pragma once
// The ports that a Kubernetes cluster needs, as security-group rules. docs/guides/openstack.md lists the same table.

#include <string>
#include <vector>

#include "base/json.h"
#include "providers/openstack/settings.h"

namespace slipway::openstack {

/// One rule for incoming IPv4, in words that compare: "tcp 6443 from 0.0.0.0/0", "udp 8472 from group
/// slipway-lab-nodes", "icmp from …", "vrrp from …". Outgoing traffic is left to the two rules that every new group
/// has.
using Rule = std::string;

/// Sorted. `control_plane`: of the group that control planes have beside the one of all nodes.
std::vector<Rule> wanted_rules(const Settings& settings, bool control_plane);

/// Neutron's rule in those words; empty for outgoing and IPv6 rules. `group_name` names a remote group's id.
Rule rule_from(const Value& rule, const std::map<std::string, std::string>& group_names);
/// The body's fields for neutron; a remote group still by name, under "remote_group_name".
Value body_of(const Rule& rule);

}  // namespace slipway::openstack
