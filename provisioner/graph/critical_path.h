#pragma once
#include <vector>

#include "graph/graph.h"
#include "graph/plan.h"

namespace slipway {

/// The chain of acting steps that takes longest; no run of the plan can be shorter.
struct CriticalPath {
  std::vector<StepId> steps;  ///< In the order in which they run.
  Milliseconds time{0};
};

/// From each step's expected time. Pure; linear in steps and edges. REQUIRES: `plan` was made from `graph`.
CriticalPath critical_path(const Graph& graph, const Plan& plan);

}  // namespace slipway
