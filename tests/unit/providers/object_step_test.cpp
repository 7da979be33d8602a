#include "providers/common/object_step.h"

#include <gtest/gtest.h>

#include "providers/common/remove_step.h"

#include "tests/contract/step_harness.h"
#include "tests/unit/providers/fake_cloud.h"

namespace slipway {
namespace {

using testing_support::FakeCloud;
using testing_support::NotingRecorder;
using testing_support::StepPorts;

CloudObjectOrder machine_order() {
  CloudObjectOrder order;
  order.kind = "machine";
  order.name = "w-1";
  order.mark = "demo/machine/w-1";
  order.fields = {{"cpus", 2}, {"image", "debian"}, {"state", "running"}};
  order.replace_on = {"image"};
  order.access.emplace();
  order.access->machine = MachineName("w-1");
  order.access->address = "10.0.0.7";
  return order;
}

CloudObject living_machine(const std::string& id, const std::string& created = "2026-01-01T00:00:00Z") {
  return {.kind = "machine",
          .id = id,
          .name = "w-1",
          .mark = "demo/machine/w-1",
          .fields = {{"cpus", 2}, {"image", "debian"}, {"state", "running"}, {"created", created}}};
}

class ObjectStepTest : public ::testing::Test {
 protected:
  Observation observe(const Step& step) {
    Result<Observation> seen = step.observe(ports.reader(), inputs);
    EXPECT_TRUE(seen.ok()) << describe(seen.error());
    return seen.ok() ? *seen : Observation{};
  }
  Diff diff_of(const Step& step) { return step.diff(observe(step), inputs); }
  Result<Outputs> apply(const Step& step, const Diff& diff) {
    return step.apply(ports.writer(), diff, inputs, recorder);
  }
  Outputs apply(const Step& step) {
    Result<Outputs> outputs = apply(step, diff_of(step));
    EXPECT_TRUE(outputs.ok()) << describe(outputs.error());
    return outputs.ok() ? *outputs : Outputs{};
  }

