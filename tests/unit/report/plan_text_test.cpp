// What a person reads before anything is touched.

#include "report/plan_text.h"

#include <gtest/gtest.h>

#include "graph/critical_path.h"

#include "tests/golden.h"

namespace slipway {
namespace {

constexpr Style plain_style{.colour = false, .width = 100};

PlannedStep step(const std::string& id, const std::string& machine, Action action, Reason reason) {
  PlannedStep planned;
  planned.id = StepId(id);
  planned.machine = MachineName(machine);
  planned.diff.action = action;
  planned.diff.reason = reason;
  return planned;
}

PlannedStep created(const std::string& id, const std::string& machine = "") {
  return step(id, machine, Action::create, Reason::missing);
}

Plan plan_of(std::vector<PlannedStep> steps) {
  Plan plan;
  plan.cluster = "demo";
  plan.steps = std::move(steps);
  std::set<MachineName> machines;
  for (const PlannedStep& planned : plan.steps)
    if (!planned.machine.empty()) machines.insert(planned.machine);
  plan.machines.assign(machines.begin(), machines.end());
  return plan;
}

std::string text(const Plan& plan, const PlanTextOptions& options = {.next = "slipway apply demo.yaml"}) {
  return plan_text(plan, plain_style, options);
}

void expect_text(const std::string& name, const std::string& found) {
  testing_support::expect_golden(std::string(GOLDEN_FOLDER) + "/" + name + ".txt", found);
}

Plan first_run(int workers) {
  std::vector<PlannedStep> steps = {created("artifact/binary/containerd"), created("artifact/images/worker"),
                                    created("cloud/network")};
  const auto machine = [&](const std::string& name, const std::string& joins) {
    steps.push_back(created("machine/" + name, name));
    for (const char* part : {"base", "containerd", "kubernetes"})
      steps.push_back(created("host/" + name + "/" + part, name));
    steps.push_back(created(joins, name));
    steps.push_back(created("node/" + name, name));
  };
  machine("control-1", "kubernetes/init");
  for (int i = 1; i <= workers; ++i)
    machine("workers-" + std::to_string(i), "kubernetes/join/workers-" + std::to_string(i));
  steps.push_back(created("addon/flannel"));
  Plan plan = plan_of(std::move(steps));
  plan.critical_path = {StepId("machine/control-1"), StepId("host/control-1/base"), StepId("kubernetes/init"),
                        StepId("kubernetes/join/workers-1"), StepId("node/workers-1")};
  plan.critical_time = Milliseconds(31500);
  return plan;
}

TEST(PlanText, MachinesThatGetTheSameShareOneLine) { expect_text("first-run", text(first_run(2))); }

TEST(PlanText, ThousandsOfMachinesTakeAsFewLinesAsTwo) {
  const std::string few = text(first_run(2)), many = text(first_run(2000));
  EXPECT_EQ(std::count(few.begin(), few.end(), '\n'), std::count(many.begin(), many.end(), '\n'));
}

TEST(PlanText, DriftIsShownByFieldWithOldAndNew) {
  PlannedStep base = step("host/workers-1/base", "workers-1", Action::update, Reason::drift);
  base.diff.fields = {{.field = "net.ipv4.ip_forward", .old_value = "0", .new_value = "1"},
                      {.field = "/etc/motd", .new_value = "hello"},
                      {.field = "password", .sensitive = true},
                      {.field = "address", .old_value = "10.0.0.1", .unknown = true}};
  expect_text("drift", text(plan_of({base, step("host/workers-2/base", "workers-2", Action::none, Reason::none)})));
}

TEST(PlanText, AmountsAreReadAsAmounts) {
  PlannedStep larger = step("machine/workers-1", "workers-1", Action::update, Reason::spec_changed);
  larger.diff.fields = {{.field = "memory_bytes", .old_value = uint64_t{2} << 30, .new_value = uint64_t{4} << 30},
                        {.field = "disk_bytes", .old_value = uint64_t{1} << 40, .new_value = (uint64_t{1} << 40) + 1}};
  const std::string said = text(plan_of({larger}));
  EXPECT_NE(said.find("      memory  2.0 GiB -> 4.0 GiB\n"), std::string::npos) << said;
  // Where rounding would hide the difference, the numbers stay.
  EXPECT_NE(said.find("      disk_bytes  1099511627776 -> 1099511627777\n"), std::string::npos) << said;
}

TEST(PlanText, SaysWhatItTakesOfLimitsAndWhatItCosts) {
  Plan more = plan_of({created("machine/workers-3", "workers-3")});
  more.claims = {{"servers", 1, 14}, {"cores", 4, 34}, {"ports", 2, {}}};
  more.price_per_hour = 0.24;
  const std::string said = text(more);
  EXPECT_NE(
      said.find("\nTakes 1 of 14 servers, 4 of 34 cores that are left.\nCosts 0.24 an hour more, 175.32 a month.\n"),
      std::string::npos)
      << said;
  more.price_per_hour = -0.0042;
  EXPECT_NE(text(more).find("\nCosts 0.0042 an hour less, 3.07 a month.\n"), std::string::npos) << text(more);
  more.price_per_hour = 0;
  EXPECT_NE(text(more).find("\nCosts as much as now.\n"), std::string::npos) << text(more);
  EXPECT_EQ(text(first_run(2)).find("Takes"), std::string::npos);
}

TEST(PlanText, EveryClaimThatIsTooLargeIsTold) {
  EXPECT_TRUE(check_room({}).ok());
  EXPECT_TRUE(check_room({{"servers", 14, 14}, {"ports", 1000, {}}}).ok());
  const Result<void> none = check_room({{"servers", 15, 14}, {"cores", 2, 34}, {"ports", 2, -1}});
  ASSERT_FALSE(none.ok());
  EXPECT_EQ(none.error().kind, ErrorKind::quota);
  EXPECT_EQ(none.error().found, "servers: 14 left, ports: 0 left");
  EXPECT_EQ(none.error().expected, "servers: 15, ports: 2");
}

TEST(PlanText, TheLastLineNamesTheCommandForWhatWaits) {
  PlannedStep gone = step("machine/workers-3", "workers-3", Action::remove, Reason::not_in_spec);
  gone.needs_approval = true;
  const std::string some = text(plan_of({gone, created("machine/workers-4", "workers-4")}));
  EXPECT_NE(some.find("to do it: slipway apply demo.yaml, with --approve for all of it\n"), std::string::npos) << some;
  const std::string all = text(plan_of({gone}));
  EXPECT_NE(all.find("to do it: slipway apply demo.yaml --approve\n"), std::string::npos) << all;
}

TEST(PlanText, WhatNeedsApprovalIsSaidAtTheStepAndInTheEnd) {
  PlannedStep gone = step("machine/workers-3", "workers-3", Action::remove, Reason::not_in_spec);
  gone.needs_approval = true;
  PlannedStep again = step("machine/workers-2", "workers-2", Action::replace, Reason::spec_changed);
  again.needs_approval = true;
  again.diff.fields = {{.field = "flavor", .old_value = "small", .new_value = "large"}};
  PlannedStep data = created("kubernetes/init", "control-1");
  data.needs_approval = true;
  data.diff.note = "its data is gone";
  expect_text("approval", text(plan_of({data, again, gone})));
}

TEST(PlanText, AStepThatCouldNotBeLookedAtIsNeverLeftOut) {
  PlannedStep base = step("host/workers-1/base", "workers-1", Action::none, Reason::none);
  base.problem = "10.0.0.12:22: no answer (unavailable)\n  try       is the host on?";
  expect_text("problem", text(plan_of({base})));
}

TEST(PlanText, AMachineThatIsPartlyThereIsShownStepByStep) {
  PlannedStep base = step("host/workers-1/base", "workers-1", Action::update, Reason::drift);
  base.diff.fields = {{.field = "package curl", .old_value = "absent", .new_value = "installed"}};
  const std::string found = text(plan_of({base, created("host/workers-1/kubernetes", "workers-1")}));
  EXPECT_NE(found.find("host/workers-1/kubernetes"), std::string::npos) << found;
  EXPECT_NE(found.find("package curl  absent -> installed"), std::string::npos) << found;
}

TEST(PlanText, StepsOutsideTheScopeAreNotCounted) {
  PlannedStep other = created("machine/workers-9", "workers-9");
  other.out_of_scope = true;
  const std::string found = text(plan_of({created("machine/workers-1", "workers-1"), other}));
  EXPECT_EQ(found.find("workers-9\n"), std::string::npos) << found;
  EXPECT_NE(found.find("Touches workers-1; leaves workers-9 untouched."), std::string::npos) << found;
  EXPECT_NE(found.find("Plan: 1 to create."), std::string::npos) << found;
}

TEST(PlanText, AllShowsEachStepInALine) {
  const std::string found = text(first_run(2), {.all = true});
  EXPECT_NE(found.find("host/workers-2/containerd"), std::string::npos) << found;
}

TEST(PlanText, NothingToDoIsOneLine) {
  EXPECT_EQ(text(plan_of({step("cloud/network", "", Action::none, Reason::none)})),
            "Nothing to do: all 1 steps are as the spec says.\n");
}

class Nothing final : public Step {
 public:
  Result<Observation> observe(Reader&, const Inputs&) const override { return Observation{}; }
  Diff diff(const Observation&, const Inputs&) const override { return {}; }
  Result<Outputs> apply(Writer&, const Diff&, const Inputs&, Recorder&) const override { return Outputs{}; }
};

TEST(CriticalPath, IsTheLongestChainOfActingSteps) {
  Graph graph;
  const auto add = [&](const std::string& id, std::vector<StepId> after) {
    StepInfo info;
    info.id = StepId(id);
    info.after = std::move(after);
    return graph.add(std::move(info), std::make_unique<Nothing>());
  };
  const StepId first = add("first", {}), quick = add("quick", {first}), slow = add("slow", {first}),
               healthy = add("healthy", {slow});
  add("last", {quick, healthy});
  ASSERT_TRUE(graph.finish().ok());
  Plan plan;
  for (const Node& node : graph.nodes()) {
    PlannedStep planned = created(node.info.id.text());
    planned.expected = Seconds(node.info.id == slow ? 10 : 1);
    if (node.info.id == healthy) planned.diff = {};
    plan.steps.push_back(std::move(planned));
  }
  const CriticalPath path = critical_path(graph, plan);
  EXPECT_EQ(path.steps, (std::vector<StepId>{first, slow, StepId("last")}));
  EXPECT_EQ(path.time, Seconds(12));
}

TEST(CriticalPath, IsEmptyWhereNothingActs) {
  Graph graph;
  StepInfo info;
  info.id = StepId("only");
  graph.add(std::move(info), std::make_unique<Nothing>());
  ASSERT_TRUE(graph.finish().ok());
  Plan plan;
  plan.steps.push_back(step("only", "", Action::none, Reason::none));
  EXPECT_TRUE(critical_path(graph, plan).steps.empty());
}

}  // namespace
}  // namespace slipway
