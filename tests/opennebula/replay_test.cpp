// The recorded exchanges, replayed to the simulator: it must answer what the real oned answered. Exchanges build on
// each other, so they stand in stories; what happened between two of them in the lab is done by hand here.

#include <gtest/gtest.h>
#include <set>
#include <thread>

#include "base/text.h"

#include "tests/opennebula/recorded.h"
#include "tests/opennebula/server.h"

namespace slipway::testing_support::one {
namespace {

using opennebula::Attribute;
using Preparation = std::function<void(World&)>;

struct Beat {
  std::string exchange;
  Preparation before{};
};

struct Story {
  std::string name;
  Preparation lab;
  std::vector<Beat> beats;
};

/// Values that differ from run to run.
const std::vector<std::string> volatile_values = {
    "*TIME",        "*/OS/UUID",          "*/LAST_POLL",   "*/PASSWORD",    "*/TOKEN_PASSWORD",    "*/GRAPHICS/PORT",
    "*/NEXT_INDEX", "*/HISTORY/*ACTION*", "*/HISTORY/UID", "*/HISTORY/GID", "*/HISTORY/REQUEST_ID"};

/// Elements of the real documents that the simulator does not tell, and no reader of ours looks at.
const std::map<std::string, std::vector<std::string>> left_out = {
    {"datastorepool-info",
     {"*/PERMISSIONS/*", "*/TEMPLATE/*", "*_MAD", "*/BASE_PATH", "*/DISK_TYPE", "*/CLUSTERS/*", "*_MB"}},
    {"user-info-quotas",
     {"*PCI_*", "*RUNNING_*", "*SYSTEM_DISK_SIZE*", "*/IMAGE_QUOTA*", "*/DATASTORE_QUOTA*", "*_USED"}},
    {"imagepool-info", {"*/SNAPSHOTS*"}},
    {"vm-info-scheduled", {"*/MONITORING*"}}};

/// Requests of methods that the simulator does not know: nothing of ours sends them.
const std::map<std::string, std::string> not_simulated = {{"one.acl.addrule", "rights are a flag of the account"},
                                                          {"one.clusterpool.info", "one cluster"},
                                                          {"one.datastore.allocate", "the datastores are fixed"},
                                                          {"one.group.allocate", "accounts are made in code"},
                                                          {"one.group.info", "accounts are made in code"},
                                                          {"one.host.allocate", "hosts are made in code"},
                                                          {"one.image.clone", "never sent"},
                                                          {"one.template.clone", "never sent"},
                                                          {"one.user.allocate", "accounts are made in code"},
                                                          {"one.user.passwd", "never sent"},
                                                          {"one.user.quota", "limits are set in code"},
                                                          {"one.vm.chmod", "never sent"},
                                                          {"one.vm.chown", "never sent"},
                                                          {"one.vm.monitoring", "never sent"},
                                                          {"one.vm.schedadd", "never sent"},
                                                          {"one.vm.updatenic", "never sent"},
                                                          {"one.vn.add_ar", "networks are made in code"},
                                                          {"one.vn.allocate", "networks are made in code"},
                                                          {"one.vn.chmod", "never sent"},
                                                          {"one.vn.rm_ar", "never sent"},
                                                          {"one.vrouter.allocate", "no virtual routers"},
                                                          {"one.vrouter.delete", "no virtual routers"},
                                                          {"one.vrouter.info", "no virtual routers"},
                                                          {"one.vrouter.instantiate", "no virtual routers"}};

/// Exchanges of known methods that need what the simulator has not got.
const std::set<std::string> not_replayed = {
    "vm-attachnic-vrouter",             // virtual routers
    "vm-info-nic-auto",                 // NETWORK_MODE=auto
    "vm-info-after-attach-failure",     // a long history of the lab's own making
    "vmpool-infoextended-query-mysql",  // the second lab
    "vm-info-prolog-failure",           // machine 41 was made by an exchange that was not recorded
    "vm-info-boot-failure",             // so was 38
    "vm-info-attached",                 // its trimmed context
    "vm-info-done",                     // its trimmed context
    "quota-datastore-size-exceeded",    // no image quotas
    "vm-info-locked",                   // made by exchanges that were not recorded
    "vm-info-pending-anti-affinity",    // so was 44
    "vm-info-pending-sched-message",    // so was 1
    "image-info-early",                 // the instant before the driver answered
    "templatepool-info",                // with templates of the virtual routers
    "vn-info-parent-of-reservation",    // with leases of unrecorded machines
    "vn-info-by-tenant",                // likewise
    "vnpool-info"};

SimVm& machine(World& world, int id, int state, int lcm_state, int uid = 0) {
  SimVm vm;
  vm.id = id;
  vm.uid = uid;
  vm.gid = world.account(uid).gid;
  vm.name = "vm-" + std::to_string(id);
  vm.state = state;
  vm.lcm_state = lcm_state;
  set(vm.body, "CPU", "1");
  set(vm.body, "MEMORY", "1024");
  if (state == 3) vm.history.push_back({.host = 0, .started = 0, .planned = true});
  world.next_vm = std::max(world.next_vm, id + 1);
  return world.vms[id] = vm;
}

Preparation with_machine(int id, int state, int lcm_state, int uid = 0) {
  return [=](World& world) { machine(world, id, state, lcm_state, uid); };
}

void add_image(World& world, int id, const std::string& name, bool persistent, int state) {
  SimImage image = world.images.at(0);
  image.id = id;
  image.name = name;
  image.persistent = persistent;
  image.state = state;
  image.size_mb = 512;
  image.ready_at = INT64_MAX;
  image.vms.clear();
  world.images[id] = image;
  world.next_image = std::max(world.next_image, id + 1);
}

void add_group(World& world) {
  SimVmGroup group;
  group.id = 1;
  group.name = "demo-cp";
  group.roles = {{.name = "cp", .policy = "ANTI_AFFINED", .vms = {}}, {.name = "worker", .policy = "", .vms = {}}};
  world.vm_groups[1] = group;
  world.next_vm_group = 2;
}

SimNetwork& reservation_of_prov(World& world) {
  (void)world.reserve(world.account(2), world.networks.at(0),
                      std::get<Template>(parse_template("SIZE=\"3\" NAME=\"prov-lb\"")));
  SimNetwork moved = world.networks.rbegin()->second;
  world.networks.erase(moved.id);
  moved.id = 5;
  moved.state = 1;
  moved.ranges[0].first = parse_address("10.10.0.114").value();
  return world.networks[5] = moved;
}

/// What is coming comes now.
void let_happen(World& world) {
  for (int i = 0; i < 12; ++i) {
    world.skip(Milliseconds(1000));
    world.settle();
  }
}

void hold_120(World& world) {
  (void)world.hold(world.networks.at(0), std::get<Template>(parse_template("LEASES=[IP=\"10.10.0.120\"]")), true);
}

std::vector<Story> stories() {
  const Preparation plain{};
  std::vector<Story> all;
  all.push_back({"logging in",
                 plain,
                 {{"auth-no-colon"},
                  {"auth-trailing-newline"},
                  {"auth-unknown-user"},
                  {"auth-wrong-password"},
                  {"system-version"},
                  {"user-info-self"},
                  {"user-info-other-user"},
                  {"user-login-bad-egid"},
                  {"user-login-other-user"},
                  {"user-login-reset-unknown"},
                  {"user-login", [](World& world) { world.users.at(2).tokens.clear(); }},
                  {"user-info-with-token",
                   [](World& world) {
                     world.users.at(2).tokens = {{"78830a67091d38d249ff3b9d32ea0230036cf5d6ef6e2dc4a7b6541170474f7f",
                                                  {.expires = int64_t{1} << 40}}};
                   }},
                  {"user-login-reset"},
                  {"user-login-reset-all"},
                  {"auth-token-expired", [](World& world) { world.users.at(2).tokens["mytok"] = {.expires = 1}; }},
                  {"auth-user-disabled", [](World& world) { world.users.at(2).enabled = false; }}}});
  all.push_back({"calls that are none",
                 plain,
                 {{"fault-missing-parameter"}, {"fault-no-session"}, {"fault-unknown-method"}, {"fault-wrong-type"}}});
  all.push_back({"images",
                 [](World& world) { world.images.clear(), world.next_image = 0; },
                 {{"image-allocate"},
                  {"image-info-ready", let_happen},
                  {"image-allocate-name-taken"},
                  {"image-allocate-no-datastore"},
                  {"image-allocate-no-size"},
                  {"image-allocate-persistent"},
                  {"vm-attach-image-locked",
                   [](World& world) { machine(world, 0, 3, 3), world.images.at(1).ready_at = INT64_MAX; }},
                  {"vm-attach-persistent", [](World& world) { world.images.at(1).state = 1; }},
                  {"image-info-used-pers"},
                  {"image-delete-in-use"},
                  {"vm-allocate-persistent-in-use"},
                  {"imagepool-info",
                   [](World& world) {
                     SimImage &first = world.images.at(0), &second = world.images.at(1);
                     first.vms = {4, 5, 6, 37};
                     first.state = 2;
                     first.permissions.other_u = 1;
                     second.vms.clear();
                     second.state = 1;
                   }},
                  {"image-delete", [](World& world) { add_image(world, 2, "debian12-copy", false, 1); }},
                  {"image-info-not-found", let_happen}}});
  all.push_back({"the life of machine 0",
                 plain,
                 {{"template-info", [](World& world) { world.templates.at(0).permissions.other_u = 0; }},
                  {"template-instantiate-hold"},
                  {"vm-info-hold"},
                  {"vm-action-poweroff-wrong-state"},
                  {"vm-action-unknown"},
                  {"vm-deploy"},
                  {"vm-info-running", let_happen},
                  {"vm-deploy-wrong-state"},
                  {"vm-action-poweroff"},
                  {"vm-info-poweroff", let_happen},
                  {"vm-action-resume"},
                  {"vm-attach-volatile", let_happen},
                  {"vm-attachnic", let_happen},
                  {"vm-attachnic-ip-in-use", let_happen},
                  {"vm-attachnic-ip-out-of-range"},
                  {"vm-attachnic-no-network"},
                  {"vm-detachnic-unknown"},
                  {"vm-detachnic"},
                  {"vm-detach", let_happen},
                  {"vm-diskresize-shrink", let_happen},
                  {"vm-diskresize"},
                  {"vm-resize", let_happen},
                  {"vm-update-append", let_happen},
                  {"vm-updateconf"},
                  {"vm-update-replace", let_happen},
                  {"vm-action-terminate-hard"},
                  {"vm-action-terminate-done", let_happen},
                  {"vm-action-resume-done"},
                  {"vm-update-done"}}});
  all.push_back({"templates",
                 [](World& world) { world.templates.clear(), world.next_template = 0; },
                 {{"template-allocate"},
                  {"template-allocate-name-taken"},
                  {"template-delete-not-found"},
                  {"template-instantiate-not-found"},
                  {"template-update-append"}}});
  all.push_back({"instantiating",
                 plain,
                 {{"template-instantiate-no-create-right"},
                  {"template-instantiate-restricted"},
                  {"template-instantiate-not-authorized",
                   [](World& world) {
                     world.templates[2] = world.templates.at(0);
                     world.templates[2].id = 2;
                     world.templates[2].permissions.other_u = 0;
                   }},
                  {"template-instantiate-vrouter",
                   [](World& world) {
                     world.templates[1] = world.templates.at(0);
                     world.templates[1].id = 1;
                     set(world.templates[1].attributes, "VROUTER", "YES");
                   }},
                  {"template-instantiate", [](World& world) { world.next_vm = 5; }},
                  {"vm-action-release"},
                  {"template-instantiate-persistent", [](World& world) { world.next_image = 3; }},
                  {"template-instantiate-image-locked",
                   [](World& world) { world.next_vm = 45, add_image(world, 2, "debian12-copy", false, 4); }}}});
  all.push_back({"what allocate refuses",
                 hold_120,
                 {{"vm-allocate-bad-memory"},
                  {"vm-allocate-bad-name"},
                  {"vm-allocate-bad-xml"},
                  {"vm-allocate-cdata-end"},
                  {"vm-allocate-context-dollar"},
                  {"vm-allocate-disk-too-small"},
                  {"vm-allocate-held-ip"},
                  {"vm-allocate-ip-out-of-range"},
                  {"vm-allocate-no-cpu"},
                  {"vm-allocate-no-image"},
                  {"vm-allocate-no-network"},
                  {"vm-allocate-not-authorized"},
                  {"vm-allocate-parse-error"},
                  {"vm-allocate-xml-form", [](World& world) { world.next_vm = 7; }}}});
  all.push_back({"groups of machines",
                 add_group,
                 {{"vm-allocate-vmgroup-bad-role"},
                  {"vmgroup-allocate-bad"},
                  {"vmgroup-allocate", [](World& world) { world.vm_groups.clear(), world.next_vm_group = 1; }},
                  {"vmgroup-info",
                   [](World& world) {
                     world.vm_groups.at(1).roles[0].vms = {42, 43, 44};
                   }},
                  {"vmgroup-update-in-use"},
                  {"vmgroup-delete-in-use"}}});
  all.push_back({"a scheduled machine",
                 [](World& world) {
                   add_group(world);
                   world.next_vm = 42;
                   world.networks.at(0).ranges[0].next_index = 18;
                   world.hosts.at(0).state = 4;
                   SimSecurityGroup group;
                   group.id = 100;
                   group.name = "k8s";
                   group.attributes = std::get<Template>(
                       parse_template("RULE=[PROTOCOL=\"TCP\",RULE_TYPE=\"inbound\",RANGE=\"22,6443,30000:32767\"] "
                                      "RULE=[PROTOCOL=\"ALL\",RULE_TYPE=\"outbound\"] "
                                      "RULE=[PROTOCOL=\"ALL\",RULE_TYPE=\"inbound\",NETWORK_ID=\"0\"]"));
                   for (const char* filter : {"FILTER_IP_SPOOFING", "FILTER_MAC_SPOOFING"})
                     set(world.networks.at(0).attributes, filter, "YES");
                   world.security_groups[100] = group;
                 },
                 {{"vm-allocate-vmgroup"},
                  {"vmpool-infoextended",
                   [](World& world) {
                     let_happen(world);
                     set(world.vms.at(42).user, "SCHED_REQUIREMENTS", "HYPERVISOR=dummy");
                   }},
                  {"vm-info-scheduled"},
                  {"vm-attachnic-alias"},
                  {"vm-attachsg", let_happen},
                  {"vm-attachsg-again"},
                  {"vm-detachsg", let_happen},
                  {"vm-rename", let_happen},
                  {"vm-resize-no-capacity",
                   [](World& world) { world.hosts.at(1).memory_kb = 15728640 + world.memory_used_kb(1); }},
                  {"vm-recover-delete"}}});
  all.push_back({"security groups", plain, {{"secgroup-allocate-bad"}, {"secgroup-allocate"}, {"secgroup-info"}}});
  all.push_back({"machines in all states",
                 plain,
                 {{"vm-info-not-found"},
                  {"vm-action-not-found"},
                  {"vm-action-boot-failure", with_machine(38, 3, 36)},
                  {"vm-recover-bad-op"},
                  {"vm-recover-retry"},
                  {"vm-recover-retry-running", let_happen},
                  {"vm-attach-accepted-then-fails"},
                  {"vm-recover-delete-recreate", with_machine(40, 3, 36)},
                  {"vm-action-not-authorized", with_machine(4, 3, 3)},
                  {"vm-info-not-authorized"},
                  {"vm-terminate-busy", with_machine(36, 3, 18)},
                  {"vm-attach-busy"},
                  {"vm-rename-bad", with_machine(31, 2, 0)},
                  {"vm-update-bad-type", with_machine(32, 2, 0)}}});
  all.push_back(
      {"deploying",
       with_machine(44, 2, 0),
       {{"vm-deploy-no-host"},
        {"vm-deploy-not-authorized", with_machine(5, 2, 0, 2)},
        {"vm-recover-not-authorized"},
        {"vm-attachnic-restricted"},
        {"vm-attachnic-pending", with_machine(5, 1, 0, 2)},
        {"vm-deploy-no-capacity",
         [](World& world) {
           for (const int id : {60, 61, 62}) machine(world, id, 3, 3);
           set(machine(world, 47, 2, 0).body, "CPU", "100");
         }},
        {"vm-deploy-disabled-host", [](World& world) { machine(world, 84, 2, 0), world.hosts.at(0).state = 4; }}}});
  all.push_back({"locks",
                 with_machine(5, 3, 3, 2),
                 {{"vm-lock-bad-level"},
                  {"vm-unlock-not-locked"},
                  {"vm-lock"},
                  {"vm-action-locked"},
                  {"vm-action-locked-oneadmin"},
                  {"vm-lock-test", [](World& world) { world.vms.at(5).lock->time = 1795248909; }},
                  {"vm-unlock"},
                  {"vm-lock-by-oneadmin"},
                  {"vm-unlock-not-owner"}}});
  all.push_back({"limits",
                 [](World& world) {
                   machine(world, 5, 3, 3, 2);
                   machine(world, 6, 3, 3, 2);
                   world.users.at(2).vm_limits = {{"CPU", 2}};
                 },
                 {{"quota-cpu-exceeded"},
                  {"quota-vms-exceeded",
                   [](World& world) {
                     world.users.at(2).vm_limits = {{"VMS", 2}};
                   }},
                  {"quota-leases-exceeded",
                   [](World& world) {
                     world.users.at(2).vm_limits.clear();
                     world.users.at(2).lease_limits = {{0, 3}};
                     for (uint32_t i = 0; i < 3; ++i) world.networks.at(0).ranges[0].leases[i] = {.vm = 5};
                   }},
                  {"user-info-quotas", [](World& world) {
                     world.users.at(2).vm_limits = {{"CPU", -1}, {"MEMORY", -1}, {"VMS", -1}};
                     world.users.at(2).tokens["mytok"] = {.expires = 1};
                   }}}});
  all.push_back(
      {"pools",
       [](World& world) {
         for (const auto& [id, host, memory] :
              {std::tuple{37, 0, "1024"}, {43, 0, "256"}, {44, 0, "256"}, {5, 1, "1024"}, {42, 1, "256"}}) {
           SimVm& vm = machine(world, id, 3, 3);
           vm.history[0].host = host;
           set(vm.body, "MEMORY", memory);
         }
         for (const auto& [id, ip, name] : {std::tuple{42, "10.10.0.118", "cp-0"}, {43, "10.10.0.119", "cp-1"}}) {
           SimVm& vm = world.vms.at(id);
           vm.name = name;
           vm.deploy_id = (id == 42 ? "host2:" : "host1:") + vm.name + ":dummy";
           set(vm.user, "SCHED_REQUIREMENTS", "HYPERVISOR=dummy");
           set(vm.user, "PROVISIONER_CLUSTER", "demo");
           Attribute nic{.name = "NIC", .value = {}, .parts = {}, .vector = true};
           nic.parts = {{"IP", ip},
                        {"MAC", mac_of(parse_address(ip).value())},
                        {"NETWORK", "private"},
                        {"NETWORK_ID", "0"},
                        {"NIC_ID", "0"},
                        {"SECURITY_GROUPS", "0,100"}};
           vm.body.push_back(nic);
         }
       },
       {{"hostpool-info"},
        {"vmpool-info"},
        {"vmpool-infoset"},
        {"vmpool-info-empty"},
        {"vmpool-bad-filter"},
        {"vmpool-bad-state"},
        {"vmpool-infoextended-query-sqlite"},
        {"datastorepool-info", [](World& world) { add_image(world, 1, "pv-1", true, 1); }}}});
  all.push_back({"a machine that finds no room",
                 plain,
                 {{"vm-info-pending-no-capacity", [](World& world) {
                     world.next_vm = 80;
                     (void)world.allocate_vm(
                         world.account(0),
                         std::get<Template>(parse_template("NAME=\"huge\" CPU=\"100\" MEMORY=\"64\"")), false);
                     let_happen(world);
                     // Its message carries the date.
                     set(world.vms.at(80).user, "SCHED_MESSAGE",
                         "Sat Nov 21 08:35:28 2026: " + value_of(world.vms.at(80).user, "SCHED_MESSAGE").substr(26));
                   }}}});
  all.push_back(
      {"networks",
       plain,
       {{"vn-info-empty", [](World& world) { world.networks.at(0).permissions.other_u = 0; }},
        {"vn-info-not-found"},
        {"vn-hold"},
        {"vn-info-held", [](World& world) { world.networks.at(0).permissions.other_u = 1; }},
        {"vn-hold-again"},
        {"vn-hold-bad-template"},
        {"vn-hold-out-of-range"},
        {"vn-hold-not-authorized"},
        {"vn-delete-in-use"},
        {"vn-release"},
        {"vn-release-again"},
        {"vn-reserve",
         [](World& world) {
           world.next_network = 3;
           set(world.networks.at(0).attributes, "FILTER_IP_SPOOFING", "YES");
           set(world.networks.at(0).attributes, "FILTER_MAC_SPOOFING", "YES");
         }},
        {"vn-info-reservation"},
        {"vn-reserve-ip-taken"},
        {"vn-reserve-no-ar-id"},
        {"vn-reserve-no-size"},
        {"vn-reserve-too-big"},
        {"vn-reserve-name-taken",
         [](World& world) {
           world.networks[1] = world.networks.at(3);
           world.networks[1].id = 1;
         }},
        {"vn-delete-reservation"},
        {"vn-delete"},
        {"vn-reserve-by-tenant", [](World& world) { world.next_network = 5; }},
        {"vn-update-tag", [](World& world) { world.networks.clear(), furnish(world), reservation_of_prov(world); }},
        {"vn-hold-in-reservation"},
        {"vn-delete-with-hold"}}});
  return all;
}

bool matches_one(const std::string& text, const std::vector<std::string>& patterns) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](const std::string& pattern) { return glob_match(pattern, text); });
}