  FakeCloud cloud;
  StepPorts ports{cloud, cloud};
  NotingRecorder recorder;
  Inputs inputs;
};

TEST_F(ObjectStepTest, MissingObjectIsCreatedAfterItsIntent) {
  const CloudObjectStep step(machine_order());
  const Diff diff = diff_of(step);
  EXPECT_EQ(diff.action, Action::create);
  EXPECT_EQ(diff.reason, Reason::missing);
  const Outputs outputs = apply(step);
  EXPECT_EQ(recorder.intents, std::vector<std::string>{"demo/machine/w-1"});
  EXPECT_EQ(outputs.at("id"), "id-1");
  EXPECT_EQ(outputs.at("access").at("address"), "10.0.0.7");
  EXPECT_TRUE(diff_of(step).empty());
}

TEST_F(ObjectStepTest, LivingObjectHasNothingToDo) {
  cloud.put(living_machine("id-9"));
  EXPECT_TRUE(diff_of(CloudObjectStep(machine_order())).empty());
}

TEST_F(ObjectStepTest, AnotherClustersMarkIsNotOurs) {
  CloudObject foreign = living_machine("id-9");
  foreign.mark = "other/machine/w-1";
  cloud.put(foreign);
  EXPECT_EQ(diff_of(CloudObjectStep(machine_order())).action, Action::create);
}

TEST_F(ObjectStepTest, UnmarkedObjectIsFoundByItsName) {
  CloudObject unmarked = living_machine("id-9");
  unmarked.mark.clear();
  cloud.put(unmarked);
  EXPECT_TRUE(diff_of(CloudObjectStep(machine_order())).empty());
}

TEST_F(ObjectStepTest, LostAnswerOfACreateIsAdoptedNotRepeated) {
  const CloudObjectStep step(machine_order());
  const Diff approved = diff_of(step);
  cloud.lose_next_answer = true;
  const Result<Outputs> first = apply(step, approved);
  ASSERT_FALSE(first.ok());
  EXPECT_EQ(first.error().kind, ErrorKind::timeout);
  const Result<Outputs> second = apply(step, approved);
  ASSERT_TRUE(second.ok()) << describe(second.error());
  EXPECT_EQ(second->at("id"), "id-1");
  EXPECT_EQ(cloud.calls, std::vector<std::string>{"create machine w-1"});
}

TEST_F(ObjectStepTest, BrokenMachineOfAnInterruptedCreateIsMadeAgain) {
  const CloudObjectStep step(machine_order());
  const Diff approved = diff_of(step);
  CloudObject broken = living_machine("id-9");
  broken.fields["state"] = "error";
  cloud.put(broken);
  ASSERT_TRUE(apply(step, approved).ok());
  EXPECT_EQ(cloud.calls, (std::vector<std::string>{"remove machine id-9", "create machine w-1"}));
}

TEST_F(ObjectStepTest, StoppedMachineIsStartedAndHasNoAccessUntilThen) {
  cloud.put(living_machine("id-9")).fields["state"] = "stopped";
  const CloudObjectStep step(machine_order());
  EXPECT_FALSE(observe(step).outputs.contains("access"));
  const Diff diff = diff_of(step);
  EXPECT_EQ(diff.action, Action::update);
  EXPECT_EQ(diff.reason, Reason::drift);
  EXPECT_TRUE(apply(step).contains("access"));
  EXPECT_EQ(cloud.calls, std::vector<std::string>{R"(update machine id-9 {"state":"running"})"});
}

TEST_F(ObjectStepTest, MachineInErrorIsReplaced) {
  cloud.put(living_machine("id-9")).fields["state"] = "error";
  EXPECT_EQ(diff_of(CloudObjectStep(machine_order())).action, Action::replace);
}

TEST_F(ObjectStepTest, ChangedFieldIsUpdatedInPlaceUnlessItCannotBe) {
  cloud.put(living_machine("id-9")).fields["cpus"] = 1;
  const CloudObjectStep step(machine_order());
  const Diff update = diff_of(step);
  EXPECT_EQ(update.action, Action::update);
  EXPECT_EQ(update.reason, Reason::spec_changed);
  ASSERT_EQ(update.fields.size(), 1u);
  EXPECT_EQ(update.fields[0].field, "cpus");
  cloud.objects[0].fields["image"] = "older";
  EXPECT_EQ(diff_of(step).action, Action::replace);
  apply(step);
  EXPECT_EQ(cloud.calls, (std::vector<std::string>{"remove machine id-9", "create machine w-1"}));
}

TEST_F(ObjectStepTest, FieldsForCreationOnlyAreSentAndNeverCompared) {
  CloudObjectOrder order = machine_order();
  order.fields["user_data"] = "hello";
  order.create_only = {"user_data"};
  const CloudObjectStep step(order);
  apply(step);
  EXPECT_EQ(cloud.objects[0].fields.at("user_data"), "hello");
  cloud.objects[0].fields.erase("user_data");
  EXPECT_TRUE(diff_of(step).empty());
}

TEST_F(ObjectStepTest, WorldThatAsksForMoreThanApprovedIsRefused) {
  cloud.put(living_machine("id-9")).fields["cpus"] = 1;
  const CloudObjectStep step(machine_order());
  const Diff approved = diff_of(step);
  cloud.objects[0].fields["image"] = "older";
  const Result<Outputs> outputs = apply(step, approved);
  ASSERT_FALSE(outputs.ok());
  EXPECT_EQ(outputs.error().kind, ErrorKind::world_changed);
  EXPECT_TRUE(cloud.calls.empty());
}

TEST_F(ObjectStepTest, OldestTwinStaysAndTheOthersGo) {
  cloud.put(living_machine("young", "2026-02-02T00:00:00Z"));
  cloud.put(living_machine("old", "2026-01-01T00:00:00Z"));
  const CloudObjectStep step(machine_order());
  const Diff diff = diff_of(step);
  EXPECT_EQ(diff.action, Action::update);
  ASSERT_EQ(diff.fields.size(), 1u);
  EXPECT_EQ(diff.fields[0].field, "twins");
  EXPECT_EQ(apply(step).at("id"), "old");
  EXPECT_EQ(cloud.calls, std::vector<std::string>{"remove machine young"});
  EXPECT_TRUE(diff_of(step).empty());
}

TEST_F(ObjectStepTest, RecordedTwinStaysThoughYounger) {
  cloud.put(living_machine("old", "2026-01-01T00:00:00Z"));
  cloud.put(living_machine("young", "2026-02-02T00:00:00Z"));
  CloudObjectOrder order = machine_order();
  order.recorded_id = "young";
  EXPECT_EQ(apply(CloudObjectStep(order)).at("id"), "young");
  EXPECT_EQ(cloud.calls, std::vector<std::string>{"remove machine old"});
}

TEST_F(ObjectStepTest, UnknownInputIsShownAsUnknownAndComparedOnceKnown) {
  CloudObjectOrder order = machine_order();
  order.field_inputs = {{"network", "net"}};
  const CloudObjectStep step(order);
  inputs.set_unknown("net");
  const Diff forecast = step.forecast(inputs);
  const auto network = std::find_if(forecast.fields.begin(), forecast.fields.end(),
                                    [](const FieldChange& change) { return change.field == "network"; });
  ASSERT_NE(network, forecast.fields.end());
  EXPECT_TRUE(network->unknown);
  inputs.set("net", "net-1");
  apply(step);
  EXPECT_EQ(cloud.objects[0].fields.at("network"), "net-1");
  inputs.set("net", "net-2");
  EXPECT_EQ(diff_of(step).action, Action::update);
}

TEST_F(ObjectStepTest, AddressThatTheProviderGaveReachesTheAccess) {
  CloudObjectOrder order = machine_order();
  order.access->address.clear();
  cloud.put(living_machine("id-9")).fields["address"] = "192.0.2.44";
  EXPECT_EQ(observe(CloudObjectStep(order)).outputs.at("access").at("address"), "192.0.2.44");
}

TEST_F(ObjectStepTest, CertainIdIsKnownBeforeTheObjectIs) {
  CloudObjectOrder order = machine_order();
  order.certain_id = "slw-1";
  EXPECT_EQ(observe(CloudObjectStep(order)).outputs.at("id"), "slw-1");
}

TEST_F(ObjectStepTest, RemovalFromTheRecordDeletesByIdAndByMark) {
  cloud.put(living_machine("id-1"));
  cloud.put(living_machine("late-twin"));
  CloudObject other = living_machine("id-3");
  other.mark = "demo/machine/w-2";
  cloud.put(other);
  const Result<RemovalTarget> target = removal_target_from(removal_of(machine_order()).data, {{"id", "id-1"}});
  ASSERT_TRUE(target.ok());
  const RemoveObjectStep step(*target);
  EXPECT_EQ(diff_of(step).action, Action::remove);
  apply(step);
  ASSERT_EQ(cloud.objects.size(), 1u);
  EXPECT_EQ(cloud.objects[0].id, "id-3");
  EXPECT_TRUE(diff_of(step).empty());
}

TEST_F(ObjectStepTest, RemovalOfAnIntentWithoutResultFindsTheMark) {
  cloud.put(living_machine("id-1"));
  const Result<RemovalTarget> target = removal_target_from(removal_of(machine_order()).data, Value());
  ASSERT_TRUE(target.ok());
  EXPECT_EQ(target->id, "");
  apply(RemoveObjectStep(*target));
  EXPECT_TRUE(cloud.objects.empty());
}

TEST(RemovalTargetTest, RecordThatNamesNothingIsCorrupt) {
  const Result<RemovalTarget> target = removal_target_from({{"kind", "machine"}}, Value());
  ASSERT_FALSE(target.ok());
  EXPECT_EQ(target.error().kind, ErrorKind::corrupt);
}

/// Answers with a key of its own so often, as a machine does before its first start has put ours in place.
class StartingHost final : public testing_support::NoHosts {
 public:
  Result<void> wait_until_up(const HostAccess&, Deadline) override {
    if (++asked <= with_other_key)
      return fail(ErrorKind::verification, "the host key is not the expected one", {.found = "SHA256:another"});
    return {};
  }
  void forget(const MachineName&) override { ++forgotten; }
  int with_other_key = 0, asked = 0, forgotten = 0;
};

/// Time passes when somebody sleeps.
class SkippingClock final : public Clock {
 public:
  Instant now() const override { return now_; }
  WallTime wall() const override { return WallTime(now_.time_since_epoch()); }
  void sleep_until(Instant until) override { now_ = until; }

