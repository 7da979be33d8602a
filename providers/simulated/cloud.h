#pragma once
// The simulated provider's API: networks, addresses, volumes and machines. Every object carries its mark from the
// creating call on; lists lag behind creates; machines have a quota.

#include "ports/cloud_search.h"
#include "providers/simulated/clock.h"
#include "providers/simulated/cluster.h"
#include "providers/simulated/faults.h"
#include "providers/simulated/world.h"

namespace slipway::simulated {

struct CloudSettings {
  std::string cluster;  ///< What its marks begin with.
  int machines = 10000;
  Milliseconds latency{0};
  Milliseconds list_lag{0};
  int calls_per_second = 0;  ///< More are throttled; 0: no limit.
};

/// References outlive it. Threads: any.
class Cloud final : public CloudReader, public CloudSearch, public CloudWriter {
 public:
  Cloud(World& world, VirtualClock& clock, FaultPlan& faults, Cluster& cluster, CloudSettings settings)
      : world_(world), clock_(clock), faults_(faults), cluster_(cluster), settings_(std::move(settings)) {}

  Result<std::vector<CloudObject>> list(std::string_view kind) override;
  /// For limits, faults and latency, a call of `list`.
  Result<std::vector<CloudObject>> find(std::string_view kind, const CloudKey& key) override;
  Result<CloudObject> create(const CloudRequest& request, const CloudProgress& progress, Deadline deadline) override;
  Result<CloudObject> update(const CloudObject& object, const Value& fields, const CloudProgress& progress,
                             Deadline deadline) override;
  Result<void> remove(std::string_view kind, const std::string& id, Deadline deadline) override;

  Result<std::vector<CloudObject>> list_owned();
  int free_machines();
  const CloudSettings& settings() const { return settings_; }

 private:
  struct Call {
    std::unique_lock<std::mutex> lock;
    std::optional<Strike> strike{};
    std::optional<Error> error{};  ///< To be answered after the effect.
  };
  Result<Call> begin(const std::string& name, Deadline deadline);
  Result<void> end(Call& call, Deadline deadline);
  Result<void> take_a_turn();
  std::vector<CloudObject> visible(std::string_view kind) const;
  /// As lists show it; nothing where they do not, yet.
  std::optional<CloudObject> shown(std::string_view kind, const std::string& key, const Value& value) const;
  std::string free_address() const;
  size_t count_machines() const;

  World& world_;
  VirtualClock& clock_;
  FaultPlan& faults_;
  Cluster& cluster_;
  const CloudSettings settings_;
  int64_t second_ = -1;  ///< Guarded by the world's lock, as is the next.
  int calls_this_second_ = 0;
};

}  // namespace slipway::simulated
