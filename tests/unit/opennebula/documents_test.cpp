#include "providers/opennebula/documents.h"

#include <gtest/gtest.h>

#include "providers/opennebula/states.h"

#include "tests/opennebula/recorded.h"

namespace slipway::opennebula {
namespace {

using namespace slipway::testing_support;

Vm vm_of(const std::string& exchange) {
  Result<std::vector<Vm>> vms = read_vms(body_of(recorded(exchange)));
  EXPECT_TRUE(vms.ok() && vms->size() == 1) << exchange;
  return vms.ok() && !vms->empty() ? vms->front() : Vm{};
}

TEST(Documents, ARunningMachineIsReadWithItsTagsDisksAndNics) {
  const Vm vm = vm_of("vm-info-running");
  EXPECT_EQ(vm.id, 0);
  EXPECT_EQ(vm.name, "worker-0");
  EXPECT_EQ(state_name(vm.state, vm.lcm_state), "RUNNING");
  EXPECT_EQ(vm.vcpu, 2);
  EXPECT_EQ(vm.memory_mb, 1024);
  ASSERT_EQ(vm.disks.size(), 1u);
  EXPECT_EQ(vm.disks[0].size_mb, 4096);
  EXPECT_EQ(vm.disks[0].image, "debian12");
  ASSERT_EQ(vm.nics.size(), 1u);
  EXPECT_EQ(vm.nics[0].ip, "10.10.0.100");
  EXPECT_EQ(vm.nics[0].security_groups, std::vector<int>{0});
  EXPECT_FALSE(vm.nics[0].filters_ip);
  EXPECT_EQ(vm.tag("PROVISIONER_NODE"), "worker-0");
  EXPECT_EQ(vm.context_value("SSH_PUBLIC_KEY"), "ssh-ed25519 AAAA k@x");
  EXPECT_EQ(vm.host, "host1");
  EXPECT_EQ(vm.created, 1795248353);
}

TEST(Documents, DisksAndNicsComeByTheirIds) {
  const Vm vm = vm_of("vm-info-attached");
  ASSERT_EQ(vm.disks.size(), 3u);
  EXPECT_EQ(vm.disks[1].type, "fs");
  EXPECT_TRUE(vm.disks[2].persistent);
  EXPECT_EQ(vm.disks[2].image_id, "1");
  ASSERT_EQ(vm.nics.size(), 2u);
  EXPECT_LT(vm.nics[0].id, vm.nics[1].id);
}

struct StateCase {
  const char* exchange;
  const char* name;
  Condition condition;
};

class RecordedState : public ::testing::TestWithParam<StateCase> {};

TEST_P(RecordedState, IsNamedAndUnderstood) {
  const Vm vm = vm_of(GetParam().exchange);
  EXPECT_EQ(state_name(vm.state, vm.lcm_state), GetParam().name);
  EXPECT_EQ(condition_of(vm.state, vm.lcm_state), GetParam().condition);
  EXPECT_EQ(recovery_of(vm.state, vm.lcm_state, vm.id).empty(), GetParam().condition != Condition::failed);
}

INSTANTIATE_TEST_SUITE_P(All, RecordedState,
                         ::testing::Values(StateCase{"vm-info-hold", "HOLD", Condition::held},
                                           StateCase{"vm-info-pending-no-capacity", "PENDING", Condition::starting},
                                           StateCase{"vm-info-running", "RUNNING", Condition::running},
                                           StateCase{"vm-info-poweroff", "POWEROFF", Condition::resting},
                                           StateCase{"vm-info-done", "DONE", Condition::gone},
                                           StateCase{"vm-info-boot-failure", "BOOT_FAILURE", Condition::failed},
                                           StateCase{"vm-info-prolog-failure", "PROLOG_FAILURE", Condition::failed}),
                         [](const auto& info) {
                           std::string name = info.param.exchange;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

TEST(States, EveryNumberHasAConditionAndUnknownOnesAreNamedByNumber) {
  for (int lcm_state = 0; lcm_state < 72; ++lcm_state) {
    const std::string name = state_name(3, lcm_state);
    EXPECT_FALSE(name.empty());
    EXPECT_EQ(name.find("FAILURE") != std::string::npos, condition_of(3, lcm_state) == Condition::failed) << name;
  }
  EXPECT_EQ(state_name(3, 3), "RUNNING");
  EXPECT_EQ(state_name(3, 36), "BOOT_FAILURE");
  EXPECT_EQ(state_name(3, 71), "RESTORE");
  EXPECT_EQ(state_name(3, 99), "LCM_STATE 99");
  EXPECT_EQ(state_name(99, 0), "STATE 99");
  EXPECT_EQ(condition_of(3, 18), Condition::settling);
  EXPECT_EQ(condition_of(3, 16), Condition::lost);
  EXPECT_EQ(condition_of(10, 0), Condition::starting);
  EXPECT_EQ(condition_of(11, 0), Condition::failed);
}

TEST(Documents, APoolIsReadAndAnEmptyOneToo) {
  const Result<std::vector<Vm>> vms = read_vms(body_of(recorded("vmpool-infoextended")));
  ASSERT_TRUE(vms.ok());
  ASSERT_EQ(vms->size(), 1u);
  EXPECT_EQ(vms->front().tag("PROVISIONER_CLUSTER"), "demo");
  EXPECT_EQ(vms->front().group_id, "1");
  const Result<std::vector<Vm>> none = read_vms(body_of(recorded("vmpool-info-empty")));
  ASSERT_TRUE(none.ok());
  EXPECT_TRUE(none->empty());
}

TEST(Documents, ANetworkIsReadWithItsRangesAndLeases) {
  const VirtualNetwork network = read_networks(body_of(recorded("vn-info-held"))).value().front();
  EXPECT_EQ(network.name, "private");
  EXPECT_FALSE(network.parent);
  EXPECT_FALSE(network.filters_ip);
  ASSERT_EQ(network.ranges.size(), 1u);
  EXPECT_EQ(to_string(network.ranges[0].first), "10.10.0.100");
  EXPECT_EQ(network.ranges[0].size, 40u);
  ASSERT_EQ(network.ranges[0].leases.size(), 1u);
  EXPECT_EQ(network.ranges[0].leases[0].vm, -1);
  const VirtualNetwork reservation = read_networks(body_of(recorded("vn-info-reservation"))).value().front();
  EXPECT_EQ(reservation.parent, 0);
  EXPECT_TRUE(reservation.filters_ip);
  EXPECT_EQ(to_string(reservation.ranges[0].first), "10.10.0.132");
  EXPECT_EQ(reservation.ranges[0].size, 4u);
}

TEST(Documents, TheNetworkPoolTellsRangesWithoutLeases) {
  const std::vector<VirtualNetwork> networks = read_networks(body_of(recorded("vnpool-info"))).value();
  ASSERT_EQ(networks.size(), 2u);
  EXPECT_EQ(networks[1].ranges.at(0).size, 40u);
  EXPECT_TRUE(networks[1].ranges.at(0).leases.empty());
}

TEST(Documents, QuotasAndTokensOfAUser) {
  const User user = read_user(body_of(recorded("user-info-quotas"))).value();
  EXPECT_EQ(user.name, "prov");
  ASSERT_EQ(user.quotas.size(), 3u);  // Limits of -1 are none.
  EXPECT_EQ(user.quotas[0].what, "LEASES in network 0");
  EXPECT_EQ(user.quotas[0].limit, 3);
  EXPECT_EQ(user.quotas[0].used, 3);
  EXPECT_EQ(user.tokens.at("mytok"), 1795248634);
}

TEST(Documents, ImagesTemplatesDatastoresHostsAndGroups) {
  const Image image = read_images(body_of(recorded("image-info-ready"))).value().front();
  EXPECT_EQ(image.size_mb, 2048);
  EXPECT_FALSE(image.persistent);
  EXPECT_TRUE(read_images(body_of(recorded("image-info-used-pers"))).value().front().persistent);
  const VmTemplate found = read_templates(body_of(recorded("template-info"))).value().front();
  EXPECT_EQ(found.name, "k8s-node");
  const auto disk = std::find_if(found.attributes.begin(), found.attributes.end(),
                                 [](const Attribute& attribute) { return attribute.name == "DISK"; });
  ASSERT_NE(disk, found.attributes.end());
  EXPECT_EQ(disk->part("SIZE"), "4096");
  const std::vector<Datastore> stores = read_datastores(body_of(recorded("datastorepool-info"))).value();
  EXPECT_EQ(stores.size(), 5u);
  const std::vector<Host> hosts = read_hosts(body_of(recorded("hostpool-info"))).value();
  ASSERT_EQ(hosts.size(), 2u);
  EXPECT_EQ(hosts[0].cpu_free, 600);
  EXPECT_EQ(hosts[0].memory_free_kb, 16777216 - 1310720);
  const SecurityGroup group = read_security_groups(body_of(recorded("secgroup-info"))).value().front();
  ASSERT_EQ(group.rules.size(), 3u);
  EXPECT_EQ(group.rules[0].part("RANGE"), "22,6443,30000:32767");
  const VmGroup affinity = read_vm_groups(body_of(recorded("vmgroup-info"))).value().front();
  EXPECT_EQ(affinity.policies.at("cp"), "ANTI_AFFINED");
}

TEST(Documents, WhatIsNoDocumentIsCorrupt) {
  for (const char* text : {"", "<VM", "<HTML/>", "<!DOCTYPE x><VM_POOL/>"}) {
    const Result<std::vector<Vm>> vms = read_vms(text);
    ASSERT_FALSE(vms.ok()) << text;
    EXPECT_EQ(vms.error().kind, ErrorKind::corrupt);
  }
}

}  // namespace
}  // namespace slipway::opennebula
