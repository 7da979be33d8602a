#pragma once
// The printable forecast of a run, and the ceiling of what the run may do.

#include <string>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "graph/diff.h"
#include "graph/step.h"

namespace slipway {

struct PlannedStep {
  StepId id;
  MachineName machine;
  Layer layer = Layer::cluster;
  std::string title;
  Diff diff;
  bool needs_approval = false;  ///< Replace, delete, or loss of data.
  bool observed = false;        ///< False: its inputs are unknown until an earlier step is applied.
  bool out_of_scope = false;    ///< Would act, but the run's scope does not name it.
  Observation seen{};           ///< Valid where observed.
  std::string problem{};        ///< It could not be observed: why, in one line. The action is then none.
  bool not_itself = false;      ///< The problem: something else answers in its place (a host key, a certificate).
  Milliseconds expected{0};
};

/// What a saved plan is bound to; refused when one differs from the world at apply time.
struct PlanBinding {
  std::string spec_digest;
  std::string lineage;
  uint64_t serial = 0;
  std::string version;
};

struct Plan {
  std::string cluster;
  PlanBinding binding;
  std::vector<PlannedStep> steps;     ///< In dependency order; "none" included.
  std::vector<MachineName> machines;  ///< Every machine of the spec and of the state.
  std::vector<StepId> critical_path;  ///< The acting steps that take longest one after the other.
  Milliseconds critical_time{0};      ///< What they are expected to take: no run is shorter.

  size_t count(Action action) const;
  bool nothing_to_do() const;
  /// Acting steps that wait for --approve.
  size_t waiting_for_approval() const;
  /// Machines with at least one acting step / with none.
  std::vector<MachineName> touches() const;
  std::vector<MachineName> leaves() const;
};

/// The document of `plan --output json`, format 1 (docs/verbs/plan.md). `all`: "none" steps too.
Value to_json(const Plan& plan, bool all);

}  // namespace slipway
