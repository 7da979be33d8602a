#pragma once
// What every provider promises, as one suite. An implementation gives a ProviderBench and instantiates the suite:
//
//   INSTANTIATE_TEST_SUITE_P(Local, ProviderContract, ::testing::Values(BenchMaker{"local", make_local_bench}),
//   bench_name);
//
// A bench owns a place of its own (a cluster name nobody uses, a folder, a project) and cleans it when it goes.

#include <functional>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <vector>

#include "providers/common/object_step.h"
#include "providers/common/remove_step.h"
#include "providers/provider.h"

#include "tests/contract/provider_bench.h"
#include "tests/contract/step_harness.h"

namespace slipway::testing_support {

struct BenchMaker {
  std::string name;
  std::function<std::unique_ptr<ProviderBench>()> make;
};
inline std::string bench_name(const ::testing::TestParamInfo<BenchMaker>& info) { return info.param.name; }
inline void PrintTo(const BenchMaker& maker, std::ostream* out) { *out << maker.name; }

class ProviderContract : public ::testing::TestWithParam<BenchMaker> {
 protected:
  void SetUp() override {
    bench = GetParam().make();
    if (const std::string reason = bench->skip_reason(); !reason.empty())
      GTEST_SKIP() << "SKIPPED, LOUDLY: provider " << GetParam().name << " is not tested here: " << reason;
  }

  void TearDown() override {
    if (!IsSkipped()) destroy();
  }

  /// One run of a fresh process over the machines.
  GraphRun run(size_t machines, Apply apply = Apply::yes) {
    const std::unique_ptr<Provider> provider = bench->open();
    Graph graph;
    const auto steps = provider->expand(graph, bench->orders(machines));
    EXPECT_TRUE(steps.ok()) << describe(steps.error());
    return steps.ok() ? run_graph(graph, provider->reader(), provider->writer(), apply) : GraphRun{};
  }

  std::vector<CloudObject> listed(std::string_view kind) {
    Result<std::vector<CloudObject>> objects = bench->open()->reader().list(kind);
    EXPECT_TRUE(objects.ok()) << describe(objects.error());
    return objects.ok() ? *objects : std::vector<CloudObject>{};
  }

  std::vector<CloudObject> owned() {
    Result<std::vector<CloudObject>> objects = bench->open()->list_owned();
    EXPECT_TRUE(objects.ok()) << describe(objects.error());
    return objects.ok() ? *objects : std::vector<CloudObject>{};
  }

  /// Deletes as `destroy` does: from removal data alone, in reverse order, by a provider that never expanded.
  void destroy() {
    const std::unique_ptr<Provider> source = bench->open();
    Graph graph;
    ASSERT_TRUE(source->expand(graph, bench->orders(2)).ok());
    ASSERT_TRUE(graph.finish().ok());
    const std::unique_ptr<Provider> provider = bench->open();
    StepPorts ports(provider->reader(), provider->writer());
    NotingRecorder recorder;
    for (auto node = graph.nodes().rbegin(); node != graph.nodes().rend(); ++node) {
      if (node->info.removal.kind != "cloud") continue;
      const Result<RemovalTarget> target = removal_target_from(node->info.removal.data, Value());
      ASSERT_TRUE(target.ok()) << describe(target.error());
      const RemoveObjectStep step(*target);
      const Result<Observation> seen = step.observe(ports.reader(), {});
      ASSERT_TRUE(seen.ok()) << describe(seen.error());
      const Diff diff = step.diff(*seen, {});
      if (diff.empty()) continue;
      const Result<Outputs> gone = step.apply(ports.writer(), diff, {}, recorder);
      ASSERT_TRUE(gone.ok()) << describe(gone.error());
    }
  }

