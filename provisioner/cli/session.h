#pragma once
// Everything one verb needs, built in the only place that knows which ports are real: spec, state, identity, provider,
// hosts, cluster, artifacts, graph.

#include <atomic>
#include <memory>
#include <set>

#include "cli/options.h"
#include "cli/run_log.h"
#include "cluster/expand.h"
#include "cluster/identity.h"
#include "cluster/members.h"
#include "cluster/upgrade.h"
#include "engine/executor.h"
#include "engine/planner.h"
#include "graph/plan.h"
#include "providers/provider.h"
#include "spec/spec.h"
#include "state/store.h"

namespace slipway {

enum class Access {
  look,   ///< Takes no lock and writes nothing.
  change  ///< Takes the lock; members and identity are recorded before the first step.
};

/// Set by the first Ctrl-C or SIGTERM; the second ends the process at once. Call once, at the start of a run.
const std::atomic<bool>& cancellation();
/// 130, or 143 after SIGTERM.
int cancelled_exit_code();

struct LivePorts;

/// Threads: one. Lifetime: graphs and plans that it made must not outlive it.
class Session {
 public:
  /// Errors: bad_input (the spec, all of it), locked, corrupt, unauthorised.
  static Result<std::unique_ptr<Session>> open(const Options& options, const std::string& verb, Access access);
  ~Session();

  /// Its release of Kubernetes is the one that the cluster runs, or is upgraded to, whatever the file asks for.
  const Spec& spec() const;
  /// The release that the file asks for.
  const std::string& asked_release() const;
  /// For verbs that make what the spec asks for: whether that is the cluster's release, on all hosts. Errors:
  /// bad_input.
  Result<void> check_release() const;
  /// Whether hosts are of two releases.
  bool upgrading() const;
  const Options& options() const;
  const std::string& state_directory() const;
  StateStore& store();
  /// Whether a control plane was initialised, be the rest of the bootstrap done or not.
  bool has_cluster() const;
  /// Errors: not_found, where there is none.
  Result<void> require_cluster() const;
  const Membership& membership() const;
  const Identity& identity() const;
  /// The add-ons. REQUIRES: expand_graph was called.
  const Platform& platform() const;
  Provider& provider();
  Reader& reader();
  Writer& writer();

  /// Reads the spec again (its count was changed). A machine that an open order names to leave leaves (node_order.h).
  Result<void> reload_spec();
  /// The whole graph of the spec; `destroying`: of state alone.
  Result<void> expand_graph(bool destroying = false);
  /// Only the objects of one add-on, whatever state its hosts are in.
  Result<void> expand_objects(const std::string& add_on);
  /// The graph of an upgrade instead. REQUIRES: verb "upgrade"; its release is that of options().to, which is filled
  /// in.
  Result<void> expand_upgrade(const UpgradeOrder& order);
  const Graph& graph() const;
  Result<Plan> plan(const std::vector<std::string>& targets);
  /// Sets what the plan claims of the provider's limits and what it changes in the price; once more after its scope was
  /// changed. Errors: those of the provider's API.
  Result<void> weigh(Plan& plan);
  /// Runs the plan with a view on stderr and a folder of its own; answers the exit code and, in JSON mode, prints the
  /// run's document. `ceiling`: a saved plan.
  RunSummary run(const Plan& plan, const std::string& verb, const Plan* ceiling = nullptr);
  /// The document of the run, as section "run" of the JSON output.
  Value run_document() const;
  KubeAccess kube_access() const;

 private:
  Session();
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

/// What a verb answers that needs a cluster where there is none.
Error no_cluster_yet(const std::string& spec_path);

}  // namespace slipway
