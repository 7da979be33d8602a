#pragma once
#include <optional>
#include <unordered_map>

#include "engine/approval.h"
#include "engine/executor.h"

namespace slipway {

/// What a run may do: what the plan showed, or less, and what it was given an approval for.
/// Threads: any.
class Permission {
 public:
  /// `state`: as it was before the run; it and `graph` are not kept. `options` must outlive this.
  Permission(const State& state, const Graph& graph, const RunOptions& options);

  struct Refusal {
    Error error;
    Consent waits_for = Consent::none;  ///< The approval that would help; none: no approval does.
  };
  /// `seen`: the diff as it is now. Empty: it may be done.
  std::optional<Refusal> refusal(const StepInfo& info, const PlannedStep& planned, bool applied_before,
                                 const Diff& seen) const;

 private:
  const PlannedStep* in_saved_plan(const StepId& step) const;

  const RunOptions& options_;
  const DataRule data_rule_;
  std::unordered_map<StepId, const PlannedStep*> saved_;
};

}  // namespace slipway
