#include <gtest/gtest.h>

#include "engine/approval.h"
#include "graph/waiting_step.h"

#include "fakes.h"

namespace slipway::testing {
namespace {

TEST(Run, MakesEverythingInOrderAndFindsNothingToDoAfterwards) {
  Bench bench;
  bench.add("cluster", {"host"});
  bench.add("host", {"machine"});
  bench.add("machine");
  const RunSummary first = bench.run();
  EXPECT_EQ(first.applied, 3u);
  EXPECT_EQ(first.exit_code(), 0);
  const std::vector<std::string> expected = {"intent machine", "result machine", "intent host",
                                             "result host",    "intent cluster", "result cluster"};
  EXPECT_EQ(bench.store.history, expected);
  bench.world.calls.clear();
  const RunSummary second = bench.run();
  EXPECT_EQ(second.applied, 0u);
  EXPECT_EQ(bench.world.calls.size(), 3u) << "one look per step, and nothing else";
}

// Steps whose turn came while every worker was busy were forgotten when those before them needed no worker: a plan of
// 10,000 machines showed a third of its steps, and a run would have ended as if all were done.
TEST(Run, StepsThatWaitForAWorkerAreNotForgottenBehindThoseThatNeedNone) {
  Bench bench;
  bench.plan_options.parallelism = bench.options.parallelism = 4;
  bench.add("root");
  for (int i = 0; i < 50; ++i) bench.add("wide-" + std::to_string(i));
  for (int i = 0; i < 200; ++i) bench.add("leaf-" + std::to_string(i), {"root"});
  const Plan plan = bench.plan();
  EXPECT_EQ(plan.count(Action::create), 251u);
  EXPECT_EQ(bench.run().applied, 251u);
}

// A broken thing whose create never ended waited for an approval to be made again, though nobody ever had it.
TEST(Run, BrokenThingOfAnUnfinishedCreateIsMadeAgainWithoutApproval) {
  Bench bench;
  bench.graph.add({.id = StepId("machine")},
                  std::make_unique<ThingStep>(bench.world, "machine", "new", Action::replace));
  bench.world.things["machine"] = {{"value", "broken"}};
  StepRecord record;
  record.id = StepId("machine");
  record.intent_open = true;
  ASSERT_TRUE(bench.store.record_intent(record).ok());
  EXPECT_FALSE(step_of(bench.plan(), "machine").needs_approval);
  EXPECT_EQ(bench.run().applied, 1u);
}

TEST(Run, RepairsOnlyWhatDrifted) {
  Bench bench;
  bench.add("a");
  bench.add("b", {"a"});
  bench.run();
  bench.world.things["a"] = {{"value", "edited by hand"}};
  bench.world.calls.clear();
  const RunSummary summary = bench.run();
  EXPECT_EQ(summary.applied, 1u);
  EXPECT_EQ(bench.count_calls("apply a"), 1u);
  EXPECT_EQ(bench.count_calls("apply b"), 0u);
}

TEST(Run, AFailedStepBlocksItsDescendantsOnly) {
  Bench bench;
  bench.add("bad");
  bench.add("child", {"bad"});
  bench.add("grandchild", {"child"});
  bench.add("other");
  bench.world.apply_faults["bad"] = {ErrorKind::quota};
  const RunSummary summary = bench.run();
  EXPECT_EQ(summary.failed, 1u);
  EXPECT_EQ(summary.blocked, 2u);
  EXPECT_EQ(summary.applied, 1u);
  EXPECT_EQ(summary.exit_code(), 1);
  EXPECT_TRUE(bench.world.things.contains("other"));
}

TEST(Run, RetriesWhatMayPassAndNotWhatMayNot) {
  Bench bench;
  bench.add("flaky");
  bench.add("refused");
  bench.world.apply_faults["flaky"] = {ErrorKind::unavailable, ErrorKind::throttled, ErrorKind::timeout};
  bench.world.apply_faults["refused"] = {ErrorKind::unauthorised, ErrorKind::unauthorised};
  const RunSummary summary = bench.run();
  EXPECT_EQ(bench.count_calls("apply flaky"), 4u);
  EXPECT_EQ(bench.count_calls("apply refused"), 1u);
  EXPECT_EQ(summary.applied, 1u);
  EXPECT_EQ(summary.failed, 1u);
}

TEST(Run, GivesUpRetryingAtTheStepsDeadline) {
  Bench bench;
  bench.add("down", {}, {.id = StepId(), .limit = std::chrono::seconds(60)});
  bench.world.apply_faults["down"] = std::vector<ErrorKind>(1000, ErrorKind::unavailable);
  const RunSummary summary = bench.run();
  EXPECT_EQ(summary.failed, 1u);
  EXPECT_LT(bench.count_calls("apply down"), 20u);
  EXPECT_GT(bench.count_calls("apply down"), 3u);
}

TEST(Run, GivesUpRetryingAfterTheStepsTries) {
  Bench bench;
  bench.add("down", {}, {.id = StepId(), .tries = 3});
  bench.world.apply_faults["down"] = std::vector<ErrorKind>(1000, ErrorKind::unavailable);
  EXPECT_EQ(bench.run().failed, 1u);
  EXPECT_EQ(bench.count_calls("apply down"), 3u);
}

TEST(Run, CancellationCutsTheRetryPauseShort) {
  Bench bench;
  bench.add("down");
  bench.add("after", {"down"});
  bench.world.apply_faults["down"] = std::vector<ErrorKind>(1000, ErrorKind::unavailable);
  std::atomic<bool> cancelled = false;
  bench.options.cancelled = &cancelled;
  const Plan plan = bench.plan();
  // The pause before the sixth try takes 15 s or more; it is cancelled as it begins.
  size_t pauses = 0;
  Instant stopped_at;
  const RunSummary summary =
      execute(bench.graph, plan, bench.reader, bench.writer, bench.store, bench.options, [&](const Event& event) {
        if (event.type != "step-progress" || ++pauses != 6) return;
        stopped_at = bench.clock.now();
        bench.clock.at(stopped_at + Milliseconds(700), [&] { cancelled = true; });
      });
  EXPECT_TRUE(summary.cancelled);
  EXPECT_EQ(summary.exit_code(), 130);
  EXPECT_EQ(summary.failed, 1u);
  EXPECT_EQ(summary.blocked, 1u);
  EXPECT_EQ(bench.count_calls("apply down"), 6u);
  EXPECT_GE(bench.clock.now() - stopped_at, Milliseconds(700));
  EXPECT_LE(bench.clock.now() - stopped_at, Milliseconds(900));
}

TEST(Run, ReplaceAndDeleteWaitForApproval) {
  Bench bench;
  bench.world.things["old"] = {{"value", "x"}};
  bench.graph.add({.id = StepId("old"), .leaving = true}, std::make_unique<GoneStep>(bench.world, "old"));
  const RunSummary refused = bench.run();
  EXPECT_EQ(refused.waiting_approval, 1u);
  EXPECT_EQ(refused.exit_code(), 4);
  EXPECT_TRUE(bench.world.things.contains("old"));
  bench.options.approve = true;
  const RunSummary approved = bench.run();
  EXPECT_EQ(approved.applied, 1u);
  EXPECT_FALSE(bench.world.things.contains("old"));
  EXPECT_EQ(bench.store.history.back(), "removed old");
}

TEST(Run, ProtectedThingsAreNotDeletedEvenWithApproval) {
  Bench bench;
  bench.world.things["dear"] = {{"value", "x"}};
  bench.graph.add({.id = StepId("dear"), .leaving = true, .protect = true},
                  std::make_unique<GoneStep>(bench.world, "dear"));
  bench.options.approve = true;
  EXPECT_EQ(bench.run().exit_code(), 4);
  EXPECT_TRUE(bench.world.things.contains("dear"));
}

TEST(Run, WhatCarriedDataIsNotSimplyMadeAgain) {
  Bench bench;
  bench.add("etcd", {}, {.id = StepId(), .carries_data = true});
  EXPECT_EQ(bench.run().applied, 1u) << "the first time nothing can be lost";
  bench.world.things.erase("etcd");
  const RunSummary refused = bench.run();
  EXPECT_EQ(refused.exit_code(), 4);
  EXPECT_FALSE(bench.world.things.contains("etcd"));
  bench.options.approve = true;
  EXPECT_EQ(bench.run().exit_code(), 4) << "--approve alone permits no loss of data";
  bench.options.approve_data_loss = true;
  EXPECT_EQ(bench.run().applied, 1u);
}

TEST(Run, AMachineThatTookDataAlongIsNotSimplyMadeAgain) {
  Bench bench;
  const MachineName machine("w-1");
  bench.add("machine/w-1", {}, {.id = StepId(), .layer = Layer::cloud, .machine = machine});
  bench.add("machine/w-2", {}, {.id = StepId(), .layer = Layer::cloud, .machine = MachineName("w-2")});
  bench.add("volume/db", {"machine/w-1"},
            {.id = StepId(), .layer = Layer::host, .machine = machine, .title = "volume of db", .carries_data = true});
  EXPECT_EQ(bench.run().applied, 3u);
  ASSERT_TRUE(bench.store
                  .set_fact(backup_fact(StepId("volume/db")),
                            {{"file", "/b/db.tar"}, {"at", "2026-11-20T03:00:00Z"}, {"verified", true}})
                  .ok());
  bench.world.things.clear();
  const std::string note = step_of(bench.plan(), "machine/w-1").diff.note;
  EXPECT_NE(note.find("volume of db (volume/db), newest verified backup /b/db.tar of 2026-11-20"), std::string::npos)
      << note;
  bench.options.approve = true;
  const RunSummary refused = bench.run();
  EXPECT_EQ(refused.exit_code(), 4);
  ASSERT_EQ(refused.refusals.size(), 1u);
  EXPECT_EQ(refused.refusals[0].step.text(), "machine/w-1");
  EXPECT_EQ(refused.refusals[0].error.kind, ErrorKind::approval_needed);
  EXPECT_NE(refused.refusals[0].error.found.find("volume/db"), std::string::npos);
  EXPECT_TRUE(bench.world.things.contains("machine/w-2")) << "one that carried nothing is made again";
  EXPECT_FALSE(bench.world.things.contains("volume/db"));
  bench.options.approve_data_loss = true;
  EXPECT_EQ(bench.run().applied, 2u);
}

TEST(Run, ASavedPlanDoesNotImplyALossOfData) {
  Bench bench;
  bench.add("etcd", {}, {.id = StepId(), .carries_data = true});
  bench.run();
  bench.world.things.clear();
  const Plan saved = bench.plan();
  bench.options.ceiling = &saved;
  EXPECT_EQ(bench.run().exit_code(), 4);
  EXPECT_TRUE(bench.world.things.empty());
}

TEST(DataRule, ABackupThatWasNotVerifiedIsNone) {
  Bench bench;
  bench.add("etcd", {}, {.id = StepId(), .carries_data = true});
  bench.run();
  ASSERT_TRUE(bench.store.set_fact(backup_fact(StepId("etcd")), {{"file", "/b/etcd"}, {"verified", false}}).ok());
  bench.world.things.clear();
  EXPECT_NE(step_of(bench.plan(), "etcd").diff.note.find("no verified backup is known"), std::string::npos);
}

TEST(Run, WhatIsFoundAsWishedIsRecordedWithoutApplyingIt) {
  Bench bench;
  bench.add("a");
  bench.world.things["a"] = {{"value", "new"}};
  EXPECT_EQ(bench.run().applied, 0u);
  EXPECT_EQ(bench.store.history, std::vector<std::string>{"result a"});
  bench.run();
  EXPECT_EQ(bench.store.history.size(), 1u) << "and only once";
}

TEST(Run, WhatStandsOnAMachineMadeAgainIsMadeAgainToo) {
  Bench bench;
  bench.add("machine");
  bench.add("host", {"machine"});
  bench.run();
  bench.world.things.clear();
  EXPECT_EQ(bench.run().applied, 2u);
}

TEST(Run, AWorldThatAsksForMoreThanTheApprovedPlanStopsTheStep) {
  Bench bench;
  bench.add("a");
  bench.run();
  bench.world.things["a"] = {{"value", "drift seen by the plan"}};
  const Plan approved = bench.plan();
  bench.world.things.erase("a");
  const Plan now = bench.plan();
  bench.options.ceiling = &approved;
  const RunSummary summary =
      execute(bench.graph, now, bench.reader, bench.writer, bench.store, bench.options, bench.sink());
  ASSERT_EQ(summary.failures.size(), 1u);
  EXPECT_EQ(summary.failures[0].error.kind, ErrorKind::world_changed);
  EXPECT_EQ(summary.exit_code(), 4);
  EXPECT_FALSE(bench.world.things.contains("a"));
}

/// As gates: a thing that others make.
class WaitingThing final : public WaitingStep {
 public:
  explicit WaitingThing(std::unique_ptr<ThingStep> thing) : thing_(std::move(thing)) {}
  Result<Observation> observe(Reader& reader, const Inputs& inputs) const override {
    return thing_->observe(reader, inputs);
  }
  Diff diff(const Observation& seen, const Inputs& inputs) const override { return thing_->diff(seen, inputs); }
  Result<Outputs> apply(Writer& writer, const Diff& diff, const Inputs& inputs, Recorder& recorder) const override {
    return thing_->apply(writer, diff, inputs, recorder);
  }

