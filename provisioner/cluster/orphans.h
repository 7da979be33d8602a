#pragma once
// What carries this cluster's mark and no state knows: left by a state that was lost or edited, or by a run whose
// records were. A thing whose intent is recorded is none: the next run finds it by its mark.

#include <string>
#include <vector>

#include "ports/cloud.h"
#include "spec/spec.h"
#include "state/store.h"

namespace slipway {

/// Those of `owned` that `state` has neither by id nor by mark; what stands on others (machines) first.
std::vector<CloudObject> find_orphans(const std::vector<CloudObject>& owned, const State& state);

/// Takes one into the state: its step is recorded with what a delete needs, a machine becomes a member of its pool.
/// From then on the spec decides: the next plan keeps it or shows its delete.
/// Errors: bad_input (its mark names no step of this cluster, or a step that the state has already).
Result<StepId> adopt_orphan(StateStore& store, const Spec& spec, const CloudObject& orphan);

/// "workers-12" of pool "workers" -> 12; 0 where the name is none of the pool's.
int ordinal_of(const std::string& machine, const std::string& pool);

}  // namespace slipway