/// The document's leaves without values that differ from run to run, and without what is left out.
std::vector<std::string> comparable(const std::string& xml, const std::string& exchange) {
  const auto out = left_out.find(exchange);
  std::vector<std::string> kept;
  // Sorted again: a value that is struck changes the order.
  for (const std::string& leaf : leaves_of(xml)) {
    const std::string path = leaf.substr(0, leaf.find('='));
    if (out != left_out.end() && matches_one(path, out->second)) continue;
    kept.push_back(matches_one(path, volatile_values) ? path : leaf);
  }
  std::sort(kept.begin(), kept.end());
  return kept;
}

void compare(const Recorded& exchange, const std::string& answered) {
  const Result<opennebula::RpcAnswer> expected = opennebula::decode_answer(exchange.response);
  const Result<opennebula::RpcAnswer> found = opennebula::decode_answer(answered);
  ASSERT_TRUE(expected.ok() && found.ok()) << answered;
  EXPECT_EQ(found->fault_code, expected->fault_code) << found->fault_text;
  EXPECT_EQ(found->fault_text, expected->fault_text);
  if (expected->fault_code != 0 || found->fault_code != 0) return;
  const auto& real = *expected->value.as_array();
  const auto& ours = *found->value.as_array();
  ASSERT_EQ(ours.size(), real.size()) << answered;
  EXPECT_EQ(*ours[0].as_bool(), *real[0].as_bool()) << answered;
  EXPECT_EQ(*ours[2].as_int(), *real[2].as_int()) << answered;
  if (ours.size() > 3) {
    EXPECT_EQ(*ours[3].as_int(), *real[3].as_int()) << answered;
  }
  ASSERT_EQ(ours[1].content.index(), real[1].content.index()) << answered;
  if (real[1].as_int()) {
    EXPECT_EQ(*ours[1].as_int(), *real[1].as_int());
    return;
  }
  const std::string &text = *ours[1].as_string(), &wanted = *real[1].as_string();
  if (wanted.starts_with("<")) {
    const std::vector<std::string> told = comparable(text, exchange.name),
                                   real_ones = comparable(wanted, exchange.name);
    std::vector<std::string> missing, invented;
    std::set_difference(real_ones.begin(), real_ones.end(), told.begin(), told.end(), std::back_inserter(missing));
    std::set_difference(told.begin(), told.end(), real_ones.begin(), real_ones.end(), std::back_inserter(invented));
    EXPECT_TRUE(missing.empty() && invented.empty()) << "only the real one tells:\n  " << join(missing, "\n  ")
                                                     << "\nonly the simulator:\n  " << join(invented, "\n  ");
  } else if (exchange.name == "user-login")
    EXPECT_EQ(text.size(), wanted.size());                    // A token of the server's choice.
  else if (wanted.find("syntax error") != std::string::npos)  // Where in the line is a matter of the parser.
    EXPECT_EQ(text.substr(0, text.find("syntax error")), wanted.substr(0, wanted.find("syntax error")));
  else
    EXPECT_EQ(text, wanted);
}

