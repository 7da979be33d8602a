// What provider `opennebula` does beyond the contract: drift of every kind, faults of every call, and what it asks for.

#include <gtest/gtest.h>
#include <set>
#include <thread>

#include "providers/common/object_step.h"
#include "providers/common/remove_step.h"

#include "tests/contract/opennebula_bench.h"
#include "tests/contract/step_harness.h"

namespace slipway::testing_support {
namespace {

using one::SimVm;
using one::World;

/// What one try of a run came to.
struct Try {
  std::optional<Error> failure;
  std::map<StepId, Diff> acted;
};

class Life {
 public:
  explicit Life(bool from_template = true) : bench(from_template) {}

  /// One run of a fresh process; it ends at the first failure, as a killed one does.
  Try run(size_t machines = 2) {
    const std::unique_ptr<Provider> provider = bench.open();
    Graph graph;
    Try result;
    if (auto steps = provider->expand(graph, bench.orders(machines)); !steps) return {std::move(steps).error(), {}};
    EXPECT_TRUE(graph.finish().ok());
    StepPorts ports(provider->reader(), provider->writer());
    NotingRecorder recorder;
    std::map<StepId, Outputs> outputs;
    for (const Node& node : graph.nodes()) {
      Inputs inputs;
      for (const auto& [name, from] : node.info.inputs) {
        const auto value = outputs[from.step].find(from.output);
        if (value == outputs[from.step].end()) return {fail(ErrorKind::internal, "an input is missing: " + name), {}};
        inputs.set(name, value->second);
      }
      Result<Observation> seen = node.step->observe(ports.reader(), inputs);
      if (!seen) return {std::move(seen).error(), result.acted};
      outputs[node.info.id] = seen->outputs;
      const Diff diff = node.step->diff(*seen, inputs);
      if (diff.empty()) continue;
      result.acted[node.info.id] = diff;
      Result<Outputs> applied = node.step->apply(ports.writer(), diff, inputs, recorder);
      if (!applied) return {std::move(applied).error(), result.acted};
      outputs[node.info.id] = *applied;
    }
    calls = provider->calls().value_or(0);
    return result;
  }

  /// Runs until one succeeds; answers how many failed.
  int run_until_done(size_t machines = 2) {
    for (int failed = 0; failed < 8; ++failed) {
      const Try tried = run(machines);
      if (!tried.failure) return failed;
      last = describe(*tried.failure);
    }
    ADD_FAILURE() << "no run succeeds; the last said " << last;
    return 8;
  }

  /// Deletes as `destroy` does, until it succeeds.
  void destroy() {
    for (int i = 0; i < 8; ++i)
      if (destroy_once()) return;
    ADD_FAILURE() << "destroy does not come to an end: " << last;
  }

  std::vector<SimVm> living() {
    return bench.server.with_world([](World& world) {
      std::vector<SimVm> found;
      for (const auto& [id, vm] : world.vms)
        if (vm.state != 6) found.push_back(vm);
      return found;
    });
  }

  /// Everything that is there beside the lab.
  std::string inventory() {
    return bench.server.with_world([](World& world) {
      std::string text;
      std::multiset<std::string> names;
      for (const auto& [id, vm] : world.vms)
        if (vm.state != 6) names.insert(vm.name);
      for (const std::string& name : names) text += name + " ";
      text += "| " + std::to_string(world.networks.size() - 1) + " reservations, " +
              std::to_string(world.security_groups.size()) + " security groups, " +
              std::to_string(world.vm_groups.size()) + " VM groups, " + std::to_string(world.images.size() - 1) +
              " volumes";
      return text;
    });
  }

  OpenNebulaBench bench;
  uint64_t calls = 0;
  std::string last;

