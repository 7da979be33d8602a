// The simulated world: what it keeps over a death, what it answers, and that steps live with its faults.

#include <atomic>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <thread>
#include <unistd.h>

#include "base/file.h"
#include "graph/earlier_try.h"
#include "playbook/playbook_step.h"
#include "providers/common/object_step.h"
#include "providers/common/remove_step.h"
#include "providers/simulated/clock.h"
#include "providers/simulated/simulated_provider.h"

#include "tests/contract/step_harness.h"

namespace slipway::simulated {
namespace {

using testing_support::NoCluster;

/// A recorder with a state behind it.
class StatefulRecorder final : public Recorder, public EarlierTries {
 public:
  Result<void> intent(const std::string& mark) override {
    intents.push_back(mark);
    open = true;
    return {};
  }
  bool may_exist() const override { return open; }
  void progress(std::string_view text, uint64_t, uint64_t) override { lines.emplace_back(text); }
  void log(std::string_view) override {}
  bool cancelled() const override { return false; }

  bool open = false;
  std::vector<std::string> intents, lines;
};

class SimulatedTest : public ::testing::Test {
 protected:
  SimulatedTest() {
    char name[] = "/tmp/slipway-simulated-XXXXXX";
    folder = ::mkdtemp(name);
    spec.name = "demo";
    spec.provider = "simulated";
    spec.provider_settings = {{"machines", 2}};
  }
  ~SimulatedTest() override {
    std::error_code ignored;
    world.reset();
    std::filesystem::remove_all(folder, ignored);
  }

  void faults(const std::string& plan) {
    std::filesystem::create_directories(folder + "/world");
    std::ofstream(folder + "/world/faults.json") << plan;
  }

  /// The world as a new process finds it.
  void reopen() {
    world.reset();
    Result<std::unique_ptr<Simulation>> opened = Simulation::open(spec, {.directory = folder + "/world"});
    ASSERT_TRUE(opened.ok()) << describe(opened.error());
    world = std::move(*opened);
    reader.emplace(
        Reader{world->host_reader(), world->provider().reader(), cluster, world->artifact_reader(), world->clock()});
    writer.emplace(Writer{*reader, world->host_writer(), world->provider().writer(), cluster, world->artifact_writer(),
                          world->clock()});
  }

  CloudObjectOrder machine(const std::string& name) const {
    return {.kind = "machine",
            .name = name,
            .mark = "demo/machine/" + name,
            .fields = {{"address", "100.64.0.10"}, {"host_key", "ssh-ed25519 KEY"}, {"state", "running"}},
            .access = HostAccess{.machine = MachineName(name),
                                 .address = {},
                                 .jump = {},
                                 .jump_host_keys = {},
                                 .host_keys = {"ssh-ed25519 KEY"}},
            .list_lag = world->provider().list_lag()};
  }
  Result<Outputs> apply(const Step& step) {
    const Result<Observation> seen = step.observe(*reader, {});
    if (!seen) return seen.error();
    return step.apply(*writer, step.diff(*seen, {}), {}, recorder);
  }
  size_t machines() { return world->provider().reader().list("machine").value().size(); }

