// A pool of 1,000 machines: the answer's bytes read, and each machine compared with what its step wants. Goal: a median
// under 100 ms. Prints one line; ends with 1 where an optimised build misses the goal.

#include <algorithm>
#include <cstdio>
#include <sys/resource.h>

#include "providers/common/object_step.h"
#include "providers/opennebula/machines.h"
#include "providers/opennebula/xml_rpc.h"
#include "providers/opennebula/xml_text.h"

#include "tests/opennebula/documents_out.h"
#include "tests/opennebula/server.h"

namespace slipway {
namespace {

constexpr int machines = 1000, rounds = 20;
constexpr double goal_ms = 100;

/// The answer to one.vmpool.infoextended, with contexts as large as real ones.
std::string pool_answer() {
  using namespace testing_support::one;
  World world({.step = Milliseconds(0), .scheduler = Milliseconds(0)});
  furnish(world);
  world.networks.at(0).ranges[0].size = 4000;
  for (int host = 0; host < 100; ++host)
    world.hosts[host] = {.id = host, .name = "host" + std::to_string(host), .cpu = 6400};
  const std::string script(3600, 'Q');
  for (int i = 0; i < machines; ++i) {
    const std::string name = "w-" + std::to_string(i);
    const Template text = std::get<Template>(parse_template(
        "NAME=\"" + name +
        "\" CPU=\"2\" VCPU=\"2\" MEMORY=\"4096\" DISK=[IMAGE_ID=\"0\",SIZE=\"20480\"] NIC=[NETWORK_ID=\"0\"] "
        "CONTEXT=[NETWORK=\"YES\",SET_HOSTNAME=\"" +
        name + "\",START_SCRIPT_BASE64=\"" + script + "\",USER_DATA=\"" + script +
        "\"] SLIPWAY_CLUSTER=\"bench\" SLIPWAY_MARK=\"bench/machine/" + name + "\" SLIPWAY_SOURCE=\"template t\""));
    (void)world.allocate_vm(world.account(0), text, false);
    SimVm& vm = world.vms.at(i);
    vm.state = vm.lcm_state = 3;
    vm.history.push_back({.host = i % 100, .started = 1, .planned = true});
  }
  std::string body = "<VM_POOL>";
  for (auto vm = world.vms.rbegin(); vm != world.vms.rend(); ++vm) body += document(world, vm->second);
  body += "</VM_POOL>";
  return "<?xml version=\"1.0\"?><methodResponse><params><param><value><array><data><value><boolean>1</boolean></value>"
         "<value><string>" +
         opennebula::xml_escape(body) +
         "</string></value><value><i4>0</i4></value></data></array></value></param></params></methodResponse>";
}

double cpu_ms() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  return static_cast<double>(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000 +
         static_cast<double>(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1000;
}

/// One reading and comparing; answers how many machines differ.
size_t read_and_compare(const std::string& answer, const opennebula::Machines& machines_of,
                        const std::vector<CloudObjectStep>& steps) {
  Result<opennebula::RpcAnswer> read = opennebula::decode_answer(answer);
  auto reply = std::get<std::vector<opennebula::RpcValue>>(std::move(read->value.content));
  const std::vector<opennebula::Vm> vms =
      opennebula::read_vms(std::get<std::string>(std::move(reply[1].content))).value();
  size_t different = 0;
  for (size_t i = 0; i < vms.size(); ++i) {
    const CloudObject object = machines_of.object_of(vms[i]);
    const Observation seen{.exists = true,
                           .facts = {{"kind", object.kind},
                                     {"id", object.id},
                                     {"name", object.name},
                                     {"mark", object.mark},
                                     {"fields", object.fields}},
                           .outputs = {}};
    different += steps[i].diff(seen, {}).empty() ? 0 : 1;
  }
  return different;
}

int run() {
  opennebula::Settings settings;
  settings.cluster = "bench";
  settings.network = "private";
  opennebula::OneClient client({.endpoint = "http://localhost:2633/RPC2", .session = {}, .user = {}, .source = {}}, {});
  opennebula::Catalog catalog(client, settings);
  const opennebula::Machines reader(client, catalog, settings, [](const std::string&) { return MachineOrder{}; });
  std::vector<CloudObjectStep> steps;
  // The pool comes by descending id, and every second machine wants more memory.
  for (int i = machines - 1; i >= 0; --i)
    steps.emplace_back(CloudObjectOrder{.kind = "machine",
                                        .name = "w-" + std::to_string(i),
                                        .mark = "bench/machine/w-" + std::to_string(i),
                                        .fields = {{"source", "template t"},
                                                   {"cpus", 2},
                                                   {"memory_bytes", uint64_t{4096} << (20 + i % 2)},
                                                   {"disk_bytes", uint64_t{20480} << 20},
                                                   {"state", "running"}}});
  const std::string answer = pool_answer();
  std::vector<double> wall, cpu;
  for (int round = 0; round < rounds; ++round) {
    const Instant begun = std::chrono::steady_clock::now();
    const double cpu_begun = cpu_ms();
    const size_t different = read_and_compare(answer, reader, steps);
    cpu.push_back(cpu_ms() - cpu_begun);
    wall.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begun).count());
    if (different != machines / 2) {
      std::printf("opennebula pool: %zu machines differ, %d should\n", different, machines / 2);
      return 1;
    }
  }
  std::sort(wall.begin(), wall.end());
  std::sort(cpu.begin(), cpu.end());
  std::printf("opennebula pool: %d machines, %.1f MB, read and compared: median %.1f ms (CPU %.1f ms), goal %.0f ms\n",
              machines, static_cast<double>(answer.size()) / 1e6, wall[rounds / 2], cpu[rounds / 2], goal_ms);
#ifdef NDEBUG
  return cpu[rounds / 2] < goal_ms ? 0 : 1;
#else
  return 0;
#endif
}

}  // namespace
}  // namespace slipway

int main() { return slipway::run(); }