 private:
  std::unique_ptr<ThingStep> thing_;
};

TEST(Run, WhatOnlyWaitsLooksAgainAfterAChangeAndNeedsNoApproval) {
  for (const bool only_waits : {false, true}) {
    Bench bench;
    bench.add("objects");
    StepInfo info;
    info.id = StepId("ready");
    info.inputs["objects"] = {StepId("objects"), "id"};
    auto thing = std::make_unique<ThingStep>(bench.world, "ready", "new");
    if (only_waits)
      bench.graph.add(std::move(info), std::make_unique<WaitingThing>(std::move(thing)));
    else
      bench.graph.add(std::move(info), std::move(thing));
    bench.run();
    bench.world.things["objects"] = {{"value", "drift"}};
    const Plan plan = bench.plan();
    ASSERT_EQ(step_of(plan, "ready").diff.action, Action::none);
    // As pods that are not ready while they are exchanged.
    bench.world.things["ready"] = {{"value", "waiting"}};
    const RunSummary summary =
        execute(bench.graph, plan, bench.reader, bench.writer, bench.store, bench.options, bench.sink());
    EXPECT_EQ(summary.exit_code(), 0);
    EXPECT_EQ(bench.world.things["ready"]["value"], only_waits ? "new" : "waiting");
  }
}

/// Data that is left where it is.
class StayingStep final : public Step {
 public:
  Result<Observation> observe(Reader&, const Inputs&) const override {
    return Observation{.exists = true, .outputs = {{stays_output, true}}};
  }
  Diff diff(const Observation&, const Inputs&) const override { return {}; }
  Result<Outputs> apply(Writer&, const Diff&, const Inputs&, Recorder&) const override { return Outputs{}; }
};

TEST(Run, WhatLeavesButStaysForNowIsNotForgotten) {
  Bench bench;
  for (const char* id : {"volume", "gone"}) {
    StepRecord record;
    record.id = StepId(id);
    record.applied = true;
    ASSERT_TRUE(bench.store.record_result(record).ok());
  }
  bench.graph.add({.id = StepId("volume"), .leaving = true}, std::make_unique<StayingStep>());
  bench.graph.add({.id = StepId("gone"), .leaving = true}, std::make_unique<GoneStep>(bench.world, "gone"));
  EXPECT_EQ(bench.run().exit_code(), 0);
  EXPECT_TRUE(bench.store.find(StepId("volume")));
  EXPECT_FALSE(bench.store.find(StepId("gone")));
}

TEST(Run, StopsWhenItsRecordsCannotBeWritten) {
  Bench bench;
  bench.add("first");
  bench.add("second", {"first"});
  bench.store.fail_results = true;
  const RunSummary summary = bench.run();
  EXPECT_EQ(summary.failed, 1u);
  EXPECT_FALSE(bench.world.things.contains("second"));
}

TEST(Run, LanesLimitWhatRunsAtOnce) {
  Bench bench;
  for (int i = 0; i < 40; ++i) bench.add("step-" + std::to_string(i), {}, {.id = StepId(), .lanes = {"narrow"}});
  bench.options.lane_room = [](const std::string&) { return size_t{2}; };
  const RunSummary summary = bench.run();
  EXPECT_EQ(summary.applied, 40u);
  EXPECT_LE(bench.world.most_running, 2u);
}

TEST(Run, StepsInSeveralLanesAllGetTheirTurn) {
  Bench bench;
  for (int i = 0; i < 60; ++i)
    bench.add("step-" + std::to_string(i), {},
              {.id = StepId(), .lanes = {"lane-" + std::to_string(i % 3), "lane-" + std::to_string(3 + i % 2), "all"}});
  bench.options.lane_room = [](const std::string& lane) { return lane == "all" ? size_t{4} : size_t{1}; };
  EXPECT_EQ(bench.run().applied, 60u);
}

TEST(Run, MoreStepsThanWorkersAllRun) {
  Bench bench;
  for (int i = 0; i < 200; ++i) bench.add("step-" + std::to_string(i));
  bench.options.parallelism = 3;
  bench.plan_options.parallelism = 3;
  EXPECT_EQ(bench.run().applied, 200u);
  EXPECT_LE(bench.world.most_running, 3u);
}

TEST(Run, CancelledRunStartsNothingMore) {
  Bench bench;
  bench.add("a");
  std::atomic<bool> cancelled = false;
  const Plan plan = bench.plan();
  cancelled = true;
  bench.options.cancelled = &cancelled;
  const RunSummary summary =
      execute(bench.graph, plan, bench.reader, bench.writer, bench.store, bench.options, bench.sink());
  EXPECT_EQ(summary.applied, 0u);
  EXPECT_EQ(summary.exit_code(), 130);
}

TEST(Run, WhatCouldNotBeSeenIsLookedAtAgainInItsTurn) {
  Bench bench;
  bench.add("a");
  bench.run();
  bench.world.observe_faults["a"] = {ErrorKind::unauthorised};
  const Plan plan = bench.plan();
  EXPECT_FALSE(step_of(plan, "a").problem.empty());
  bench.world.things["a"] = {{"value", "drifted"}};
  const RunSummary summary =
      execute(bench.graph, plan, bench.reader, bench.writer, bench.store, bench.options, bench.sink());
  EXPECT_EQ(summary.applied, 1u);
  EXPECT_EQ(bench.world.things["a"]["value"], "new");
}

TEST(Plan, WhatDependsOnAMissingThingIsKnownAfterApply) {
  Bench bench;
  bench.add("machine");
  bench.add("host", {"machine"});
  const Plan plan = bench.plan();
  EXPECT_EQ(step_of(plan, "machine").diff.action, Action::create);
  EXPECT_EQ(step_of(plan, "host").diff.action, Action::create);
  EXPECT_FALSE(step_of(plan, "host").observed);
  EXPECT_EQ(bench.count_calls("observe host"), 0u);
}

TEST(Plan, ObservesRetriesAndReportsOneProblemPerStep) {
  Bench bench;
  bench.add("flaky");
  bench.add("lost");
  bench.world.observe_faults["flaky"] = {ErrorKind::unavailable};
  bench.world.observe_faults["lost"] = {ErrorKind::unauthorised};
  bench.add("stranger");
  bench.world.observe_faults["stranger"] = {ErrorKind::verification};
  const Plan plan = bench.plan();
  EXPECT_TRUE(step_of(plan, "flaky").observed);
  EXPECT_NE(step_of(plan, "lost").problem.find("cannot look at lost"), std::string::npos);
  EXPECT_FALSE(step_of(plan, "lost").not_itself);
  EXPECT_TRUE(step_of(plan, "stranger").not_itself);
}

TEST(Plan, TellsWhatItLooksAtAndWhenThatHasEnded) {
  Bench bench;
  bench.add("lost");
  bench.world.observe_faults["lost"] = {ErrorKind::unauthorised};
  bench.add("there");
  bench.add("not yet", {"there"});
  (void)bench.plan();
  std::map<std::string, std::vector<std::string>> told;
  for (const Event& event : bench.events) told[event.step.text()].push_back(event.type);
  EXPECT_EQ(told["lost"], (std::vector<std::string>{"step-observing", "step-observed", "observe-failed"}));
  EXPECT_EQ(told["there"], (std::vector<std::string>{"step-observing", "step-observed"}));
  // What it needs is not there: nothing is to be seen of it.
  EXPECT_TRUE(told["not yet"].empty());
}

TEST(Plan, ScopeNamesWhatMayActAndBringsAlongWhatItNeeds) {
  Bench bench;
  bench.add("shared");
  bench.add("machine/w-1", {"shared"}, {.id = StepId(), .machine = MachineName("w-1")});
  bench.add("machine/w-2", {"shared"}, {.id = StepId(), .machine = MachineName("w-2")});
  bench.plan_options.targets = {"w-2"};
  const Plan plan = bench.plan();
  EXPECT_FALSE(step_of(plan, "shared").out_of_scope);
  EXPECT_TRUE(step_of(plan, "machine/w-1").out_of_scope);
  EXPECT_FALSE(step_of(plan, "machine/w-2").out_of_scope);
  EXPECT_EQ(plan.touches(), std::vector<MachineName>{MachineName("w-2")});
  const RunSummary summary =
      execute(bench.graph, plan, bench.reader, bench.writer, bench.store, bench.options, bench.sink());
  EXPECT_EQ(summary.applied, 2u);
  EXPECT_FALSE(bench.world.things.contains("machine/w-1"));
}

TEST(Plan, NobodyWaitsForWhatIsBeyondTheScope) {
  Bench bench;
  bench.add("shared");
  bench.add("machine/w-1", {"shared"}, {.id = StepId(), .machine = MachineName("w-1")});
  bench.add("machine/w-2", {"shared"}, {.id = StepId(), .machine = MachineName("w-2")});
  bench.run();
  for (const char* id : {"shared", "machine/w-1", "machine/w-2"})
    bench.world.observe_faults[id] = {ErrorKind::unavailable, ErrorKind::unavailable};
  bench.plan_options.targets = {"machine/w-2"};
  const Plan plan = bench.plan();
  EXPECT_TRUE(step_of(plan, "shared").observed) << "what the scope needs is asked again";
  EXPECT_TRUE(step_of(plan, "machine/w-2").observed);
  EXPECT_FALSE(step_of(plan, "machine/w-1").observed);
  EXPECT_NE(step_of(plan, "machine/w-1").problem, "");
}

TEST(Run, WhatWaitsBeyondTheScopeIsNamedAndTheRunIsNotASuccess) {
  Bench bench;
  bench.add("machine/w-1", {}, {.id = StepId(), .machine = MachineName("w-1")});
  bench.add("machine/w-2", {"machine/w-1"}, {.id = StepId(), .machine = MachineName("w-2")});
  bench.plan_options.targets = {"w-2"};
  const RunSummary summary = bench.run();
  EXPECT_EQ(summary.blocked, 1u);
  EXPECT_EQ(summary.beyond_scope, std::vector<StepId>{StepId("machine/w-1")});
  EXPECT_EQ(summary.exit_code(), 1);
  bench.plan_options.targets = {};
  EXPECT_EQ(bench.run().exit_code(), 0);
  bench.plan_options.targets = {"w-2"};
  EXPECT_EQ(bench.run().exit_code(), 0) << "what is outside of the scope is as it should be";
}

TEST(Plan, AnUnknownTargetIsBadInput) {
  Bench bench;
  bench.add("a");
  ASSERT_TRUE(bench.graph.finish().ok());
  bench.plan_options.targets = {"nothing-like-it"};
  const Result<Plan> plan =
      make_plan(bench.graph, bench.store.snapshot(), bench.reader, bench.clock, bench.plan_options, nullptr);
  ASSERT_FALSE(plan.ok());
  EXPECT_EQ(plan.error().kind, ErrorKind::bad_input);
}

TEST(Plan, AMistypedTargetIsToldWithTheNearestOne) {
  Bench bench;
  bench.add("machine/w-2");
  ASSERT_TRUE(bench.graph.finish().ok());
  bench.plan_options.targets = {"machne/w-2"};
  const Result<Plan> plan =
      make_plan(bench.graph, bench.store.snapshot(), bench.reader, bench.clock, bench.plan_options, nullptr);
  ASSERT_FALSE(plan.ok());
  EXPECT_NE(plan.error().advice.find("did you mean 'machine/w-2'?"), std::string::npos) << plan.error().advice;
}

TEST(Plan, OnDemandStepsActOnlyForADependentThatActs) {
  Bench bench;
  bench.add("artifact", {}, {.id = StepId(), .on_demand = true});
  bench.add("host", {"artifact"});
  EXPECT_EQ(bench.run().applied, 2u);
  bench.world.things.erase("artifact");  // The cache was emptied.
  EXPECT_TRUE(bench.plan().nothing_to_do());
  bench.world.things["host"] = {{"value", "drifted"}};
  EXPECT_EQ(bench.run().applied, 2u);
  EXPECT_TRUE(bench.world.things.contains("artifact"));
}

TEST(Plan, DeletesRunInReverseOfTheirEdges) {
  Bench bench;
  bench.world.things = {{"machine", {}}, {"node", {}}};
  bench.graph.add({.id = StepId("machine"), .after = {StepId("node")}, .leaving = true},
                  std::make_unique<GoneStep>(bench.world, "machine"));
  bench.graph.add({.id = StepId("node"), .leaving = true}, std::make_unique<GoneStep>(bench.world, "node"));
  bench.options.approve = true;
  bench.run();
  EXPECT_EQ(bench.world.calls, (std::vector<std::string>{"remove node", "remove machine"}));
}

TEST(Permission, AnApprovalIsAStepAnActionAndASetOfFields) {
  const Diff approved{.action = Action::update,
                      .reason = Reason::drift,
                      .fields = {{.field = "a", .new_value = 1}, {.field = "b", .unknown = true}}};
  const auto update = [](std::vector<FieldChange> fields) {
    return Diff{.action = Action::update, .reason = Reason::drift, .fields = std::move(fields)};
  };
  EXPECT_TRUE(permits(approved, update({{.field = "a", .new_value = 1}})));
  EXPECT_TRUE(permits(approved, update({{.field = "b", .new_value = "anything"}})));
  EXPECT_FALSE(permits(approved, update({{.field = "a", .new_value = 2}})));
  EXPECT_EQ(first_excess(approved, update({{.field = "c", .new_value = 1}})), "c");
  EXPECT_FALSE(permits(approved, {.action = Action::replace}));
  EXPECT_TRUE(permits({.action = Action::create}, update({{.field = "c", .new_value = 1}})));
  EXPECT_TRUE(permits(approved, {}));
}

TEST(Graph, ACircleIsNamedInFull) {
  Bench bench;
  bench.add("a", {"b"});
  bench.add("b", {"a"});
  const Result<void> finished = bench.graph.finish();
  ASSERT_FALSE(finished.ok());
  EXPECT_NE(finished.error().found.find("a, b"), std::string::npos);
}

}  // namespace
}  // namespace slipway::testing
