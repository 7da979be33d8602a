// Power cuts and disk faults at every single call. What was acknowledged is there afterwards; what was not is there as
// a whole or not at all.

#include <functional>
#include <gtest/gtest.h>
#include <thread>

#include "faulty_files.h"
#include "fixtures.h"

namespace slipway {
namespace {

using testing::content_of;
using testing::FaultyFiles;
using testing::step;

const StoreOptions options{.directory = "state", .cluster = "demo", .verb = "bootstrap", .key_file = "keys/demo.key"};

/// One call of the store, and what it does to a state that it succeeded on.
struct Action {
  std::string name;
  std::function<Result<void>(StateStore&)> run;
  std::function<void(State&)> effect;
};

std::vector<Action> script() {
  std::vector<Action> actions;
  const auto record = [&](const std::string& id, const std::string& output) {
    StepRecord done = step(id, output);
    done.applied = true;
    actions.push_back({"result " + id, [done](StateStore& store) { return store.record_result(done); },
                       [done](State& state) { state.steps[done.id] = done; }});
  };
  const auto fold = [&] { actions.push_back({"fold", [](StateStore& store) { return store.fold(); }, [](State&) {}}); };
  StepRecord intent = step("machine/workers-1");
  intent.mark = "demo/workers-1/7";
  intent.intent_open = true;
  actions.push_back({"intent", [intent](StateStore& store) { return store.record_intent(intent); },
                     [intent](State& state) { state.steps[intent.id] = intent; }});
  StepRecord result = step("machine/workers-1", "i-1");
  result.mark = intent.mark;
  result.applied = true;
  actions.push_back({"result", [result](StateStore& store) { return store.record_result(result); },
                     [result](State& state) { state.steps[result.id] = result; }});
  fold();
  const PoolMembers members{"worker", 2, {"workers-1"}};
  actions.push_back({"pool", [members](StateStore& store) { return store.set_pool("workers", members); },
                     [members](State& state) { state.pools["workers"] = members; }});
  actions.push_back({"address", [](StateStore& store) { return store.set_address("endpoint", "10.99.0.10"); },
                     [](State& state) { state.addresses["endpoint"] = "10.99.0.10"; }});
  record("host/workers-1/base", "b");
  actions.push_back({"fact", [](StateStore& store) { return store.set_fact("initialised", true); },
                     [](State& state) { state.facts["initialised"] = true; }});
  fold();
  fold();
  record("host/workers-1/containerd", "c");
  actions.push_back({"removed", [](StateStore& store) { return store.record_removed(StepId("host/workers-1/base")); },
                     [](State& state) { state.steps.erase(StepId("host/workers-1/base")); }});
  record("machine/workers-1", "i-2");
  actions.push_back({"address freed", [](StateStore& store) { return store.set_address("endpoint", ""); },
                     [](State& state) { state.addresses.erase("endpoint"); }});
  // A result keeps its intent's mark.
  actions[actions.size() - 2].effect = [](State& state) {
    StepRecord& kept = state.steps[StepId("machine/workers-1")];
    const std::string mark = kept.mark;
    kept = step("machine/workers-1", "i-2");
    kept.applied = true;
    kept.mark = mark;
  };
  return actions;
}

/// Runs the script; answers the states that a later start may find: the acknowledged one, and the one with the action
/// in flight.
struct Outcome {
  State acknowledged, in_flight;
  bool opened = false, finished = false;
};

Outcome run_script(std::shared_ptr<FaultyFiles> files) {
  Outcome outcome;
  Result<std::unique_ptr<StateStore>> store = StateStore::open(options, files);
  if (!store) return outcome;
  outcome.opened = true;
  outcome.acknowledged = outcome.in_flight = (*store)->snapshot();
  for (const Action& action : script()) {
    outcome.in_flight = outcome.acknowledged;
    action.effect(outcome.in_flight);
    if (!action.run(**store)) return outcome;
    outcome.acknowledged = outcome.in_flight;
    EXPECT_EQ(content_of((*store)->snapshot()), content_of(outcome.acknowledged)) << action.name;
  }
  outcome.finished = true;
  return outcome;
}

/// The lineage is random, so a state made afresh is compared without it.
std::string without_lineage(State state) {
  state.lineage = "any";
  return content_of(std::move(state));
}

void expect_one_of(const State& found, const Outcome& outcome, const std::string& when) {
  if (!outcome.opened) {
    // Nothing was acknowledged; an empty state is all there may be.
    State empty;
    empty.cluster = "demo";
    EXPECT_EQ(without_lineage(found), without_lineage(empty)) << when;
    return;
  }
  const std::string text = content_of(found);
  if (text == content_of(outcome.in_flight)) return;
  EXPECT_EQ(text, content_of(outcome.acknowledged)) << when;
}

TEST(PowerCut, AtEveryCallLosesNothingAcknowledgedAndHalvesNothing) {
  auto counting = std::make_shared<FaultyFiles>();
  ASSERT_TRUE(run_script(counting).finished);
  const size_t calls = counting->calls;
  ASSERT_GT(calls, 60u);
  for (size_t cut = 1; cut <= calls; ++cut)
    for (unsigned seed = 0; seed < 12; ++seed) {
      const std::string when = "cut at call " + std::to_string(cut) + ", seed " + std::to_string(seed);
      std::mt19937 random(seed * 7919 + static_cast<unsigned>(cut));
      auto files = std::make_shared<FaultyFiles>();
      files->power_cut_at = cut;
      const Outcome outcome = run_script(files);
      files->power_on(random);

      // A reader finds it, and changes nothing.
      StoreOptions reading = options;
      reading.read_only = true;
      const auto before = files->list();
      {
        Result<std::unique_ptr<StateStore>> reader = StateStore::open(reading, files);
        ASSERT_TRUE(reader.ok()) << when << "\n" << describe(reader.error());
        expect_one_of((*reader)->snapshot(), outcome, when + ", read only");
      }
      EXPECT_EQ(files->list(), before) << when;

      // The power goes again while the next run recovers.
      files->calls = 0;
      files->power_cut_at = 1 + random() % 12;
      { (void)StateStore::open(options, files); }
      files->power_on(random);

      Result<std::unique_ptr<StateStore>> store = StateStore::open(options, files);
      ASSERT_TRUE(store.ok()) << when << "\n" << describe(store.error());
      const State found = (*store)->snapshot();
      expect_one_of(found, outcome, when);

      // And it goes on from there, to a clean end or to another cut.
      ASSERT_TRUE((*store)->record_result(step("host/new", "x")).ok()) << when;
      if (seed % 2 == 0) files->power_cut_at = files->calls + 1;
      store->reset();
      files->power_on(random);
      store = StateStore::open(options, files);
      ASSERT_TRUE(store.ok()) << when << "\n" << describe(store.error());
      State expected = found;
      expected.steps[StepId("host/new")] = step("host/new", "x");
      expected.steps[StepId("host/new")].applied = true;
      EXPECT_EQ(content_of((*store)->snapshot()), content_of(expected)) << when;
      EXPECT_GT((*store)->snapshot().serial, found.serial) << when;
      if (HasFailure()) return;
    }
}

TEST(PowerCut, WhileErasingLeavesAWholeStateOrNone) {
  for (size_t cut = 1; cut < 40; ++cut) {
    std::mt19937 random(static_cast<unsigned>(cut));
    auto files = std::make_shared<FaultyFiles>();
    ASSERT_TRUE(run_script(files).finished);
    std::string whole;
    bool erased = false;
    {
      Result<std::unique_ptr<StateStore>> store = StateStore::open(options, files);
      ASSERT_TRUE(store.ok());
      whole = content_of((*store)->snapshot());
      files->calls = 0;
      files->power_cut_at = cut;
      erased = (*store)->erase().ok();
    }
    files->power_on(random);
    StoreOptions reading = options;
    reading.read_only = true;
    Result<std::unique_ptr<StateStore>> store = StateStore::open(reading, files);
    ASSERT_TRUE(store.ok()) << cut << "\n" << describe(store.error());
    const State found = (*store)->snapshot();
    if (erased) {
      EXPECT_TRUE(found.lineage.empty()) << cut;
    }
    if (found.lineage.empty()) {
      EXPECT_TRUE(found.steps.empty()) << cut;
    } else {
      EXPECT_EQ(content_of(found), whole) << cut;
    }
  }
}

/// A fault at one call, then the disk works again: the script goes on, and only what failed may be missing.
void run_with_fault(ErrorKind kind) {
  auto counting = std::make_shared<FaultyFiles>();
  ASSERT_TRUE(run_script(counting).finished);
  for (size_t at = 1; at <= counting->calls; ++at)
    for (const bool power_cut_after : {false, true}) {
      const std::string when = "fault at call " + std::to_string(at) + (power_cut_after ? ", then a power cut" : "");
      std::mt19937 random(static_cast<unsigned>(at));
      auto files = std::make_shared<FaultyFiles>();
      files->fault_at = at;
      files->fault = kind;
      std::set<std::string> acknowledged, failed;
      {
        Result<std::unique_ptr<StateStore>> store = StateStore::open(options, files);
        if (!store) store = StateStore::open(options, files);
        ASSERT_TRUE(store.ok()) << when << "\n" << describe(store.error());
        for (int i = 0; i < 8; ++i) {
          const std::string id = "step/" + std::to_string(i);
          ((*store)->record_result(step(id, "x")).ok() ? acknowledged : failed).insert(id);
          if (i % 3 == 2) (void)(*store)->fold();
          for (const std::string& known : acknowledged)
            EXPECT_TRUE((*store)->find(StepId(known)).has_value()) << when << ": " << known;
          for (const std::string& unknown : failed)
            EXPECT_FALSE((*store)->find(StepId(unknown)).has_value()) << when << ": " << unknown;
        }
        EXPECT_LE(failed.size(), 1u) << when;
        if (power_cut_after) files->power_cut_at = files->calls + 1;
      }
      files->fault_at.reset();
      if (power_cut_after) files->power_on(random);
      Result<std::unique_ptr<StateStore>> store = StateStore::open(options, files);
      ASSERT_TRUE(store.ok()) << when << "\n" << describe(store.error());
      for (const std::string& known : acknowledged) {
        const std::optional<StepRecord> found = (*store)->find(StepId(known));
        ASSERT_TRUE(found.has_value()) << when << ": " << known;
        EXPECT_EQ(found->outputs, step(known, "x").outputs) << when;
      }
      EXPECT_LE((*store)->snapshot().steps.size(), acknowledged.size() + failed.size()) << when;
    }
}

TEST(DiskFault, AFullDiskAtAnyCallFailsOneRecordAndLosesNoOther) { run_with_fault(ErrorKind::quota); }
TEST(DiskFault, AnInputOutputErrorAtAnyCallFailsOneRecordAndLosesNoOther) { run_with_fault(ErrorKind::unavailable); }

TEST(GroupCommit, ThreadsShareASyncAndEachRecordIsDurable) {
  auto files = std::make_shared<FaultyFiles>();
  constexpr int threads = 8, each = 200;
  {
    Result<std::unique_ptr<StateStore>> store = StateStore::open(options, files);
    ASSERT_TRUE(store.ok());
    std::vector<std::thread> workers;
    for (int t = 0; t < threads; ++t)
      workers.emplace_back([&, t] {
        for (int i = 0; i < each; ++i) {
          const std::string id = "step/" + std::to_string(t) + "/" + std::to_string(i);
          EXPECT_TRUE((*store)->record_intent(step(id)).ok());
          EXPECT_TRUE((*store)->record_result(step(id, "x")).ok());
          EXPECT_TRUE((*store)->find(StepId(id))->applied);
        }
      });
    for (std::thread& worker : workers) worker.join();
    EXPECT_EQ((*store)->snapshot().serial, 2u * threads * each);
    files->power_cut_at = files->calls + 1;
  }
  std::mt19937 random(1);
  files->power_on(random);
  Result<std::unique_ptr<StateStore>> store = StateStore::open(options, files);
  ASSERT_TRUE(store.ok());
  EXPECT_EQ((*store)->snapshot().steps.size(), static_cast<size_t>(threads * each));
}

}  // namespace
}  // namespace slipway
