#include "providers/common/pool_changes.h"

#include <algorithm>

namespace slipway {
namespace {

bool is_machine(const PlannedStep& step) {
  return step.layer == Layer::cloud && !step.machine.empty() && step.id.text() == "machine/" + step.machine.text();
}

const Pool* pool_of(const MachineName& machine, const std::vector<Pool>& pools) {
  const std::string pool = machine.text().substr(0, machine.text().rfind('-'));
  const auto found = std::find_if(pools.begin(), pools.end(), [&](const Pool& each) { return each.name == pool; });
  return found == pools.end() ? nullptr : &*found;
}

}  // namespace

std::vector<PoolChange> pool_changes(const Plan& plan, const std::vector<Pool>& pools) {
  std::vector<PoolChange> changes;
  for (const Pool& pool : pools) changes.push_back({&pool});
  changes.push_back({});
  for (const PlannedStep& step : plan.steps) {
    if (!is_machine(step) || step.out_of_scope) continue;
    const Pool* const pool = pool_of(step.machine, pools);
    PoolChange& change = pool ? changes[static_cast<size_t>(pool - pools.data())] : changes.back();
    if (step.diff.action == Action::create) ++change.made;
    if (step.diff.action == Action::remove) ++change.deleted;
  }
  std::erase_if(changes, [](const PoolChange& change) { return change.made == 0 && change.deleted == 0; });
  return changes;
}

Result<std::optional<double>> price_change(const Plan& plan, const std::vector<Pool>& pools, Provider& provider) {
  std::optional<double> sum;
  for (const PoolChange& change : pool_changes(plan, pools)) {
    if (!change.pool) return std::optional<double>();
    std::optional<double> price = change.pool->price_per_hour;
    if (!price) {
      Result<std::optional<double>> told = provider.price_per_hour(change.pool->size);
      if (!told) return std::move(told).error();
      price = *told;
    }
    if (!price) return std::optional<double>();
    sum = sum.value_or(0) + *price * (change.made - change.deleted);
  }
  return sum;
}

}  // namespace slipway
