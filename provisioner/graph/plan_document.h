#pragma once
#include "base/result.h"
#include "graph/plan.h"

namespace slipway {

/// A plan as a file holds it: what it approves and what it is bound to. Sensitive values are left out.
Value to_document(const Plan& plan);
/// Errors: corrupt (not a plan), bad_input (a plan of a newer format).
Result<Plan> plan_from_document(const Value& document);

/// Whether a saved plan may be applied now. Errors: world_changed, naming what differs: the spec's content, the state's
/// lineage or serial, or the program's version.
Result<void> check_binding(const PlanBinding& saved, const PlanBinding& now);

}  // namespace slipway
