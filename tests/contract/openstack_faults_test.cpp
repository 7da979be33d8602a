// What goes wrong between us and an OpenStack cloud, put between on purpose: each time the run is repeated, and in the
// end everything is there exactly once.

#include <gtest/gtest.h>

#include "engine/executor.h"
#include "engine/planner.h"

#include "tests/contract/openstack_bench.h"
#include "tests/contract/step_harness.h"

namespace slipway::testing_support {
namespace {

constexpr const char* made_collections[] = {"networks", "subnets", "routers",     "security_groups", "ports",
                                            "servers",  "volumes", "floatingips", "keypairs"};

/// A cloud, and runs over it.
class Trial {
 public:
  /// One run of a fresh process; what fails is left, as the engine does.
  size_t run(size_t machines) {
    const std::unique_ptr<Provider> provider = bench.open();
    Graph graph;
    EXPECT_TRUE(provider->expand(graph, bench.orders(machines)).ok());
    EXPECT_TRUE(graph.finish().ok());
    StepPorts reading(provider->reader(), provider->writer()), writing(provider->fresh_reader(), provider->writer());
    NotingRecorder recorder;
    std::map<StepId, Outputs> outputs;
    size_t failed = 0;
    for (const Node& node : graph.nodes()) {
      Inputs inputs;
      for (const auto& [name, from] : node.info.inputs) {
        const auto value = outputs[from.step].find(from.output);
        if (value == outputs[from.step].end())
          inputs.set_unknown(name);
        else
          inputs.set(name, value->second);
      }
      if (!inputs.all_known()) {
        ++failed;
        continue;
      }
      const Result<Observation> seen = node.step->observe(reading.reader(), inputs);
      if (!seen) {
        ++failed;
        continue;
      }
      const Diff diff = node.step->diff(*seen, inputs);
      outputs[node.info.id] = seen->outputs;
      if (diff.empty()) continue;
      ++acted;
      Result<Outputs> applied = node.step->apply(writing.writer(), diff, inputs, recorder);
      for (int i = 0; i < 3 && retry_each_step && !applied && retryable(applied.error().kind); ++i)
        applied = node.step->apply(writing.writer(), diff, inputs, recorder);
      if (applied) {
        outputs[node.info.id] = *applied;
      } else {
        ++failed;
        outputs[node.info.id].clear();
        last_error = applied.error();
      }
    }
    return failed;
  }

  /// Runs until nothing fails, at most `most` times.
  void settle(size_t machines, int most = 4) {
    for (int i = 0; i < most; ++i)
      if (run(machines) == 0) return;
    FAIL() << "it did not settle: " << describe(last_error);
  }

  /// What a run without faults makes, by collection.
  void expect_all_once(size_t machines) {
    std::map<std::string, size_t> expected = {{"networks", 2},        {"subnets", 1},          {"routers", 1},
                                              {"security_groups", 3}, {"ports", machines + 2}, {"servers", machines},
                                              {"volumes", machines},  {"floatingips", 2},      {"keypairs", 1}};
    for (const char* collection : made_collections)
      EXPECT_EQ(bench.cloud.objects(collection).size(), expected.at(collection)) << collection;
    acted = 0;
    EXPECT_EQ(run(machines), 0u);
    EXPECT_EQ(acted, 0u) << "a further run still had something to do";
  }

