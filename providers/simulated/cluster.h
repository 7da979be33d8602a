#pragma once
// The simulated machines' cluster: an API that answers while control planes run, nodes that register when kubeadm ran
// on their hosts, and what controllers say of workloads. Pods are not simulated: a workload counts as up once there is
// a node to run it.

#include <set>
#include <string>

#include "providers/simulated/api_server.h"
#include "providers/simulated/clock.h"
#include "providers/simulated/faults.h"
#include "providers/simulated/world.h"

namespace slipway::simulated {

/// References outlive it. Threads: handle() any; the others under the world's lock.
class Cluster {
 public:
  Cluster(World& world, VirtualClock& clock, FaultPlan& faults, Milliseconds latency);

  Result<HttpResponse> handle(const HttpRequest& request);

  /// kubeadm init, join and upgrade came to their end on a host that has this release of Kubernetes. Answers what
  /// kubeadm would complain of, or nothing.
  std::string initialise(const std::string& machine_id, const std::string& name, const std::string& release);
  std::string join(const std::string& machine_id, const std::string& name, const std::string& release,
                   const std::string& token, bool control_plane);
  std::string upgrade(const std::string& machine_id, const std::string& name, const std::string& release);
  /// The kubelet of a host that is part of the cluster registers its node where that is gone.
  void restart_kubelet(const std::string& machine_id, const std::string& name);
  /// What etcdctl prints of the members and of their health, a line of JSON each; nothing without a quorum.
  std::string etcd_answer() const;
  /// A machine was started, stopped, or removed: its node follows, and with the last control plane all data goes.
  void machine_changed(const std::string& machine_id, const std::string& name);

 private:
  bool answers() const;
  /// The oldest of the API servers that run.
  std::string api_release() const;
  bool has_network() const;
  void add_node(const std::string& name, bool control_plane);
  void set_ready(const std::string& name, bool ready);
  void settle_workloads();
  void settle_service(const Value& service, const std::vector<Value>& workloads, bool nodes);
  void after_changes();

  World& world_;
  VirtualClock& clock_;
  FaultPlan& faults_;
  const Milliseconds latency_;
  ApiServer server_;
  std::set<std::string> changed_kinds_;
  size_t nodes_ = 0;
};

}  // namespace slipway::simulated
