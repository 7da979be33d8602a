#pragma once
// The simulated machines' insides, by the words of playbook/'s scripts: what was applied is remembered task by task, an
// apply goes on by itself when its caller is gone, and one that the host's restart cut off is half done.

#include <map>
#include <string>

#include "ports/hosts.h"
#include "providers/simulated/clock.h"
#include "providers/simulated/cluster.h"
#include "providers/simulated/faults.h"
#include "providers/simulated/host_script.h"
#include "providers/simulated/world.h"

namespace slipway::simulated {

/// References outlive it. Threads: any.
class Hosts final : public HostReader, public HostWriter {
 public:
  /// `release`: of Kubernetes, on hosts whose playbook does not name one.
  Hosts(World& world, VirtualClock& clock, FaultPlan& faults, Cluster& cluster, Milliseconds latency,
        std::string release)
      : world_(world),
        clock_(clock),
        faults_(faults),
        cluster_(cluster),
        latency_(latency),
        release_(std::move(release)) {}

  Result<ScriptOutcome> check(const HostAccess& host, const CheckScript& script, Deadline deadline) override;
  Result<ScriptOutcome> run(const HostAccess& host, const Script& script, Deadline deadline) override;
  Result<void> put(const HostAccess& host, const RemoteFile& file, Deadline deadline) override;
  Result<void> wait_until_up(const HostAccess& host, Deadline deadline) override;
  void forget(const MachineName&) override {}

 private:
  struct Place {
    std::string id, name, address;
    std::string key(const std::string& below) const { return "host/" + id + "/" + below; }
  };
  /// A connection to the host, and what strikes the call.
  struct Visit {
    std::unique_lock<std::mutex> lock;
    Place place;
    std::optional<Strike> strike{};
    std::optional<Error> error{};  ///< To be answered after the effect.
  };
  enum class Ending { done, failed, rebooting, cut, hung };

  Result<Visit> visit(const HostAccess& host, const std::string& call, Deadline deadline);
  Result<void> leave(Visit& visit, Deadline deadline);
  std::string boot_id(const Place& place) const;
  Facts facts(const Place& place) const;
  std::string fact_lines(const Place& place, const std::string& node_address) const;
  void boot(const Place& place);

  std::string check_answer(const Place& place, const CheckRequest& check) const;
  bool drifted(const Place& place, const std::string& playbook, const ScriptTask& task) const;
  std::optional<ApplyRequest> living(const Place& place) const;
  Ending carry_on(const Place& place, const ApplyRequest& apply, std::string& events);
  Ending run_task(const Place& place, const ApplyRequest& apply, const ScriptTask& task, std::string& events);
  std::string effect(const Place& place, const ApplyRequest& apply);
  Result<std::string> launch(Visit& visit, const ApplyRequest& apply, Deadline deadline);
  std::string incoming_answer(const Place& place, const std::string& text) const;

  World& world_;
  VirtualClock& clock_;
  FaultPlan& faults_;
  Cluster& cluster_;
  const Milliseconds latency_;
  const std::string release_;
  std::map<std::string, std::string> events_;  ///< Apply id -> all it said, while this process follows it.
};

}  // namespace slipway::simulated
