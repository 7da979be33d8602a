#include "cluster/members.h"

#include <gtest/gtest.h>

#include "cluster/removals.h"

namespace slipway {
namespace {

Spec spec_with(int control, int workers) {
  const Result<Spec> spec = parse_spec("test.yaml",
                                       "name: lab\nprovider: local\nlocal: {subnet: 10.99.5.0/24}\n"
                                       "network: {pods: 10.244.0.0/16, services: 10.96.0.0/16, endpoint: 10.99.5.10, "
                                       "load_balancers: 10.99.5.14-10.99.5.19}\n"
                                       "pools:\n"
                                       "  control: {role: control-plane, count: " +
                                           std::to_string(control) +
                                           ", size: {cpus: 2, memory: 2GiB, disk: 20GiB}}\n"
                                           "  workers: {role: worker, count: " +
                                           std::to_string(workers) + ", size: {cpus: 1, memory: 1GiB, disk: 20GiB}}\n");
  EXPECT_TRUE(spec.ok()) << describe(spec.error());
  return *spec;
}

State state_after(const Membership& membership) {
  State state;
  state.pools = membership.pools;
  state.addresses = membership.addresses;
  return state;
}

std::vector<std::string> names(const Membership& membership) {
  std::vector<std::string> found;
  for (const Member& member : membership.members) found.push_back(member.name.text());
  return found;
}

using Names = std::vector<std::string>;

TEST(Members, AreNumberedFromOneControlPlanesFirst) {
  const Spec spec = spec_with(1, 2);
  const Result<Membership> members = settle_members(spec, State{});
  ASSERT_TRUE(members.ok());
  EXPECT_EQ(names(*members), (Names{"control-1", "workers-1", "workers-2"}));
  EXPECT_TRUE(members->members[0].fresh);
}

TEST(Members, HaveAddressesOutsideTheEndpointAndTheLoadBalancerRange) {
  const Spec spec = spec_with(1, 4);
  const Result<Membership> members = settle_members(spec, State{});
  ASSERT_TRUE(members.ok());
  Names addresses;
  for (const Member& member : members->members) addresses.push_back(member.address);
  EXPECT_EQ(addresses, (Names{"10.99.5.11", "10.99.5.12", "10.99.5.13", "10.99.5.20", "10.99.5.21"}));
}

TEST(Members, FixedHoldersStayWhereTheyAreWhenAWorkerComes) {
  Spec spec = spec_with(1, 2);
  EXPECT_TRUE(address_holders(spec, *settle_members(spec, State{})).empty());
  spec.network.fixed_holders = true;
  const auto holders = address_holders(spec, *settle_members(spec, State{}));
  const std::map<MachineName, Names> wanted = {{MachineName("control-1"), {"10.99.5.10"}},
                                               {MachineName("workers-1"), {"10.99.5.14", "10.99.5.16", "10.99.5.18"}},
                                               {MachineName("workers-2"), {"10.99.5.15", "10.99.5.17", "10.99.5.19"}}};
  EXPECT_EQ(holders, wanted);
  Spec bigger = spec_with(1, 3);
  bigger.network.fixed_holders = true;
  EXPECT_EQ(address_holders(bigger, *settle_members(bigger, State{})), wanted);
  Spec alone = spec_with(1, 0);
  alone.network.fixed_holders = true;
  EXPECT_EQ(address_holders(alone, *settle_members(alone, State{})).at(MachineName("control-1")).size(), 7u);
}

TEST(Members, TakeTheirAddressesFromTheRangeThatTheProviderBlockNames) {
  const Result<Spec> spec =
      parse_spec("test.yaml",
                 "name: lab\nprovider: opennebula\n"
                 "opennebula: {template: t, network: n, subnet: 10.10.0.0/24, addresses: 10.10.0.100-10.10.0.103}\n"
                 "network: {endpoint: 10.10.0.101}\n"
                 "pools: {control: {role: control-plane, count: 3}}\n");
  ASSERT_TRUE(spec.ok()) << describe(spec.error());
  const Result<Membership> members = settle_members(*spec, State{});
  ASSERT_TRUE(members.ok());
  Names addresses;
  for (const Member& member : members->members) addresses.push_back(member.address);
  EXPECT_EQ(addresses, (Names{"10.10.0.100", "10.10.0.102", "10.10.0.103"}));
}

TEST(Members, KeepTheirAddressesAndNamesInLaterRuns) {
  const Spec spec = spec_with(1, 2), larger = spec_with(1, 3);
  const Membership first = *settle_members(spec, State{});
  const Membership second = *settle_members(larger, state_after(first));
  EXPECT_EQ(names(second), (Names{"control-1", "workers-1", "workers-2", "workers-3"}));
  for (const Member& member : first.members) EXPECT_EQ(second.find(member.name)->address, member.address);
  EXPECT_FALSE(second.find(MachineName("workers-2"))->fresh);
  EXPECT_TRUE(second.find(MachineName("workers-3"))->fresh);
}

TEST(Members, AnOrdinalIsNeverUsedTwice) {
  const Spec three = spec_with(1, 3), two = spec_with(1, 2);
  const Membership grown = *settle_members(three, State{});
  const Membership shrunk = *settle_members(two, state_after(grown));
  EXPECT_EQ(names(shrunk), (Names{"control-1", "workers-1", "workers-2"}));
  EXPECT_EQ(shrunk.leaving, std::vector<MachineName>{MachineName("workers-3")});
  const Membership again = *settle_members(three, state_after(shrunk));
  EXPECT_EQ(names(again), (Names{"control-1", "workers-1", "workers-2", "workers-4"}));
}

TEST(Members, TheNamedOneLeavesInsteadOfTheHighest) {
  const Spec three = spec_with(1, 3), two = spec_with(1, 2);
  const State state = state_after(*settle_members(three, State{}));
  const Result<Membership> members = settle_members(two, state, {.leaving = {MachineName("workers-1")}});
  ASSERT_TRUE(members.ok());
  EXPECT_EQ(names(*members), (Names{"control-1", "workers-2", "workers-3"}));
  EXPECT_FALSE(settle_members(two, state, {.leaving = {MachineName("nobody-1")}}).ok());
}

TEST(Members, AReplacementIsAddedBeforeTheOldOneLeavesWhateverTheSpecCounts) {
  const Spec spec = spec_with(1, 2);
  const State before = state_after(*settle_members(spec, State{}));
  const Result<Membership> grown = settle_members(spec, before, {.counts = {{"workers", 3}}});
  ASSERT_TRUE(grown.ok());
  EXPECT_EQ(names(*grown), (Names{"control-1", "workers-1", "workers-2", "workers-3"}));
  EXPECT_TRUE(grown->leaving.empty());
  const Result<Membership> swapped =
      settle_members(spec, state_after(*grown), {.leaving = {MachineName("workers-1")}, .counts = {{"workers", 2}}});
  ASSERT_TRUE(swapped.ok());
  EXPECT_EQ(names(*swapped), (Names{"control-1", "workers-2", "workers-3"}));
  EXPECT_EQ(swapped->leaving, std::vector<MachineName>{MachineName("workers-1")});
}

TEST(Members, ADeadControlPlaneLeavesBeforeAnotherTakesItsPlace) {
  const Spec spec = spec_with(3, 1);
  const State before = state_after(*settle_members(spec, State{}));
  const Result<Membership> without =
      settle_members(spec, before, {.leaving = {MachineName("control-2")}, .counts = {{"control", 2}}});
  ASSERT_TRUE(without.ok());
  EXPECT_EQ(names(*without), (Names{"control-1", "control-3", "workers-1"}));
  const Result<Membership> again = settle_members(spec, state_after(*without), {.counts = {{"control", 3}}});
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(names(*again), (Names{"control-1", "control-3", "control-4", "workers-1"}));
}

TEST(Removals, GoInReverseOfTheStoredEdgesAlsoThroughRecordsThatNeedNoDelete) {
  State state;
  const auto add = [&](const std::string& id, const std::string& kind, const std::vector<std::string>& needs) {
    StepRecord record;
    record.id = StepId(id);
    record.removal_kind = kind;
    for (const std::string& need : needs) record.needs.emplace_back(need);
    state.steps[record.id] = record;
  };
  add("machine/w-1", "cloud", {"network"});
  add("network", "cloud", {});
  add("host/w-1/base", "", {"machine/w-1"});
  add("node/w-1", "node", {"host/w-1/base"});
  struct Nothing final : Step {
    Result<Observation> observe(Reader&, const Inputs&) const override { return Observation{}; }
    Diff diff(const Observation&, const Inputs&) const override { return {}; }
    Result<Outputs> apply(Writer&, const Diff&, const Inputs&, Recorder&) const override { return Outputs{}; }
  };
  const RemovalFactory nothing = [](const StepRecord&) -> Result<std::unique_ptr<Step>> {
    return std::unique_ptr<Step>(std::make_unique<Nothing>());
  };
  Graph graph;
  ASSERT_TRUE(add_removals(graph, state, {}, nothing).ok());
  ASSERT_TRUE(graph.finish().ok());
  Names order;
  for (const Node& node : graph.nodes()) order.push_back(node.info.id.text());
  EXPECT_EQ(order, (Names{"node/w-1", "machine/w-1", "network"}));

  Graph destroyed;
  ASSERT_TRUE(add_removals(destroyed, state, {.everything = true, .cluster_goes_too = true}, nothing).ok());
  EXPECT_EQ(destroyed.nodes().size(), 2u) << "a node of a cluster that goes as a whole needs no delete of its own";
  EXPECT_EQ(forgettable(graph, state), std::vector<StepId>{StepId("host/w-1/base")});
}

}  // namespace
}  // namespace slipway
