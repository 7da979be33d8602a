#pragma once
// One kind of OpenStack object: how it is listed, made, changed and deleted. The four verbs of the cloud ports, for one
// kind, in the services' own words.

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "ports/cloud.h"
#include "providers/openstack/api.h"
#include "providers/openstack/settings.h"
#include "providers/provider.h"

namespace slipway::openstack {

/// What creating a machine needs and requests must not carry: keys.
class OrderBook {
 public:
  void keep(const MachineOrder& order) {
    const std::lock_guard lock(mutex_);
    orders_.insert_or_assign(order.name.text(), order);
  }
  /// Names only where `expand` never saw the machine.
  MachineOrder of(const std::string& machine) const {
    const std::lock_guard lock(mutex_);
    const auto found = orders_.find(machine);
    if (found != orders_.end()) return found->second;
    MachineOrder bare;
    bare.name = MachineName(machine);
    return bare;
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, MachineOrder> orders_;
};

struct Timing {
  Milliseconds first_poll{500}, longest_poll{3000};
  Milliseconds build_limit = std::chrono::minutes(12);   ///< A server that builds longer is deleted.
  Milliseconds in_use_limit = std::chrono::seconds(30);  ///< How long a delete waits for others to let go.
};

/// What every kind works with. References outlive the kinds.
struct Workplace {
  Api& api;
  const Settings& settings;
  const OrderBook& orders;
  Timing timing;
  CloudReader* kept = nullptr;   ///< Lists of this run.
  CloudReader* fresh = nullptr;  ///< Lists as they are now, shared among those who ask at once.
};

class ObjectKind {
 public:
  explicit ObjectKind(const Workplace& place) : place_(place) {}
  virtual ~ObjectKind() = default;
  /// Ours with their marks; where the kind is looked up as well, others, without mark and name, their name in the
  /// field "name".
  virtual Result<std::vector<CloudObject>> list(Deadline deadline) = 0;
  virtual Result<CloudObject> create(const CloudRequest& request, const CloudProgress& progress, Deadline deadline);
  virtual Result<CloudObject> update(const CloudObject& object, const Value& fields, const CloudProgress& progress,
                                     Deadline deadline);
  virtual Result<void> remove(const std::string& id, Deadline deadline);

 protected:
  /// The object of that id as it is now, or an empty id where it is not listed.
  Result<CloudObject> look(std::string_view kind, const std::string& id) const;
  const Workplace& place_;
};

using Kinds = std::map<std::string, std::unique_ptr<ObjectKind>, std::less<>>;
void add_compute_kinds(Kinds& kinds, const Workplace& place);  ///< keypair, server-group, machine, flavor
void add_network_kinds(Kinds& kinds, const Workplace& place);  ///< network … floating-address
void add_volume_kinds(Kinds& kinds, const Workplace& place);   ///< volume, attachment
void add_image_kinds(Kinds& kinds, const Workplace& place);    ///< image

/// Sleeps between two looks, a little longer each time.
class Poll {
 public:
  Poll(const Timing& timing, Deadline deadline)
      : pause_(timing.first_poll), longest_(timing.longest_poll), deadline_(deadline) {}
  /// False once the deadline has passed.
  bool again();

 private:
  Milliseconds pause_, longest_;
  Deadline deadline_;
};

/// Deletes at `path`; while others still hold the thing (409), tries again for a while, then says who may.
Result<void> remove_when_free(const Workplace& place, Service service, const std::string& path, const std::string& what,
                              Deadline deadline);

}  // namespace slipway::openstack
