#pragma once
// The replicas of the add-on `postgres`: who takes writes, how far the others are, and the hand-over of that role
// (manifests/postgres).

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cluster/database_backups.h"
#include "ports/ports.h"

namespace slipway {

struct DatabaseReplica {
  std::string name;        ///< Its pod: "postgres-1".
  std::string node;        ///< Empty where the pod has none.
  bool pod_ready = false;  ///< As Kubernetes says.
  bool answers = false;    ///< It told its figures just now; what follows is known only then.
  bool primary = false;    ///< It takes writes.
  bool streaming = false;  ///< It receives WAL from a primary.
  double written = 0;      ///< WAL position: of a primary what it wrote, of a replica what it holds.
  double applied = 0;      ///< WAL position: what its readers see.
  double seconds = 0;      ///< Age of the newest transaction that a replica applied, where it holds newer WAL.
};

struct DatabaseView {
  std::string primary;  ///< Who shall take writes, as the cluster has it: "postgres-0".
  std::vector<DatabaseReplica> replicas;
  const DatabaseReplica* find(const std::string& name) const;
};
/// Errors: not_found (the add-on is not there) and the ports'. A replica that does not answer is no error.
Result<DatabaseView> look_at_database(ClusterReader& reader, int replicas);

/// Bytes of WAL that the primary wrote and the replica has not applied; nothing where one of the two does not answer.
std::optional<double> lag_of(const DatabaseView& view, const DatabaseReplica& replica);

/// What is wrong with the replicas, one sentence each: none takes writes, two do, one is missing, one is far behind.
std::vector<std::string> replica_problems(const DatabaseView& view);

/// The figures of one server out of its exporter's text.
void read_replica_figures(const std::string& text, DatabaseReplica& replica);

/// Who takes over: `asked`; else the one that shall be the primary and is not yet (a hand-over that was interrupted
/// goes on); else the other one. Errors: not_found (no such replica), verification (it does not answer, or it lags
/// while the primary lives, which would lose what it lacks).
Result<std::string> choose_successor(const DatabaseView& view, const std::string& asked);

/// How it is known that the former primary takes no writes once another does.
enum class Fence {
  steps_down,   ///< It answers: it stops first, and the successor waits for that.
  machine_off,  ///< Its provider says that its machine does not run.
  pod_ended,    ///< Its kubelet confirmed the end of its pod.
  users_word    ///< Nothing says so but the user.
};
struct FormerPrimary {
  std::string pod;
  std::string machine;
  std::string machine_state;  ///< As the provider has it: "running", "stopped", "absent"; empty where it cannot say.
  bool answers = false;
  bool users_word = false;
};
/// Makes sure that the former primary takes no writes behind the successor's back. A pod on a living node is ended.
/// Errors: approval_needed (nothing says that it is dead, and the user has not), unavailable (it lives, and its kubelet
/// does not, which would tell it to step down), and the ports'.
Result<Fence> fence_primary(Writer& writer, const FormerPrimary& former);
const char* describe(Fence fence);

/// Has the kubelets carry the new role into the pods now instead of within a minute.
void hurry_role(Writer& writer, const DatabaseView& view, const std::string& successor);

/// Waits until `successor` takes writes and its pod is ready. Errors: timeout (what it does instead), cancelled.
Result<void> wait_for_primary(Writer& writer, int replicas, const std::string& successor,
                              const BackupJobOptions& options);

}  // namespace slipway