 private:
  Instant now_{std::chrono::hours(1)};
};

class LoginTest : public ObjectStepTest {
 protected:
  Result<Outputs> make(Milliseconds limit) {
    CloudObjectOrder order = machine_order();
    order.login_limit = limit;
    const CloudObjectStep step(order);
    return step.apply(writer, diff_of(step), inputs, recorder);
  }

  StartingHost host;
  SkippingClock clock;
  testing_support::NoCluster cluster;
  testing_support::NoArtifacts artifacts;
  Reader reader{host, cloud, cluster, artifacts, clock};
  Writer writer{reader, host, cloud, cluster, artifacts, clock};
};

TEST_F(LoginTest, NewMachineIsDoneOnceItAnswersWithTheKeyThatWasPutIntoIt) {
  host.with_other_key = 2;
  const Result<Outputs> outputs = make(std::chrono::minutes(10));
  ASSERT_TRUE(outputs.ok()) << describe(outputs.error());
  EXPECT_EQ(host.asked, 3);
  EXPECT_EQ(host.forgotten, 2);
  EXPECT_EQ(recorder.lines.back(), "w-1 answers with another host key so far: SHA256:another");
}

TEST_F(LoginTest, MachineThatKeepsAnotherKeyFailsWithBothInTheEnd) {
  host.with_other_key = 1000;
  const Result<Outputs> outputs = make(std::chrono::seconds(1));
  ASSERT_FALSE(outputs.ok());
  EXPECT_EQ(outputs.error().kind, ErrorKind::verification);
}

TEST_F(LoginTest, WithoutALimitNobodyWaits) {
  host.with_other_key = 1000;
  EXPECT_TRUE(make(Milliseconds(0)).ok());
  EXPECT_EQ(host.asked, 0);
}

}  // namespace
}  // namespace slipway
