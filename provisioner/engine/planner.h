#pragma once
// Observes every step, each once, in dependency order, and answers what would be done. Changes nothing.

#include <atomic>
#include <functional>
#include <set>

#include "graph/event.h"
#include "graph/graph.h"
#include "graph/plan.h"
#include "state/state.h"

namespace slipway {

/// Most steps wait for something else than this program: a machine that boots, a host that installs. What must not be
/// asked for too much at once has its lanes, and the clouds' APIs and SSH limits of their own.
inline constexpr size_t usual_parallelism = 512;

struct PlanOptions {
  /// Step ids or machine names, with * and ?. Empty: everything. A step in scope brings along what it needs, as far as
  /// that is on no machine or on a machine in scope.
  std::vector<std::string> targets;
  size_t parallelism = usual_parallelism;
  /// Per step; one that is beyond the scope, and that nothing in scope needs, is asked once.
  Milliseconds observe_limit = std::chrono::seconds(60);
  const std::atomic<bool>* cancelled = nullptr;
};

/// Events: observe-started (how many steps), step-observing and step-observed of each that is looked at,
/// observe-failed, drift, observe-done. Errors: cancelled; bad_input (a target names nothing). A step that cannot be
/// observed is in the plan with its problem and does not stop the others; what depends on it is then unknown.
Result<Plan> make_plan(const Graph& graph, const State& state, Reader& reader, Clock& clock, const PlanOptions& options,
                       const EventSink& events);

}  // namespace slipway
