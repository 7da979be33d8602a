#pragma once
#include <string>

#include "graph/plan.h"
#include "report/style.h"

namespace slipway {

struct PlanTextOptions {
  bool all = false;       ///< Every step in a line of its own, those with nothing to do too.
  std::string next = "";  ///< The command that carries this out, for the last line; empty: it is carried out now.
};

/// The plan as a person reads it: what is made, in few lines (machines that get the same share one); what is changed or
/// deleted, each step with its reason and its fields, old -> new; what is touched and what is not; one closing line.
std::string plan_text(const Plan& plan, const Style& style, const PlanTextOptions& options = {});

/// "workers-1, workers-2 and 7 more"
std::string list_names(const std::vector<MachineName>& names, size_t at_most = 6);

}  // namespace slipway