class Replay : public ::testing::TestWithParam<Story> {};

TEST_P(Replay, TheSimulatorAnswersAsTheRealOneDid) {
  Server server({.step = Milliseconds(200), .scheduler = Milliseconds(200)});
  server.with_world([&](World& world) {
    furnish(world);
    if (GetParam().lab) GetParam().lab(world);
  });
  for (const Beat& beat : GetParam().beats) {
    SCOPED_TRACE(beat.exchange);
    if (beat.before) server.with_world(beat.before);
    compare(recorded(beat.exchange), server.answer(recorded(beat.exchange).request));
  }
}

INSTANTIATE_TEST_SUITE_P(All, Replay, ::testing::ValuesIn(stories()), [](const auto& info) {
  std::string name = info.param.name;
  std::replace(name.begin(), name.end(), ' ', '_');
  return name;
});

TEST(Replay, EveryRecordedExchangeIsReplayedOrNamedAsOneThatIsNot) {
  std::set<std::string> told;
  for (const Story& story : stories())
    for (const Beat& beat : story.beats) told.insert(beat.exchange);
  size_t left = 0;
  for (const Recorded& exchange : all_recorded()) {
    const bool known = told.contains(exchange.name);
    const bool excused = not_replayed.contains(exchange.name) || not_simulated.contains(exchange.method);
    EXPECT_NE(known, excused) << exchange.name << " (" << exchange.method << ") is "
                              << (known ? "both replayed and excused" : "neither replayed nor excused");
    left += known ? 0 : 1;
  }
  RecordProperty("replayed", static_cast<int>(told.size()));
  std::cout << told.size() << " exchanges replayed, " << left << " named as not replayed\n";
}

TEST(Replay, EveryMethodIsCoveredByAnExchangeOrNamesItsFact) {
  std::set<std::string> recorded_methods;
  for (const Recorded& exchange : all_recorded()) recorded_methods.insert(exchange.method);
  for (const MethodInfo& method : Server::methods()) {
    EXPECT_FALSE(method.covered_by.empty()) << method.name;
    if (!recorded_methods.contains(method.name))
      std::cout << "without an exchange: " << method.name << " (" << method.covered_by << ")\n";
  }
}

}  // namespace
}  // namespace slipway::testing_support::one