 private:
  bool destroy_once() {
    const std::unique_ptr<Provider> source = bench.open();
    Graph graph;
    EXPECT_TRUE(source->expand(graph, bench.orders(2)).ok());
    EXPECT_TRUE(graph.finish().ok());
    StepPorts ports(source->reader(), source->writer());
    NotingRecorder recorder;
    for (auto node = graph.nodes().rbegin(); node != graph.nodes().rend(); ++node) {
      const RemoveObjectStep step(removal_target_from(node->info.removal.data, Value()).value());
      const Result<Observation> seen = step.observe(ports.reader(), {});
      if (!seen) return last = describe(seen.error()), false;
      const Diff diff = step.diff(*seen, {});
      if (diff.empty()) continue;
      const Result<Outputs> gone = step.apply(ports.writer(), diff, {}, recorder);
      if (!gone) return last = describe(gone.error()), false;
    }
    return true;
  }
};

constexpr const char* whole = "w-1 w-2 | 2 reservations, 1 security groups, 1 VM groups, 0 volumes";
constexpr const char* nothing = "| 0 reservations, 0 security groups, 0 VM groups, 0 volumes";

SimVm& machine_of(World& world, const std::string& name) {
  for (auto& [id, vm] : world.vms)
    if (vm.name == name && vm.state != 6) return vm;
  std::abort();
}

// --- drift -----------------------------------------------------------------------------------------------------------

struct Drift {
  std::string name, field;
  Action action = Action::update;
  std::function<void(World&)> breaks;
};

class OpenNebulaDrift : public ::testing::TestWithParam<Drift> {};

TEST_P(OpenNebulaDrift, IsNamedMendedAndThenGone) {
  Life life;
  ASSERT_EQ(life.run_until_done(), 0);
  life.bench.server.with_world([](World& world) { GetParam().breaks(world); });
  std::this_thread::sleep_for(std::chrono::milliseconds(60));
  const Try mended = life.run();
  ASSERT_FALSE(mended.failure) << describe(*mended.failure);
  ASSERT_EQ(mended.acted.size(), 1u);
  const Diff& diff = mended.acted.begin()->second;
  EXPECT_EQ(diff.action, GetParam().action);
  if (!GetParam().field.empty()) {
    EXPECT_TRUE(std::any_of(diff.fields.begin(), diff.fields.end(),
                            [](const FieldChange& change) { return change.field == GetParam().field; }));
  }
  EXPECT_TRUE(life.run().acted.empty());
  EXPECT_EQ(life.inventory(), whole);
}

opennebula::Attribute& part_of(SimVm& vm, const std::string& name) {
  return const_cast<opennebula::Attribute&>(*one::find(vm.body, name));
}

INSTANTIATE_TEST_SUITE_P(
    All, OpenNebulaDrift,
    ::testing::Values(
        Drift{"PoweredOff", "state", Action::update, [](World& w) { (void)w.act(machine_of(w, "w-1"), "poweroff"); }},
        Drift{"Suspended", "state", Action::update, [](World& w) { (void)w.act(machine_of(w, "w-1"), "suspend"); }},
        Drift{"Undeployed", "state", Action::update, [](World& w) { (void)w.act(machine_of(w, "w-1"), "undeploy"); }},
        Drift{"LostByMonitoring", "state", Action::update, [](World& w) { machine_of(w, "w-1").lcm_state = 16; }},
        Drift{"TerminatedByHand", "", Action::create,
              [](World& w) { (void)w.act(machine_of(w, "w-1"), "terminate-hard"); }},
        Drift{"Failed", "state", Action::replace, [](World& w) { machine_of(w, "w-1").lcm_state = 36; }},
        Drift{"ResizedCpus", "cpus", Action::update,
              [](World& w) { one::set(machine_of(w, "w-2").body, "VCPU", "3"); }},
        Drift{"ResizedMemory", "memory_bytes", Action::update,
              [](World& w) { one::set(machine_of(w, "w-2").body, "MEMORY", "128"); }},
        Drift{"SmallerDisk", "disk_bytes", Action::update,
              [](World& w) { one::set_part(part_of(machine_of(w, "w-1"), "DISK"), "SIZE", "3000"); }},
        Drift{"NicDetached", "nic", Action::update, [](World& w) { (void)w.detach_nic(machine_of(w, "w-1"), 0); }},
        Drift{"SecurityGroupDetached", "security_group", Action::update,
              [](World& w) { (void)w.change_security_group(machine_of(w, "w-1"), 0, 100, false); }},
        Drift{"ContextChanged", "context", Action::update,
              [](World& w) { one::set_part(part_of(machine_of(w, "w-1"), "CONTEXT"), "SSH_PUBLIC_KEY", "other"); }},
        Drift{"SecurityRulesChanged", "rules", Action::update,
              [](World& w) { one::drop(w.security_groups.begin()->second.attributes, "RULE"); }},
        Drift{"ReservationDeleted", "", Action::create,
              [](World& w) { (void)w.remove_network(w.networks.rbegin()->second); }}),
    [](const auto& info) { return info.param.name; });

TEST(OpenNebulaLife, AChangeThatTheCloudTookAndDidNotMakeIsToldAndMadeNextTime) {
  Life life;
  life.bench.spec.provider_settings["data_disk"] = uint64_t{1} << 30;
  ASSERT_EQ(life.run_until_done(), 0);
  life.bench.server.with_world([](World& world) {
    SimVm& vm = machine_of(world, "w-1");
    (void)world.detach_disk(vm, 1);
    world.failures.push_back({.name = "w-1", .kind = "attach", .times = 1});
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(60));
  const Try first = life.run();
  ASSERT_TRUE(first.failure);
  EXPECT_NE(describe(*first.failure).find("data_disk_bytes"), std::string::npos) << describe(*first.failure);
  EXPECT_EQ(life.run_until_done(), 0);
  EXPECT_TRUE(life.run().acted.empty());
}

TEST(OpenNebulaLife, AMachineThatRunsByTheTimeItIsResumedIsNotAskedAgain) {
  Life life;
  ASSERT_EQ(life.run_until_done(), 0);
  life.bench.server.with_world([](World& world) {
    SimVm& vm = machine_of(world, "w-1");
    vm.state = 5;
    vm.lcm_state = 0;
    vm.coming = {{world.now() + 200, 3, 3, {}}};
  });
  life.bench.server.add_fault({.method = "one.vm.action", .kind = "slow", .code = 400, .text = {}});
  life.bench.server.forget_calls();
  const Try mended = life.run();
  ASSERT_FALSE(mended.failure) << describe(*mended.failure);
  EXPECT_EQ(mended.acted.size(), 1u);
  const std::vector<std::string> calls = life.bench.server.calls();
  EXPECT_EQ(std::count(calls.begin(), calls.end(), "one.vm.action"), 1);
  EXPECT_TRUE(life.run().acted.empty());
}

TEST(OpenNebulaLife, ASecondRunMakesThreeCalls) {
  Life life;
  ASSERT_EQ(life.run_until_done(), 0);
  const std::unique_ptr<Provider> provider = life.bench.open();
  EXPECT_TRUE(provider->preflight().empty());
  Graph graph;
  ASSERT_TRUE(provider->expand(graph, life.bench.orders(2)).ok());
  const GraphRun seen = run_graph(graph, provider->reader(), provider->writer(), Apply::no);
  EXPECT_EQ(seen.acted(), 0u);
  EXPECT_LE(provider->calls().value(), 3u + 1u);  // The VM group, where no control plane is in it yet.
}

TEST(OpenNebulaLife, ControlPlanesAreInTheVmGroupAndSaveTheCallForIt) {
  Life life;
  const auto orders = [&] {
    std::vector<MachineOrder> some = life.bench.orders(2);
    for (MachineOrder& order : some) order.role = Role::control_plane;
    return some;
  };
  for (const Apply apply : {Apply::yes, Apply::no}) {
    const std::unique_ptr<Provider> provider = life.bench.open();
    Graph graph;
    ASSERT_TRUE(provider->expand(graph, orders()).ok());
    const GraphRun run = run_graph(graph, provider->reader(), provider->writer(), apply);
    if (apply == Apply::yes) continue;
    EXPECT_EQ(run.acted(), 0u);
    EXPECT_LE(provider->calls().value(), 3u);
  }
  std::set<int> hosts;
  for (const SimVm& vm : life.living()) hosts.insert(vm.history.back().host);
  EXPECT_EQ(hosts.size(), 2u) << "both control planes on one host";
}

TEST(OpenNebulaLife, PersistentDataDisksOutliveTheirMachine) {
  Life life;
  life.bench.spec.provider_settings["data_disk"] = uint64_t{1} << 30;
  life.bench.spec.provider_settings["datastore"] = "imgs";
  ASSERT_EQ(life.run_until_done(), 0);
  EXPECT_EQ(life.inventory(), "w-1 w-2 | 2 reservations, 1 security groups, 1 VM groups, 2 volumes");
  const int image = life.bench.server.with_world([](World& world) {
    (void)world.act(machine_of(world, "w-1"), "terminate-hard");
    return std::atoi(one::find(machine_of(world, "w-2").body, "DISK")->part("IMAGE_ID").c_str());
  });
  EXPECT_EQ(image, 0);
  std::this_thread::sleep_for(std::chrono::milliseconds(60));
  EXPECT_EQ(life.run_until_done(), 0);
  EXPECT_TRUE(life.run().acted.empty());
  life.destroy();
  EXPECT_EQ(life.inventory(), nothing);
}

// --- what the context and the NIC say --------------------------------------------------------------------------------

TEST(OpenNebulaLife, AMachineKeepsWhatItsTemplateSaysAndGetsWhatItNeeds) {
  Life life;
  ASSERT_EQ(life.run_until_done(), 0);
  const SimVm vm = life.living().at(0);
  const opennebula::Attribute* context = one::find(vm.body, "CONTEXT");
  ASSERT_TRUE(context);
  EXPECT_EQ(context->part("ETH0_IP"), "10.10.0.101");
  EXPECT_EQ(context->part("SET_HOSTNAME"), "w-1");
  EXPECT_EQ(context->part("SSH_PUBLIC_KEY"), "ssh-ed25519 AAAAC3login slipway");
  EXPECT_FALSE(context->part("START_SCRIPT_BASE64").empty());
  EXPECT_EQ(context->part("USER_DATA_ENCODING"), "base64");
  EXPECT_TRUE(one::find(vm.body, "GRAPHICS"));
  EXPECT_EQ(one::find(vm.body, "DISK")->part("SIZE"), "4096");
  EXPECT_EQ(one::value_of(vm.user, "SLIPWAY_MARK"), "bench/machine/w-1");
}

TEST(OpenNebulaLife, NoPlanOrRequestFieldHoldsAKey) {
  Life life;
  const std::unique_ptr<Provider> provider = life.bench.open();
  Graph graph;
  ASSERT_TRUE(provider->expand(graph, life.bench.orders(1)).ok());
  const GraphRun run = run_graph(graph, provider->reader(), provider->writer(), Apply::no);
  for (const auto& [id, diff] : run.diffs)
    for (const FieldChange& change : diff.fields) {
      EXPECT_EQ(change.new_value.dump().find("only-a-test"), std::string::npos) << id.text() << " " << change.field;
      EXPECT_EQ(change.new_value.dump().find("b25seS1hLXRlc3"), std::string::npos) << id.text() << " " << change.field;
    }
}

/// Which addresses each living machine's NIC may send from beside its own.
std::map<std::string, std::set<std::string>> aliases(Life& life) {
  return life.bench.server.with_world([](World& world) {
    std::map<std::string, std::set<std::string>> found;
    for (const auto& [id, vm] : world.vms)
      for (const auto& line : vm.body)
        if (vm.state != 6 && line.name == "NIC_ALIAS") {
          EXPECT_EQ(line.part("PARENT"), "NIC0");
          found[vm.name].insert(line.part("IP"));
        }
    return found;
  });
}
using Aliases = std::map<std::string, std::set<std::string>>;

TEST(OpenNebulaLife, HeldAddressesAreAliasesOutOfTheReservations) {
  Life life;
  life.bench.spec.network.fixed_holders = true;
  life.bench.held = {{"w-1", {"10.10.0.120"}}, {"w-2", {"10.10.0.130", "10.10.0.131", "10.10.0.132", "10.10.0.133"}}};
  const Aliases wanted = {{"w-1", {"10.10.0.120"}},
                          {"w-2", {"10.10.0.130", "10.10.0.131", "10.10.0.132", "10.10.0.133"}}};
  EXPECT_EQ(life.run_until_done(), 0);
  EXPECT_EQ(aliases(life), wanted);
  EXPECT_TRUE(life.run().acted.empty());
  EXPECT_LE(life.calls, 4u) << "one list of each kind";

  // One is taken away by hand.
  life.bench.server.with_world([](World& world) {
    for (auto& [id, vm] : world.vms)
      for (const auto& line : one::Template(vm.body)) {
        if (vm.state == 6 || line.part("IP") != "10.10.0.131") continue;
        EXPECT_TRUE(world.detach_nic(vm, std::atoi(line.part("NIC_ID").c_str())).ok);
      }
  });
  const Try mended = life.run();
  ASSERT_FALSE(mended.failure) << describe(*mended.failure);
  EXPECT_EQ(mended.acted.size(), 1u);
  EXPECT_EQ(mended.acted.at(StepId("machine/w-2")).action, Action::update);
  EXPECT_EQ(aliases(life), wanted);
}

TEST(OpenNebulaLife, AHeldAddressGoesToItsNewHolderWhicheverIsLookedAtFirst) {
  Life life;
  life.bench.spec.network.fixed_holders = true;
  life.bench.held = {{"w-1", {"10.10.0.130"}}, {"w-2", {"10.10.0.131"}}};
  EXPECT_EQ(life.run_until_done(), 0);
  life.bench.held = {{"w-1", {"10.10.0.131"}}, {"w-2", {"10.10.0.130"}}};
  EXPECT_EQ(life.run_until_done(), 0);
  EXPECT_EQ(aliases(life), (Aliases{{"w-1", {"10.10.0.131"}}, {"w-2", {"10.10.0.130"}}}));
  life.bench.spec.network.fixed_holders = false;
  life.bench.held.clear();
  EXPECT_EQ(life.run_until_done(), 0);
  EXPECT_EQ(aliases(life), Aliases{});
  life.destroy();
}

TEST(OpenNebulaLife, AnAnswerLostWhileAnAddressIsAttachedLeavesItOnce) {
  Life life;
  life.bench.spec.network.fixed_holders = true;
  life.bench.held = {{"w-1", {"10.10.0.120"}}, {"w-2", {"10.10.0.130", "10.10.0.131"}}};
  life.bench.server.add_fault({.method = "one.vm.attachnic", .kind = "lose-answer", .times = 2, .text = {}});
  life.run_until_done();
  EXPECT_EQ(aliases(life), (Aliases{{"w-1", {"10.10.0.120"}}, {"w-2", {"10.10.0.130", "10.10.0.131"}}}));
  EXPECT_TRUE(life.run().acted.empty());
}

TEST(OpenNebulaLife, WaitingSaysWhatTheSchedulerSays) {
  OpenNebulaBench bench;
  bench.server.with_world([](World& world) { world.hosts.clear(); });
  const std::unique_ptr<Provider> provider = bench.open();
  Graph graph;
  ASSERT_TRUE(provider->expand(graph, bench.orders(1)).ok());
  std::vector<std::string> told;
  const Result<CloudObject> made = provider->writer().create(
      {.kind = "machine",
       .name = "w-1",
       .mark = "bench/machine/w-1",
       .fields =
           {{"address", "10.10.0.101"}, {"cpus", 1}, {"memory_bytes", 256 << 20}, {"disk_bytes", uint64_t{4} << 30}}},
      [&](std::string_view text) { told.emplace_back(text); }, Deadline::in(Milliseconds(200)));
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().kind, ErrorKind::quota) << describe(made.error());
  EXPECT_NE(made.error().found.find("No hosts enabled"), std::string::npos) << made.error().found;
  ASSERT_FALSE(told.empty());
  EXPECT_NE(told.back().find("PENDING"), std::string::npos);
}

TEST(OpenNebulaLife, AFailedMachineIsNamedWithItsStateAndWhatHelps) {
  Life life;
  life.bench.server.with_world(
      [](World& world) { world.failures.push_back({.name = "w-1", .kind = "boot", .times = 1}); });
  const Try tried = life.run();
  ASSERT_TRUE(tried.failure);
  const std::string text = describe(*tried.failure);
  EXPECT_NE(text.find("BOOT_FAILURE"), std::string::npos) << text;
  EXPECT_NE(text.find("onevm recover --retry"), std::string::npos) << text;
  EXPECT_EQ(life.run_until_done(), 0);
  EXPECT_EQ(life.inventory(), whole);
}

TEST(OpenNebulaLife, AShutdownThatHangsAndAFailedEpilogDoNotHoldUpDestroy) {
  Life life;
  ASSERT_EQ(life.run_until_done(), 0);
  life.bench.server.with_world([](World& world) {
    world.failures.push_back({.name = "w-1", .kind = "hang", .times = 1});
    world.failures.push_back({.name = "w-2", .kind = "epilog", .times = 1});
    (void)world.act(machine_of(world, "w-1"), "poweroff");
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(30));
  life.destroy();
  EXPECT_EQ(life.inventory(), nothing);
}

// --- faults of every call --------------------------------------------------------------------------------------------

struct CallFaultCase {
  std::string method, kind;
  int skip;
};

class OpenNebulaFault : public ::testing::TestWithParam<CallFaultCase> {};

TEST_P(OpenNebulaFault, LeavesNoOrphanAndNoTwin) {
  const CallFaultCase& fault = GetParam();
  Life life;
  life.bench.spec.provider_settings["data_disk"] = uint64_t{1} << 30;
  life.bench.spec.provider_settings["datastore"] = "imgs";
  const char* all = "w-1 w-2 | 2 reservations, 1 security groups, 1 VM groups, 2 volumes";
  life.bench.server.add_fault({.method = fault.method,
                               .kind = fault.kind,
                               .skip = fault.skip,
                               .times = 1,
                               .code = fault.kind == "error" ? 8192 : 0,
                               .text = "Cannot process request, no leader found"});
  life.run_until_done();
  EXPECT_EQ(life.inventory(), all);
  EXPECT_TRUE(life.run().acted.empty());
  life.bench.server.add_fault({.method = fault.method,
                               .kind = fault.kind,
                               .skip = 0,
                               .times = 1,
                               .code = fault.kind == "error" ? 8192 : 0,
                               .text = "Cannot process request, no leader found"});
  life.destroy();
  EXPECT_EQ(life.inventory(), nothing);
}

std::vector<CallFaultCase> every_fault() {
  std::vector<CallFaultCase> cases;
  for (const char* method :
       {"one.vmpool.infoextended", "one.vnpool.info",       "one.secgrouppool.info",    "one.vmgrouppool.info",
        "one.imagepool.info",      "one.templatepool.info", "one.datastorepool.info",   "one.vn.reserve",
        "one.vn.update",           "one.vn.info",           "one.secgroup.allocate",    "one.vmgroup.allocate",
        "one.image.allocate",      "one.image.info",        "one.template.instantiate", "one.vm.info",
        "one.vm.action",           "one.vn.delete",         "one.secgroup.delete",      "one.vmgroup.delete",
        "one.image.delete"})
    for (const char* kind : {"lose-call", "lose-answer", "http-500", "error"})
      cases.push_back({method, kind, std::string_view(method) == "one.vm.info" ? 1 : 0});
  return cases;
}

INSTANTIATE_TEST_SUITE_P(All, OpenNebulaFault, ::testing::ValuesIn(every_fault()), [](const auto& info) {
  std::string name = info.param.method + "_" + info.param.kind + "_" + std::to_string(info.param.skip);
  for (char& c : name)
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  return name;
});

}  // namespace
}  // namespace slipway::testing_support
