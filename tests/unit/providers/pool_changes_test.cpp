// What a plan makes and deletes of each pool, and what that costs.

#include "providers/common/pool_changes.h"

#include <gtest/gtest.h>

namespace slipway {
namespace {

/// Knows one price for each CPU, or none.
class PricedProvider final : public Provider {
 public:
  Result<std::vector<MachineSteps>> expand(Graph&, const std::vector<MachineOrder>&) override {
    return std::vector<MachineSteps>{};
  }
  Result<std::vector<CloudObject>> list_owned() override { return std::vector<CloudObject>{}; }
  CloudReader& reader() override { std::abort(); }
  CloudWriter& writer() override { std::abort(); }
  Result<std::vector<Claim>> claims(const Plan&) override { return std::vector<Claim>{}; }
  std::vector<Error> preflight() override { return {}; }
  Result<std::optional<double>> price_per_hour(const Size& size) override {
    if (failure) return *failure;
    return of_a_cpu ? std::optional<double>(*of_a_cpu * size.cpus) : std::nullopt;
  }

  std::optional<double> of_a_cpu;
  std::optional<Error> failure;
};

PlannedStep machine_step(const std::string& name, Action action) {
  PlannedStep step;
  step.id = StepId("machine/" + name);
  step.machine = MachineName(name);
  step.layer = Layer::cloud;
  step.diff.action = action;
  return step;
}

class PoolChanges : public ::testing::Test {
 protected:
  PoolChanges() {
    pools[0].name = "workers";
    pools[0].size.cpus = 4;
    pools[1].name = "workers-gpu";
    pools[1].size.cpus = 8;
  }
  std::vector<Pool> pools{2};
  PricedProvider provider;
  Plan plan;
};

TEST_F(PoolChanges, CountsWhatIsMadeAndDeletedOfEachPool) {
  plan.steps = {machine_step("workers-1", Action::none),        machine_step("workers-2", Action::create),
                machine_step("workers-3", Action::create),      machine_step("workers-gpu-1", Action::remove),
                machine_step("workers-gpu-2", Action::replace), machine_step("former-1", Action::remove)};
  PlannedStep host = machine_step("workers-2", Action::create);
  host.id = StepId("host/workers-2/base");
  host.layer = Layer::host;
  PlannedStep beyond = machine_step("workers-4", Action::create);
  beyond.out_of_scope = true;
  plan.steps.push_back(host);
  plan.steps.push_back(beyond);
  const std::vector<PoolChange> changes = pool_changes(plan, pools);
  ASSERT_EQ(changes.size(), 3u);
  EXPECT_EQ(changes[0].pool, &pools[0]);
  EXPECT_EQ(changes[0].made, 2);
  EXPECT_EQ(changes[0].deleted, 0);
  EXPECT_EQ(changes[1].pool, &pools[1]);
  EXPECT_EQ(changes[1].made, 0);
  EXPECT_EQ(changes[1].deleted, 1);
  EXPECT_EQ(changes[2].pool, nullptr);
  EXPECT_EQ(changes[2].deleted, 1);
}

TEST_F(PoolChanges, ThePoolsPriceGoesBeforeTheProviders) {
  plan.steps = {machine_step("workers-2", Action::create), machine_step("workers-3", Action::create),
                machine_step("workers-gpu-1", Action::remove)};
  provider.of_a_cpu = 0.5;
  EXPECT_DOUBLE_EQ(price_change(plan, pools, provider).value().value(), 2 * 2.0 - 4.0);
  pools[0].price_per_hour = 0.25;
  EXPECT_DOUBLE_EQ(price_change(plan, pools, provider).value().value(), 2 * 0.25 - 4.0);
}

TEST_F(PoolChanges, OnePriceThatIsNotKnownLeavesTheSumUnknown) {
  plan.steps = {machine_step("workers-2", Action::create), machine_step("workers-gpu-1", Action::create)};
  pools[0].price_per_hour = 0.25;
  EXPECT_FALSE(price_change(plan, pools, provider).value());
  plan.steps.pop_back();
  EXPECT_DOUBLE_EQ(price_change(plan, pools, provider).value().value(), 0.25);
  plan.steps.push_back(machine_step("former-1", Action::remove));
  EXPECT_FALSE(price_change(plan, pools, provider).value());
}

TEST_F(PoolChanges, WhereNothingIsMadeOrDeletedNobodyIsAsked) {
  provider.failure = fail(ErrorKind::unavailable, "asked");
  plan.steps = {machine_step("workers-1", Action::update)};
  EXPECT_FALSE(price_change(plan, pools, provider).value());
  plan.steps = {machine_step("workers-1", Action::create)};
  EXPECT_FALSE(price_change(plan, pools, provider).ok());
}

}  // namespace
}  // namespace slipway
