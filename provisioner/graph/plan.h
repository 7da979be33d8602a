#pragma once
// The printable forecast of a run, and the ceiling of what the run may do.

#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
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

/// What a plan takes of one thing that its provider limits.
struct Claim {
  std::string what;             ///< The provider's own word, in the plural: "servers", "cores", "MiB of memory".
  int64_t wanted = 0;           ///< More than nothing.
  std::optional<int64_t> left;  ///< What there still is; nothing: no limit, or none that is told.
};

struct Plan {
  std::string cluster;
  PlanBinding binding;
  std::vector<PlannedStep> steps;        ///< In dependency order; "none" included.
  std::vector<MachineName> machines;     ///< Every machine of the spec and of the state.
  std::vector<StepId> critical_path;     ///< The acting steps that take longest one after the other.
  Milliseconds critical_time{0};         ///< What they are expected to take: no run is shorter.
  std::vector<Claim> claims;             ///< Empty where nothing is made that has a limit.
  std::optional<double> price_per_hour;  ///< What all machines cost more (or, below zero, less) by it, where known.

  size_t count(Action action) const;
  bool nothing_to_do() const;
  /// Acting steps that wait for --approve.
  size_t waiting_for_approval() const;
  /// Machines with at least one acting step / with none.
  std::vector<MachineName> touches() const;
  std::vector<MachineName> leaves() const;
};

/// Whether there is as much as is claimed. Errors: quota, with everything that does not suffice.
Result<void> check_room(const std::vector<Claim>& claims);

/// The document of `plan --output json`, format 1 (docs/verbs/plan.md). `all`: "none" steps too.
Value to_json(const Plan& plan, bool all);

}  // namespace slipway
