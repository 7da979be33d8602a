#pragma once
// What state knows and the spec no longer wants: one removal step per thing, in reverse of the stored edges.

#include <functional>
#include <memory>

#include "graph/graph.h"
#include "state/state.h"

namespace slipway {

/// Makes the step that removes one recorded thing, out of its removal kind and data; not_found for an unknown kind.
using RemovalFactory = std::function<Result<std::unique_ptr<Step>>(const StepRecord& record)>;

struct RemovalScope {
  bool everything = false;  ///< destroy: whatever the graph holds besides is not looked at.
  /// destroy: things inside a cluster whose machines go, too, need no delete of their own.
  bool cluster_goes_too = false;
};

/// Adds a leaving step for every record that `graph` has no step for and that needs a delete.
/// Errors: internal (a removal kind that this binary does not know).
Result<void> add_removals(Graph& graph, const State& state, const RemovalScope& scope, const RemovalFactory& make);

/// The records that no step of the graph stands for and that need no delete: dropped at the end of a run in which
/// nothing failed.
std::vector<StepId> forgettable(const Graph& graph, const State& state);

}  // namespace slipway
