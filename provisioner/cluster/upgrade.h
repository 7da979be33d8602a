#pragma once
// Another release of Kubernetes for a living cluster: a graph of its own beside that of expand.h, since the order of
// things is another one. Images first, on every host; then the control planes, one after the other; then the workers in
// waves. Each wave waits for the one before, so that a node that fails stops all that come after it.

#include <string>
#include <vector>

#include "cluster/expand.h"
#include "cluster/release.h"

namespace slipway {

struct UpgradeOrder {
  ClusterRelease release;      ///< From `running` to `to`; its `run` is what cordons carry.
  size_t max_unavailable = 1;  ///< Workers that are upgraded at once.
  bool bare_pods = false;      ///< Pods that no controller makes again are evicted, too.
};

/// Who is upgraded when: each control plane by itself, then the workers.
std::vector<std::vector<const Member*>> upgrade_waves(const Membership& membership, size_t max_unavailable);

/// The steps that an upgrade may act on; the machines themselves it takes as they are.
inline const std::vector<std::string> upgrade_targets = {"upgrade/*"};
/// The step of one node: "upgrade/control-1". Its images: "upgrade/control-1/images".
StepId upgrade_step(const MachineName& machine);

/// Adds the steps. REQUIRES: the blueprint's spec and platform are of `order.release.to`.
/// Errors: bad_input (a playbook at file:line:column), not_found.
Result<void> expand_upgrade(Graph& graph, const Blueprint& blueprint, const UpgradeOrder& order);

/// The records of Kubernetes' own artifacts, which are other files in each release: a plan of the upgrade must not take
/// them for those that it needs.
void forget_former_artifacts(State& state, const std::string& release);

}  // namespace slipway
