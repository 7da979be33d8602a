// What provider `opennebula` knows before anything is made: what a plan takes, what it costs, what would stop it.

#include <gtest/gtest.h>

#include "engine/planner.h"

#include "tests/contract/opennebula_bench.h"
#include "tests/contract/step_harness.h"

namespace slipway::testing_support {
namespace {

using one::World;

/// The plan that makes the bench's two machines.
Result<Plan> first_plan(Provider& provider, OpenNebulaBench& bench) {
  Graph graph;
  if (auto steps = provider.expand(graph, bench.orders(2)); !steps) return std::move(steps).error();
  if (Result<void> finished = graph.finish(); !finished) return std::move(finished).error();
  StepPorts ports(provider.reader(), provider.writer());
  return make_plan(graph, State{}, ports.reader(), ports.writer().clock, {}, nullptr);
}

/// "machines 2 of 5, …"; what has no limit is of "any".
std::string first_claims(OpenNebulaBench& bench) {
  const std::unique_ptr<Provider> provider = bench.open();
  const Result<Plan> plan = first_plan(*provider, bench);
  if (!plan) return describe(plan.error());
  const Result<std::vector<Claim>> claims = provider->claims(*plan);
  if (!claims) return describe(claims.error());
  std::string said;
  for (const Claim& claim : *claims)
    said += (said.empty() ? "" : ", ") + claim.what + " " + std::to_string(claim.wanted) + " of " +
            (claim.left ? std::to_string(*claim.left) : "any");
  return said;
}

TEST(OpenNebulaBeforehand, ClaimsAreComparedWithTheSmallestLimit) {
  OpenNebulaBench bench;
  EXPECT_EQ(first_claims(bench), "machines 2 of any, CPUs 2 of any, MiB of memory 512 of any");
  bench.server.with_world([](World& world) { world.users.at(2).vm_limits = {{"VMS", 5}, {"MEMORY", 4096}}; });
  EXPECT_EQ(first_claims(bench), "machines 2 of 5, CPUs 2 of any, MiB of memory 512 of 4096");
  // Who may see the hosts learns their room: eight CPUs and 16 GiB each; the dead one gives nothing.
  bench.server.with_world([](World& world) {
    world.users.at(2).gid = 0;
    world.hosts.at(1).state = 3;
  });
  EXPECT_EQ(first_claims(bench), "machines 2 of 5, CPUs 2 of 8, MiB of memory 512 of 4096");
}

TEST(OpenNebulaBeforehand, ATemplatesCostsAreThePrice) {
  const auto price = [](std::vector<std::pair<const char*, const char*>> costs) {
    OpenNebulaBench bench;
    bench.server.with_world([&](World& world) {
      for (const auto& [name, value] : costs) one::set(world.templates.at(0).attributes, name, value);
    });
    return bench.open()
        ->price_per_hour({.cpus = 4, .memory_bytes = uint64_t{8} << 30, .disk_bytes = uint64_t{40} << 30})
        .value();
  };
  EXPECT_FALSE(price({}));
  EXPECT_FALSE(price({{"CPU_COST", "0"}, {"MEMORY_COST", "0"}}));
  EXPECT_DOUBLE_EQ(price({{"CPU_COST", "0.02"}, {"MEMORY_COST", "0.00001"}}).value(), 4 * 0.02 + 8192 * 0.00001);
  EXPECT_FALSE(price({{"CPU_COST", "0.02"}, {"DISK_COST", "0.1"}}));
}

struct Refusal {
  std::string name, summary;
  ErrorKind kind;
  std::function<void(OpenNebulaBench&)> arrange;
};

class OpenNebulaRefusal : public ::testing::TestWithParam<Refusal> {};

TEST_P(OpenNebulaRefusal, IsToldBeforehand) {
  OpenNebulaBench bench(GetParam().name != "ImageTooLarge");
  GetParam().arrange(bench);
  const std::vector<Error> problems = bench.open()->preflight();
  ASSERT_FALSE(problems.empty());
  const bool told = std::any_of(problems.begin(), problems.end(), [](const Error& problem) {
    return problem.kind == GetParam().kind && problem.summary.find(GetParam().summary) != std::string::npos &&
           !problem.advice.empty();
  });
  EXPECT_TRUE(told) << describe(problems.front());
}

Refusal in_world(const char* name, const char* summary, ErrorKind kind, std::function<void(World&)> arrange) {
  return {name, summary, kind, [arrange = std::move(arrange)](OpenNebulaBench& bench) {
            bench.server.with_world([&](World& w) { arrange(w); });
          }};
}

INSTANTIATE_TEST_SUITE_P(
    All, OpenNebulaRefusal,
    ::testing::Values(
        in_world("WrongPassword", "refuses the credentials", ErrorKind::unauthorised,
                 [](World& w) { w.users.at(2).password = "other"; }),
        in_world("VmQuota", "quota is too small", ErrorKind::quota,
                 [](World& w) {
                   w.users.at(2).vm_limits = {{"VMS", 1}};
                 }),
        in_world("CpuQuota", "quota is too small", ErrorKind::quota,
                 [](World& w) {
                   w.users.at(2).vm_limits = {{"CPU", 1}};
                 }),
        in_world("LeaseQuota", "quota is too small", ErrorKind::quota,
                 [](World& w) {
                   w.users.at(2).lease_limits = {{0, 1}};
                 }),
        in_world("NoTemplate", "no such VM template", ErrorKind::not_found, [](World& w) { w.templates.clear(); }),
        in_world("NoNetwork", "no such virtual network", ErrorKind::not_found, [](World& w) { w.networks.clear(); }),
        in_world("TwoTemplates", "several OpenNebula objects", ErrorKind::bad_input,
                 [](World& w) {
                   w.templates[7] = w.templates.at(0);
                   w.templates[7].id = 7;
                   w.templates[7].uid = 2;
                 }),
        Refusal{"SpoofingFilter", "drops packets", ErrorKind::bad_input,
                [](OpenNebulaBench& bench) {
                  bench.spec.pools[0].role = Role::control_plane;
                  bench.server.with_world(
                      [](World& w) { one::set(w.networks.at(0).attributes, "FILTER_IP_SPOOFING", "YES"); });
                }},
        Refusal{"HeldAddressOutside", "an address that a machine is to hold lies in no address range",
                ErrorKind::bad_input,
                [](OpenNebulaBench& bench) {
                  bench.spec.network.fixed_holders = true;
                  bench.spec.network.endpoint = parse_address("10.10.0.3").value();
                }},
        in_world("AddressesTaken", "too few free addresses", ErrorKind::quota,
                 [](World& w) {
                   for (uint32_t i = 0; i < 19; ++i) w.networks.at(0).ranges[0].leases[i] = {.vm = -1};
                 }),
        Refusal{"AddressesOutside", "does not give the subnet's first addresses", ErrorKind::bad_input,
                [](OpenNebulaBench& bench) { bench.spec.provider_settings.erase("addresses"); }},
        Refusal{"ImageTooLarge", "disk is smaller than the image", ErrorKind::bad_input,
                [](OpenNebulaBench& bench) { bench.spec.pools[0].size.disk_bytes = uint64_t{1} << 30; }}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace slipway::testing_support