  std::unique_ptr<ProviderBench> bench;
};

TEST_P(ProviderContract, CreatedMachinesAreListedWithTheirMarksAndRun) {
  const GraphRun made = run(2);
  const std::vector<CloudObject> machines = listed("machine");
  ASSERT_EQ(machines.size(), 2u);
  for (const CloudObject& machine : machines) {
    EXPECT_TRUE(machine.mark.starts_with(bench->cluster() + "/")) << machine.mark;
    EXPECT_FALSE(machine.id.empty());
    EXPECT_EQ(text_at(machine.fields, "state"), "running");
  }
  EXPECT_NE(machines[0].mark, machines[1].mark);
  for (const MachineOrder& order : bench->orders(2)) {
    const Outputs& outputs = made.outputs.at(StepId("machine/" + order.name.text()));
    const Result<HostAccess> access = host_access_from(outputs.at("access"));
    ASSERT_TRUE(access.ok());
    EXPECT_EQ(access->machine, order.name);
    EXPECT_FALSE(access->address.empty());
    EXPECT_EQ(access->host_keys, std::vector<std::string>{order.host_public_key});
  }
  EXPECT_GE(owned().size(), 2u);
}

TEST_P(ProviderContract, SecondRunHasNothingToDoAndKnowsTheSameIds) {
  const GraphRun first = run(2);
  const GraphRun second = run(2);
  for (const auto& [id, diff] : second.diffs) EXPECT_TRUE(diff.empty()) << id.text();
  EXPECT_EQ(second.outputs, first.outputs);
  EXPECT_TRUE(second.intents.empty());
}

TEST_P(ProviderContract, GrowingLeavesTheFirstMachineAlone) {
  const GraphRun first = run(1);
  const GraphRun grown = run(2);
  const std::string known = bench->orders(2)[0].name.text(), fresh = bench->orders(2)[1].name.text();
  EXPECT_TRUE(grown.diffs.at(StepId("machine/" + known)).empty());
  EXPECT_EQ(grown.diffs.at(StepId("machine/" + fresh)).action, Action::create);
  // A machine may stand on objects of its own: a port, a disk.
  for (const auto& [id, diff] : grown.diffs)
    EXPECT_TRUE(diff.empty() || id.text().ends_with("/" + fresh)) << id.text();
}

TEST_P(ProviderContract, CreateWhoseRecordWasLostIsTakenUpNotRepeated) {
  run(1);
  const std::vector<CloudObject> before = listed("machine");
  ASSERT_EQ(before.size(), 1u);
  // The next process knows only that it was about to create: it applies the same approved create again.
  const std::unique_ptr<Provider> provider = bench->open();
  Graph graph;
  ASSERT_TRUE(provider->expand(graph, bench->orders(1)).ok());
  const GraphRun seen = run_graph(graph, provider->reader(), provider->writer(), Apply::no);
  const Node& node = graph.nodes()[*graph.find(StepId("machine/" + bench->orders(1)[0].name.text()))];
  Inputs inputs;
  for (const auto& [name, from] : node.info.inputs) inputs.set(name, seen.outputs.at(from.step).at(from.output));
  StepPorts ports(provider->reader(), provider->writer());
  NotingRecorder recorder;
  const Result<Outputs> outputs = node.step->apply(ports.writer(), node.step->forecast(inputs), inputs, recorder);
  ASSERT_TRUE(outputs.ok()) << describe(outputs.error());
  EXPECT_EQ(outputs->at("id"), before[0].id);
  EXPECT_TRUE(recorder.intents.empty()) << "a second create was announced";
  EXPECT_EQ(listed("machine").size(), 1u);
}

TEST_P(ProviderContract, SecondCreateWithOneMarkIsRefusedOrResolvedToTheRecordedOne) {
  run(1);
  const std::vector<CloudObject> before = listed("machine");
  ASSERT_EQ(before.size(), 1u);
  Value fields = before[0].fields;
  fields.erase("state");
  fields.erase("created");
  const Result<CloudObject> twin = bench->open()->writer().create(
      {.kind = "machine", .name = before[0].name, .mark = before[0].mark, .fields = fields}, [](std::string_view) {},
      Deadline::in(Seconds(60)));
  if (!twin) {
    EXPECT_EQ(twin.error().kind, ErrorKind::conflict);
  } else {
    EXPECT_EQ(listed("machine").size(), 2u);
    run(1);
  }
  const std::vector<CloudObject> after = listed("machine");
  ASSERT_EQ(after.size(), 1u);
  EXPECT_EQ(after[0].id, before[0].id);
}

TEST_P(ProviderContract, RemovingTwiceSucceedsAndLeavesTheOthers) {
  run(2);
  const std::vector<CloudObject> machines = listed("machine");
  ASSERT_EQ(machines.size(), 2u);
  for (int i = 0; i < 2; ++i) {
    const Result<void> gone = bench->open()->writer().remove("machine", machines[0].id, Deadline::in(Seconds(60)));
    EXPECT_TRUE(gone.ok()) << describe(gone.error());
  }
  const std::vector<CloudObject> left = listed("machine");
  ASSERT_EQ(left.size(), 1u);
  EXPECT_EQ(left[0].id, machines[1].id);
  EXPECT_EQ(text_at(left[0].fields, "state"), "running");
}

TEST_P(ProviderContract, RemovedMachineIsMadeAgain) {
  run(1);
  ASSERT_TRUE(bench->open()->writer().remove("machine", listed("machine").at(0).id, Deadline::in(Seconds(60))).ok());
  EXPECT_EQ(run(1).acted(), 1u);
  EXPECT_EQ(listed("machine").size(), 1u);
}

TEST_P(ProviderContract, DestroyFromRecordsAloneLeavesNothingOwned) {
  run(2);
  destroy();
  EXPECT_TRUE(owned().empty());
  destroy();
}

TEST_P(ProviderContract, HealthyPlaceHasNoPreflightProblem) {
  run(1);
  for (const Error& problem : bench->open()->preflight()) ADD_FAILURE() << describe(problem);
}

}  // namespace slipway::testing_support