  std::string folder;
  Spec spec;
  std::unique_ptr<Simulation> world;
  NoCluster cluster;
  std::optional<Reader> reader;
  std::optional<Writer> writer;
  StatefulRecorder recorder;
};

TEST_F(SimulatedTest, WhatWasAnsweredIsThereForTheNextProcess) {
  reopen();
  ASSERT_TRUE(apply(CloudObjectStep(machine("w-1"))).ok());
  reopen();
  EXPECT_EQ(machines(), 1u);
}

TEST_F(SimulatedTest, TornLastLineOfItsLogIsCut) {
  reopen();
  ASSERT_TRUE(apply(CloudObjectStep(machine("w-1"))).ok());
  world.reset();
  std::ofstream(folder + "/world/world.log", std::ios::app) << R"({"at": 7, "set": {"object/mach)";
  reopen();
  EXPECT_EQ(machines(), 1u);
  ASSERT_TRUE(apply(CloudObjectStep(machine("w-2"))).ok());
  reopen();
  EXPECT_EQ(machines(), 2u);
}

TEST_F(SimulatedTest, MoreMachinesThanTheQuotaAreRefused) {
  reopen();
  ASSERT_TRUE(apply(CloudObjectStep(machine("w-1"))).ok());
  ASSERT_TRUE(apply(CloudObjectStep(machine("w-2"))).ok());
  const Result<Outputs> third = apply(CloudObjectStep(machine("w-3")));
  ASSERT_FALSE(third.ok());
  EXPECT_EQ(third.error().kind, ErrorKind::quota);
}

TEST_F(SimulatedTest, CallsBeyondTheRateAreThrottledWithATime) {
  spec.provider_settings["calls_per_second"] = 2;
  reopen();
  EXPECT_TRUE(world->provider().reader().list("machine").ok());
  EXPECT_TRUE(world->provider().reader().list("machine").ok());
  const Result<std::vector<CloudObject>> third = world->provider().reader().list("machine");
  ASSERT_FALSE(third.ok());
  EXPECT_EQ(third.error().kind, ErrorKind::throttled);
  EXPECT_EQ(third.error().retry_after_seconds, 1);
}

// A run that dies between a create and its record, on a cloud whose lists lag: the next one made a second machine.
TEST_F(SimulatedTest, CreateThatIsNotListedYetIsWaitedForNotRepeated) {
  spec.provider_settings["list_lag_ms"] = 5000;
  reopen();
  ASSERT_TRUE(apply(CloudObjectStep(machine("w-1"))).ok());
  EXPECT_EQ(machines(), 0u);
  reopen();
  recorder.open = true;  // As state has it.
  ASSERT_TRUE(apply(CloudObjectStep(machine("w-1"))).ok());
  EXPECT_EQ(recorder.intents.size(), 1u) << "a second create was announced";
  EXPECT_EQ(machines(), 1u);
}

// The same where the machine left the spec meanwhile: nothing was listed, so the record was dropped and the machine
// stayed.
TEST_F(SimulatedTest, RemovalWaitsForACreateThatIsNotListedYet) {
  spec.provider_settings["list_lag_ms"] = 5000;
  reopen();
  ASSERT_TRUE(apply(CloudObjectStep(machine("w-1"))).ok());
  const RemoveObjectStep step({.kind = "machine",
                               .id = {},
                               .name = "w-1",
                               .mark = "demo/machine/w-1",
                               .intent_open = true,
                               .list_lag = Seconds(5)});
  ASSERT_TRUE(apply(step).ok());
  world->clock().sleep_until(world->clock().now() + Seconds(10));
  EXPECT_EQ(machines(), 0u);
}

TEST_F(SimulatedTest, AnswerLostAfterTheEffectIsTakenUpByTheNextTry) {
  faults(R"([{"fault": "timeout-after", "call": "cloud/create/machine/*"}])");
  reopen();
  const CloudObjectStep step(machine("w-1"));
  const Result<Outputs> lost = apply(step);
  ASSERT_FALSE(lost.ok());
  EXPECT_EQ(lost.error().kind, ErrorKind::timeout);
  ASSERT_TRUE(apply(step).ok());
  EXPECT_EQ(machines(), 1u);
}

TEST_F(SimulatedTest, AnotherHostKeyIsRefused) {
  reopen();
  const Result<Outputs> made = apply(CloudObjectStep(machine("w-1")));
  ASSERT_TRUE(made.ok());
  HostAccess access = host_access_from(made->at("access")).value();
  access.host_keys = {"ssh-ed25519 OTHER"};
  const Result<ScriptOutcome> outcome = writer->hosts.run(access, {.text = "true"}, Deadline::in(Seconds(5)));
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.error().kind, ErrorKind::verification);
}

class SimulatedHostTest : public SimulatedTest {
 protected:
  void SetUp() override {
    const Result<playbook::Playbook> parsed = playbook::parse_playbook("test.yaml", R"(
- name: forwarding
  sysctl: {net.ipv4.ip_forward: 1}
- name: settings
  file: {path: /etc/thing.conf, content: "a\n"}
  notify: restart thing
- name: for containers
  file: {path: /etc/container.conf, content: "b\n"}
  only: {facts: {container: "yes"}}
- handler: restart thing
  service: {name: thing, state: restarted}
)",
                                                                       {});
    ASSERT_TRUE(parsed.ok()) << describe(parsed.error());
    book = std::make_shared<const playbook::Playbook>(*parsed);
  }

  /// The machine's playbook, looked at by whoever opened the world last.
  void make_machine() {
    const Result<Outputs> made = apply(CloudObjectStep(machine("w-1")));
    ASSERT_TRUE(made.ok()) << describe(made.error());
    inputs.set("access", made->at("access"));
  }
  std::unique_ptr<Step> step() const {
    return std::make_unique<playbook::PlaybookStep>(book,
                                                    playbook::PlaybookWish{.cluster = "demo", .limit = Seconds(60)});
  }
  Diff look() {
    const Result<Observation> seen = step()->observe(*reader, inputs);
    EXPECT_TRUE(seen.ok()) << describe(seen.error());
    return seen.ok() ? step()->diff(*seen, inputs) : Diff{};
  }
  Result<Outputs> carry_out() { return step()->apply(*writer, look(), inputs, recorder); }

  std::shared_ptr<const playbook::Playbook> book;
  Inputs inputs;
};

TEST_F(SimulatedHostTest, AppliedTasksAreRememberedAndOthersFactsDoNotConcernIt) {
  reopen();
  make_machine();
  EXPECT_EQ(look().action, Action::create);
  EXPECT_EQ(look().fields.size(), 3u) << "two tasks and the handler that they owe";
  const Result<Outputs> done = carry_out();
  ASSERT_TRUE(done.ok()) << describe(done.error());
  EXPECT_EQ(done->at("os"), "debian");
  EXPECT_TRUE(look().empty());
  reopen();
  EXPECT_TRUE(look().empty());
}

TEST_F(SimulatedHostTest, FullDiskFailsTheTaskWithItsLastWords) {
  faults(R"([{"fault": "disk-full", "call": "host/task/w-1/test/1"}])");
  reopen();
  make_machine();
  const Result<Outputs> failed = carry_out();
  ASSERT_FALSE(failed.ok());
  EXPECT_NE(failed.error().output.value_or("").find("No space left"), std::string::npos);
  EXPECT_EQ(look().action, Action::update) << "the first task is done";
  EXPECT_TRUE(carry_out().ok());
  EXPECT_TRUE(look().empty());
}

TEST_F(SimulatedHostTest, RestartInTheMiddleOfATaskIsGoneOnWith) {
  faults(R"([{"fault": "reboot", "call": "host/task/w-1/test/1"}])");
  reopen();
  make_machine();
  const Result<Outputs> done = carry_out();
  ASSERT_TRUE(done.ok()) << describe(done.error());
  EXPECT_TRUE(look().empty());
}

TEST_F(SimulatedHostTest, BrokenConnectionGoesOnWhereTheEventsBrokeOff) {
  faults(R"([{"fault": "cut", "call": "host/run/w-1"}])");
  reopen();
  make_machine();
  const Result<Outputs> done = carry_out();
  ASSERT_TRUE(done.ok()) << describe(done.error());
  EXPECT_TRUE(look().empty());
}

// A task that never ends: the step gave up without a word of what hung.
TEST_F(SimulatedHostTest, TaskThatHangsIsEndedAtItsDeadlineWithItsLastWords) {
  faults(R"([{"fault": "hang", "call": "host/task/w-1/test/0"}])");
  reopen();
  make_machine();
  const Result<Outputs> hung = carry_out();
  ASSERT_FALSE(hung.ok());
  EXPECT_EQ(hung.error().kind, ErrorKind::timeout);
  EXPECT_EQ(hung.error().output, "the last words of a task that does not end");
  EXPECT_TRUE(carry_out().ok()) << "it was ended on the host, too";
}

TEST(VirtualClockTest, SleepsOfManyThreadsOverlap) {
  VirtualClock clock;
  const Instant begun = clock.now();
  std::atomic<int> woken_early = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 1; i <= 20; ++i)
      threads.emplace_back([&, i] {
        for (int k = 1; k <= 3; ++k) {
          const Instant until = begun + Seconds(i * k);
          clock.sleep_until(until);
          if (clock.now() < until) ++woken_early;
        }
      });
  }
  EXPECT_EQ(woken_early, 0);
  // The latest instant that anybody waited for, not the sum of all waits (630 s). Fixed instants, not spans: a thread
  // that the machine starts late then finds its instant gone by, and asks for nothing on top.
  EXPECT_EQ(clock.now() - begun, Seconds(60));
}

TEST(FaultPlanTest, RuleStrikesItsCallsAfterSomeAndSoOften) {
  FaultPlan plan({{.fault = Fault::refuse, .call = "cloud/*", .skip = 1, .times = 2}});
  EXPECT_FALSE(plan.strike("cloud/list/machine"));
  EXPECT_FALSE(plan.strike("host/run/w-1"));
  EXPECT_TRUE(plan.strike("cloud/list/machine"));
  EXPECT_TRUE(plan.strike("cloud/create/machine/w-1"));
  EXPECT_FALSE(plan.strike("cloud/list/machine"));
}

TEST(FaultPlanTest, SameSeedStrikesTheSameCalls) {
  const auto pattern = [](uint64_t seed) {
    FaultPlan plan({{.fault = Fault::refuse, .call = "*", .times = -1, .chance = 0.3}}, seed);
    std::string struck;
    for (int i = 0; i < 64; ++i) struck += plan.strike("call") ? 'x' : '.';
    return struck;
  };
  EXPECT_EQ(pattern(7), pattern(7));
  EXPECT_NE(pattern(7), pattern(8));
}

TEST(FaultPlanTest, UnknownFaultIsNamed) {
  const auto rules = FaultPlan::parse(R"([{"fault": "gremlin", "call": "*"}])", "faults.json");
  ASSERT_FALSE(rules.ok());
  EXPECT_EQ(rules.error().kind, ErrorKind::bad_input);
  EXPECT_NE(rules.error().found.find("gremlin"), std::string::npos);
}

}  // namespace
}  // namespace slipway::simulated