  RecordedOpenstack bench;
  size_t acted = 0;
  bool retry_each_step = false;  ///< As the engine does within a run.
  Error last_error;
};

class OpenstackFaults : public ::testing::Test, public Trial {};

bool makes(const CloudCall& call) {
  return call.service != "identity" && (call.method == "POST" || call.method == "PUT");
}

TEST_F(OpenstackFaults, EachLostAnswerOfACreateLeavesOneObject) {
  settle(1);
  int creates = 0;
  for (const CloudCall& call : bench.cloud.calls()) creates += makes(call) ? 1 : 0;
  ASSERT_GT(creates, 10);
  for (int lost = 1; lost <= creates; ++lost) {
    SCOPED_TRACE("answer " + std::to_string(lost) + " of " + std::to_string(creates) + " lost");
    Trial again;
    std::atomic<int> seen{0};
    again.bench.cloud.lose_answer = [&](const CloudCall& call) { return makes(call) && ++seen == lost; };
    again.settle(1);
    again.bench.cloud.lose_answer = nullptr;
    again.expect_all_once(1);
    if (HasFailure()) return;
  }
}

TEST_F(OpenstackFaults, ServerErrorBeforeEachCreateIsMendedByTheNextRun) {
  std::atomic<int> number{0};
  bench.cloud.refuse = [&](const CloudCall& call) { return makes(call) && ++number % 3 == 0 ? 500 : 0; };
  settle(2, 12);
  bench.cloud.refuse = nullptr;
  expect_all_once(2);
}

TEST_F(OpenstackFaults, TokenThatIsRevokedInMidRunIsRenewedUnnoticed) {
  bench.cloud.refuse = [&](const CloudCall& call) {
    if (call.number % 7 == 0) bench.cloud.revoke_tokens();
    return 0;
  };
  EXPECT_EQ(run(2), 0u) << describe(last_error);
  bench.cloud.refuse = nullptr;
  EXPECT_GE(bench.cloud.tokens_given().size(), 4u);
  expect_all_once(2);
}

TEST_F(OpenstackFaults, ThrottledCallsAreRepeatedInPlace) {
  bench.cloud.refuse = [&](const CloudCall& call) { return call.number % 3 == 0 ? 429 : 0; };
  EXPECT_EQ(run(2), 0u) << describe(last_error);
  bench.cloud.refuse = nullptr;
  expect_all_once(2);
}

TEST_F(OpenstackFaults, ListsThatLagBehindALostAnswerMakeNoTwins) {
  bench.options.list_lag = Milliseconds(400);
  bench.cloud.list_lag = Milliseconds(150);
  std::atomic<int> number{0};
  bench.cloud.lose_answer = [&](const CloudCall& call) { return makes(call) && ++number % 4 == 0; };
  retry_each_step = true;
  settle(2, 6);
  bench.cloud.lose_answer = nullptr;
  bench.cloud.list_lag = Milliseconds(0);
  expect_all_once(2);
}

TEST_F(OpenstackFaults, ServerWhoseBuildBreaksIsMadeOnceMoreAndThenTold) {
  std::atomic<int> builds{0};
  bench.cloud.build_outcome = [&](const std::string&) { return ++builds == 1 ? "ERROR" : "ACTIVE"; };
  EXPECT_EQ(run(1), 0u) << describe(last_error);
  expect_all_once(1);
  bench.cloud.build_outcome = [](const std::string& name) { return name.ends_with("w-2") ? "ERROR" : "ACTIVE"; };
  EXPECT_GT(run(2), 0u);
  EXPECT_EQ(last_error.summary, "the cloud could not build the server");
  EXPECT_EQ(bench.cloud.objects("servers").size(), 1u) << "what broke was not taken away";
  bench.cloud.build_outcome = nullptr;
  settle(2);
  expect_all_once(2);
}

TEST_F(OpenstackFaults, ServerThatBuildsForEverIsDeletedAtTheLimit) {
  bench.options.build_limit = Milliseconds(200);
  bench.cloud.build_outcome = [](const std::string&) { return "BUILD"; };
  EXPECT_GT(run(1), 0u);
  EXPECT_EQ(last_error.kind, ErrorKind::timeout) << describe(last_error);
  EXPECT_TRUE(bench.cloud.objects("servers").empty());
  bench.cloud.build_outcome = nullptr;
  settle(1);
  expect_all_once(1);
}

TEST_F(OpenstackFaults, QuotaThatDoesNotSufficeIsToldBeforeAnythingIsMade) {
  bench.cloud.limits = {{"instances", 1}, {"port", 3}};
  const std::unique_ptr<Provider> provider = bench.open();
  Graph graph;
  ASSERT_TRUE(provider->expand(graph, bench.orders(2)).ok());
  ASSERT_TRUE(graph.finish().ok());
  StepPorts ports(provider->reader(), provider->writer());
  const Result<Plan> plan = make_plan(graph, State{}, ports.reader(), ports.writer().clock, {}, nullptr);
  ASSERT_TRUE(plan.ok()) << describe(plan.error());
  const Result<std::vector<Claim>> claims = provider->claims(*plan);
  ASSERT_TRUE(claims.ok()) << describe(claims.error());
  const Result<void> room = check_room(*claims);
  ASSERT_FALSE(room.ok());
  EXPECT_EQ(room.error().kind, ErrorKind::quota);
  EXPECT_EQ(room.error().found, "ports: 3 left, servers: 1 left");
  EXPECT_EQ(room.error().expected, "ports: 4, servers: 2");
  for (const CloudCall& call : bench.cloud.calls()) EXPECT_FALSE(makes(call)) << call.path;
}

TEST_F(OpenstackFaults, NothingToDoCostsOneListOfEachKind) {
  settle(2);
  const size_t before = bench.cloud.calls().size();
  acted = 0;
  EXPECT_EQ(run(2), 0u);
  EXPECT_EQ(acted, 0u);
  std::map<std::string, int> asked;
  const std::vector<CloudCall> calls = bench.cloud.calls();
  for (size_t i = before; i < calls.size(); ++i) {
    EXPECT_TRUE(calls[i].method == "GET" || calls[i].service == "identity") << calls[i].path;
    ++asked[calls[i].service + " " + calls[i].path.substr(0, calls[i].path.find("project_id"))];
  }
  for (const auto& [path, times] : asked)
    EXPECT_LE(times, path.starts_with("volume /volumes") ? 2 : 1) << path;  // Attachments stand in them, too.
  RecordProperty("calls", static_cast<int>(calls.size() - before));
}

struct Drift {
  const char* name;
  const char* step;
  Action action;
  std::function<void(RecordedCloud&)> break_it;
};
void PrintTo(const Drift& drift, std::ostream* out) { *out << drift.name; }

class OpenstackDrift : public OpenstackFaults, public ::testing::WithParamInterface<Drift> {};

TEST_P(OpenstackDrift, IsFoundAndMendedAndNothingElseIsTouched) {
  settle(1);
  GetParam().break_it(bench.cloud);
  const std::unique_ptr<Provider> provider = bench.open();
  Graph graph;
  ASSERT_TRUE(provider->expand(graph, bench.orders(1)).ok());
  const GraphRun seen = run_graph(graph, provider->reader(), provider->writer(), Apply::no);
  EXPECT_EQ(seen.diffs.at(StepId(GetParam().step)).action, GetParam().action);
  settle(1);
  expect_all_once(1);
}

std::string first_id(RecordedCloud& cloud, const char* collection, const char* name_end) {
  for (const Value& object : cloud.objects(collection))
    if (text_at(object, "name").ends_with(name_end)) return text_at(object, "id");
  ADD_FAILURE() << "no " << collection << " " << name_end;
  return {};
}

INSTANTIATE_TEST_SUITE_P(
    Cases, OpenstackDrift,
    ::testing::Values(
        Drift{"ServerMissing", "machine/w-1", Action::create,
              [](RecordedCloud& cloud) { cloud.erase("servers", first_id(cloud, "servers", "w-1")); }},
        Drift{"ServerError", "machine/w-1", Action::replace,
              [](RecordedCloud& cloud) {
                cloud.change("servers", first_id(cloud, "servers", "w-1"), {{"status", "ERROR"}});
              }},
        Drift{"ServerStopped", "machine/w-1", Action::update,
              [](RecordedCloud& cloud) {
                cloud.change("servers", first_id(cloud, "servers", "w-1"), {{"status", "SHUTOFF"}});
              }},
        Drift{
            "FlavorOfAnotherSize", "machine/w-1", Action::replace,
            [](RecordedCloud& cloud) {
              cloud.change("servers", first_id(cloud, "servers", "w-1"), {{"flavor", {{"original_name", "m1.large"}}}});
            }},
        Drift{"VolumeDetached", "attachment/w-1", Action::create,
              [](RecordedCloud& cloud) {
                cloud.change("volumes", first_id(cloud, "volumes", "w-1"),
                             {{"status", "available"}, {"attachments", Value::array()}});
              }},
        Drift{"RuleRemoved", "cloud/security-group/nodes", Action::update,
              [](RecordedCloud& cloud) {
                cloud.change("security_groups", first_id(cloud, "security_groups", "-nodes"),
                             {{"security_group_rules", Value::array()}});
              }},
        Drift{"RuleAdded", "cloud/security-group/nodes", Action::update,
              [](RecordedCloud& cloud) {
                const std::string id = first_id(cloud, "security_groups", "-nodes");
                Value rules;
                for (const Value& group : cloud.objects("security_groups"))
                  if (text_at(group, "id") == id) rules = group["security_group_rules"];
                rules.push_back({{"id", "hole"},
                                 {"direction", "ingress"},
                                 {"ethertype", "IPv4"},
                                 {"protocol", "tcp"},
                                 {"port_range_min", 1},
                                 {"port_range_max", 65535}});
                cloud.change("security_groups", id, {{"security_group_rules", rules}});
              }},
        Drift{"FloatingAddressMissing", "floating/api", Action::create,
              [](RecordedCloud& cloud) {
                for (const Value& floating : cloud.objects("floatingips"))
                  if (text_at(floating, "description").ends_with("/api"))
                    cloud.erase("floatingips", text_at(floating, "id"));
              }},
        Drift{"FloatingAddressElsewhere", "floating/bastion", Action::update,
              [](RecordedCloud& cloud) {
                for (const Value& floating : cloud.objects("floatingips"))
                  if (text_at(floating, "description").ends_with("/bastion"))
                    cloud.change("floatingips", text_at(floating, "id"), {{"port_id", nullptr}});
              }},
        Drift{"PortOpenToOtherAddresses", "port/w-1", Action::update,
              [](RecordedCloud& cloud) {
                cloud.change("ports", first_id(cloud, "ports", "w-1"),
                             {{"allowed_address_pairs", Value::array({{{"ip_address", "0.0.0.0/0"}}})}});
              }}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace slipway::testing_support
