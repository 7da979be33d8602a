#pragma once
#include <string>

#include "graph/plan.h"
#include "report/style.h"

namespace slipway {

struct PlanTextOptions {
  bool all = false;      ///< Steps with nothing to do, too.
  bool applies = false;  ///< The run goes on by itself: the closing line does not ask to apply.
};

/// The plan as a person reads it: what is touched and what is not, each step with its reason and its fields, old ->
/// new, and one closing line of counts.
std::string plan_text(const Plan& plan, const Style& style, const PlanTextOptions& options = {});

/// The time that the steps to come will take at best: the longest chain, from what earlier runs took.
Milliseconds expected_time(const Plan& plan);

/// "workers-1, workers-2 and 7 more"
std::string list_names(const std::vector<MachineName>& names, size_t at_most = 6);

}  // namespace slipway
