#pragma once
#include <functional>
#include <map>
#include <optional>

#include "ports/cloud.h"
#include "providers/opennebula/catalog.h"
#include "providers/opennebula/shared_looks.h"
#include "providers/opennebula/template_text.h"
#include "providers/provider.h"

namespace slipway::opennebula {

/// The order of a machine that expand has seen: it holds the keys that requests must not carry.
using OrderOf = std::function<MachineOrder(const std::string& name)>;

/// Tags of a machine, in its USER_TEMPLATE.
inline constexpr const char* cluster_tag = "SLIPWAY_CLUSTER";
inline constexpr const char* address_tag = "SLIPWAY_ADDRESS";

/// The NIC of the machine's own address, or null. Points into `vm`.
const Nic* nic_of(const Vm& vm);

/// Kind "machine". Fields:
///   address, source, network   what it was made with (tags and NIC); a change is a replace
///   cpus, memory_bytes, disk_bytes, data_disk_bytes, context, security_group, nic, held_addresses   mended on the
///              living machine
///   state      running | creating | stopped | error
///   created    Unix time
///   group      the VM group's id, or ""; when creating only, as is "role"
/// "nic" is "attached" or "missing"; "held_addresses" those of the reserved ones that are aliases of its NIC, "A,B";
/// "security_group" the id of ours that its NIC has, or ""; "volume" the id of a persistent data disk, or "".
/// Errors: those of OneClient; quota where the scheduler finds no room.
/// Threads: any.
class Machines {
 public:
  Machines(OneClient& client, Catalog& catalog, const Settings& settings, OrderOf order_of)
      : client_(client),
        catalog_(catalog),
        settings_(settings),
        order_of_(std::move(order_of)),
        looks_(client, settings.poll) {}

  Result<std::vector<CloudObject>> list();
  Result<CloudObject> create(const CloudRequest& request, const CloudProgress& progress, Deadline deadline);
  Result<CloudObject> update(const CloudObject& object, const Value& fields, const CloudProgress& progress,
                             Deadline deadline);
  Result<void> remove(int id, Deadline deadline);

  /// All machines of this user, DONE ones excluded: one call for each thousand.
  Result<std::vector<Vm>> pool();
  CloudObject object_of(const Vm& vm) const;

 private:
  Result<Vm> look(int id) { return looks_.look(id); }
  /// Waits until the machine runs and no work is going on; releases and resumes where that is needed.
  Result<Vm> wait_until_running(int id, const CloudProgress& progress, Deadline deadline);
  /// After an action was accepted: until the machine is RUNNING or POWEROFF again.
  Result<Vm> wait_until_settled(int id, Deadline deadline);
  Result<TemplateText> shape(const CloudRequest& request, const MachineOrder& order, bool from_template);
  Result<int> instantiate(const CloudRequest& request, const MachineOrder& order);
  Result<void> add_disks(TemplateText& text, const VmTemplate* from, const Value& fields);
  Result<void> add_nics(TemplateText& text, const VmTemplate* from, const Value& fields);
  /// Sends the action again while the machine is busy with another.
  Result<void> act(const std::string& method, std::vector<RpcParameter> parameters, Deadline deadline);
  Result<void> change(const Vm& vm, const std::string& field, const Value& value, const Value& all,
                      const CloudProgress& progress, Deadline deadline);
  Result<void> resize(const Vm& vm, const Value& fields, Deadline deadline);
  Result<void> attach_nic(const Vm& vm, Deadline deadline);
  // held_addresses.cpp
  /// The aliases that carry an address of the endpoint or the load balancers, by address.
  std::map<Address, const Nic*> held_by(const Vm& vm) const;
  /// Makes the machine hold these of our addresses ("A,B") and no other, as aliases of its NIC. Other machines of the
  /// cluster give them up: they will not announce them any more.
  Result<void> hold(const Vm& vm, const std::string& addresses, const CloudProgress& progress, Deadline deadline);
  Result<void> attach_alias(const Vm& vm, Address address, int network, const CloudProgress& progress,
                            Deadline deadline);
  Result<void> detach(const Vm& vm, const Nic& alias, Deadline deadline);
  void pause(Deadline deadline) const;

  OneClient& client_;
  Catalog& catalog_;
  const Settings& settings_;
  OrderOf order_of_;
  SharedLooks looks_;
};

}  // namespace slipway::opennebula
