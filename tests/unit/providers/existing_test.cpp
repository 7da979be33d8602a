#include <gtest/gtest.h>

#include "providers/existing/existing_provider.h"

#include "tests/contract/step_harness.h"

namespace slipway {
namespace {

using testing_support::Apply;
using testing_support::GraphRun;
using testing_support::run_graph;

Spec spec_with_hosts() {
  Spec spec;
  spec.name = "lab";
  spec.provider = "existing";
  spec.ssh = {.user = "debian", .port = 2222, .key = {}, .sudo = true, .jump = "ops@192.0.2.9", .known_hosts = {}};
  Pool workers;
  workers.name = "workers";
  workers.count = 2;
  ExistingHost first, second;
  first.name = "w1";
  first.address = "10.0.0.1";
  first.fingerprint = "SHA256:abc";
  second.name = "w2";
  second.address = "10.0.0.2";
  second.port = 22;
  second.user = "root";
  workers.hosts = {first, second};
  spec.pools = {workers};
  return spec;
}

std::vector<MachineOrder> orders_of(const std::vector<std::string>& names) {
  std::vector<MachineOrder> orders;
  for (const std::string& name : names) {
    MachineOrder order;
    order.name = MachineName(name);
    order.pool = "workers";
    orders.push_back(order);
  }
  return orders;
}

TEST(ExistingProviderTest, HostsAreTakenAsTheyAreWithTheSpecsAccess) {
  const Result<std::unique_ptr<Provider>> provider = make_existing_provider(spec_with_hosts());
  ASSERT_TRUE(provider.ok());
  Graph graph;
  const auto steps = (*provider)->expand(graph, orders_of({"w1", "w2"}));
  ASSERT_TRUE(steps.ok());
  const GraphRun run = run_graph(graph, (*provider)->reader(), (*provider)->writer(), Apply::yes);
  EXPECT_EQ(run.acted(), 0u);
  const Result<HostAccess> first = host_access_from(run.outputs.at((*steps)[0].step).at("access"));
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(*first, (HostAccess{.machine = MachineName("w1"),
                                .address = "10.0.0.1",
                                .port = 2222,
                                .user = "debian",
                                .sudo = true,
                                .jump = "ops@192.0.2.9:22",
                                .jump_host_keys = {},
                                .host_keys = {"SHA256:abc"}}));
  const Result<HostAccess> second = host_access_from(run.outputs.at((*steps)[1].step).at("access"));
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(second->port, 22);
  EXPECT_EQ(second->user, "root");
  EXPECT_TRUE(second->host_keys.empty());
}

TEST(ExistingProviderTest, RemovalLeavesTheHostToItsCleaningPlaybook) {
  const Result<std::unique_ptr<Provider>> provider = make_existing_provider(spec_with_hosts());
  ASSERT_TRUE(provider.ok());
  Graph graph;
  ASSERT_TRUE((*provider)->expand(graph, orders_of({"w1"})).ok());
  ASSERT_TRUE(graph.finish().ok());
  const Removal& removal = graph.nodes()[0].info.removal;
  EXPECT_EQ(removal.kind, "existing-host");
  EXPECT_EQ(removal.data.at("address"), "10.0.0.1");
}

TEST(ExistingProviderTest, HostThatTheSpecLacksIsRefused) {
  const Result<std::unique_ptr<Provider>> provider = make_existing_provider(spec_with_hosts());
  ASSERT_TRUE(provider.ok());
  Graph graph;
  const auto steps = (*provider)->expand(graph, orders_of({"w9"}));
  ASSERT_FALSE(steps.ok());
  EXPECT_EQ(steps.error().kind, ErrorKind::bad_input);
}

struct JumpCase {
  const char* written;
  const char* understood;  ///< Empty: refused.
};

class JumpHostTest : public ::testing::TestWithParam<JumpCase> {};

TEST_P(JumpHostTest, IsReadInFull) {
  Spec spec = spec_with_hosts();
  spec.ssh.jump = GetParam().written;
  const Result<std::unique_ptr<Provider>> provider = make_existing_provider(spec);
  ASSERT_EQ(provider.ok(), *GetParam().understood != '\0');
  if (!provider) return;
  Graph graph;
  const auto steps = (*provider)->expand(graph, orders_of({"w1"}));
  ASSERT_TRUE(steps.ok());
  const GraphRun run = run_graph(graph, (*provider)->reader(), (*provider)->writer(), Apply::no);
  EXPECT_EQ(run.outputs.at((*steps)[0].step).at("access").at("jump"), GetParam().understood);
}

INSTANTIATE_TEST_SUITE_P(Written, JumpHostTest,
                         ::testing::Values(JumpCase{"10.0.0.9", "debian@10.0.0.9:22"},
                                           JumpCase{"ops@10.0.0.9", "ops@10.0.0.9:22"},
                                           JumpCase{"ops@bastion.example:2200", "ops@bastion.example:2200"},
                                           JumpCase{"ops@bastion:ssh", ""}, JumpCase{"@bastion", ""},
                                           JumpCase{"ops@:22", ""}, JumpCase{"ops@bastion:70000", ""}));

}  // namespace
}  // namespace slipway
