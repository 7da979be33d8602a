#pragma once
#include <optional>
#include <vector>

#include "graph/plan.h"
#include "providers/provider.h"
#include "spec/spec.h"

namespace slipway {

/// How many machines of one pool a plan makes and deletes. One that is replaced is neither.
struct PoolChange {
  const Pool* pool = nullptr;  ///< None: they are of a pool that is not in the spec.
  int made = 0, deleted = 0;
};

/// Of each pool with a change, in the order of `pools`, which must outlive the answer; the pools that the spec does not
/// know come last, as one. Machines are the cloud's steps "machine/POOL-NUMBER"; what lies beyond the run's scope does
/// not count.
std::vector<PoolChange> pool_changes(const Plan& plan, const std::vector<Pool>& pools);

/// What all machines cost more (or, below zero, less) an hour by the plan: by each pool's price_per_hour, else by what
/// the provider tells. Nothing where no machine is made or deleted, or where the price of one is not known.
/// Errors: those of the provider's API.
Result<std::optional<double>> price_change(const Plan& plan, const std::vector<Pool>& pools, Provider& provider);

}  // namespace slipway
