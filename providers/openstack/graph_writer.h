#pragma once
// Pools of machines -> the steps of an OpenStack project.

#include <map>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "providers/common/object_step.h"
#include "providers/openstack/lookups.h"
#include "providers/openstack/object_kind.h"
#include "providers/openstack/quota.h"

namespace slipway::openstack {

/// Step -> what making it takes of the quota. A machine's CPUs and memory are those of its flavor: "flavor/POOL".
struct QuotaNeeds {
  std::map<StepId, Amounts> fixed;
  std::map<StepId, std::string> flavor_of;  ///< Machine step -> pool.
};

class GraphWriter {
 public:
  GraphWriter(Graph& graph, const Settings& settings, Milliseconds list_lag, QuotaNeeds& needs)
      : graph_(graph), settings_(settings), list_lag_(list_lag), needs_(needs) {}

  /// Everything, in the order in which the guide tells it. Errors: bad_input.
  Result<std::vector<MachineSteps>> write(const std::vector<MachineOrder>& machines);

 private:
  StepId add_lookup(const std::string& id, std::string kind, Pick pick, const std::string& title);
  /// `inputs` are also the edges; a field of that name takes the input's value.
  struct Wish {
    CloudObjectOrder order;
    std::map<std::string, OutputRef> inputs{};
    std::vector<StepId> after{};
    MachineName machine{};
    std::string title{};
    Milliseconds expected{500};
    Amounts quota{};
    bool protect = false, carries_data = false, removable = true;
  };
  StepId add(const std::string& id, Wish wish);

  void add_groups();
  void add_network();
  void add_server_group(const std::vector<MachineOrder>& machines);
  void add_reserved_addresses(const std::vector<MachineOrder>& machines);
  StepId add_floating(const std::string& what, const StepId& port);
  StepId add_port(const MachineOrder& order);
  StepId add_machine(const MachineOrder& order, const StepId& port);
  HostAccess access_of(const MachineOrder& order) const;

  Graph& graph_;
  const Settings& settings_;
  const Milliseconds list_lag_;
  QuotaNeeds& needs_;
  StepId image_, external_, keypair_, nodes_group_, control_group_, network_, subnet_, gateway_, server_group_;
  std::map<std::string, StepId> flavors_;  ///< Pool -> lookup.
  StepId bastion_address_;
  MachineName bastion_;
  std::string bastion_host_key_;
};

/// The fewest networks that together are exactly the range.
std::vector<std::string> networks_of(const AddressRange& range);

}  // namespace slipway::openstack
