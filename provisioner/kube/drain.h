#pragma once
// Emptying a node: cordon, evict within the disruption budgets, and give it back or take it out.

#include <functional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "ports/clock.h"
#include "ports/cluster.h"

namespace slipway {

/// Annotation that holds the id of the run that cordoned a node. A cordon without it is a user's, and stays.
inline constexpr const char* cordon_annotation = "slipway.dev/cordoned-by";

enum class Cordon { ours, users };
/// Makes the node unschedulable and marks that as ours; a user's own cordon is left as it is and answered as `users`.
/// Errors: not_found and the ports'.
Result<Cordon> cordon(ClusterReader& reader, ClusterWriter& writer, const std::string& node, const RunId& run,
                      Deadline deadline);
/// Undoes our cordon, whichever run made it; a user's stays. A missing node is success.
Result<void> uncordon(ClusterReader& reader, ClusterWriter& writer, const std::string& node, Deadline deadline);

/// What becomes of a pod when its node is drained. Pods of DaemonSets and static pods belong to their node; what nobody
/// controls is made again by nobody.
enum class PodFate { evict, bare, belongs_to_node, finished };
PodFate pod_fate(const Value& pod);

struct DrainRules {
  Instant until{};         ///< On `clock`: how long to go on trying.
  bool bare_pods = false;  ///< Evict pods that no controller will make again elsewhere. false: they refuse the drain.
  std::function<void(std::string_view text)> on_progress{};
  std::function<bool()> cancelled{};
};

struct DrainReport {
  std::vector<std::string> evicted;  ///< "ns/pod"
  std::vector<std::string> stayed;   ///< Pods of DaemonSets and static pods, which belong to the node.
  /// The node's kubelet does not answer, so that nobody confirms the ends of its pods; they go with the node object.
  std::vector<std::string> unconfirmed;
};

/// Evicts every pod that can run elsewhere, again and again where a disruption budget refuses, and waits for their
/// ends. A node that is gone has nothing to drain. Errors: approval_needed (bare pods), timeout (who blocks: the
/// budget's own message; pods that do not end), cancelled, and the ports'.
Result<DrainReport> drain(ClusterReader& reader, ClusterWriter& writer, Clock& clock, const std::string& node,
                          const DrainRules& rules);

/// Deletes the Node object; the API forgets its pods soon after. A missing node is success.
Result<void> delete_node(ClusterWriter& writer, const std::string& node, Deadline deadline);

}  // namespace slipway
