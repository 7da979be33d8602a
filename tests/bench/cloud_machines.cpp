// What a run does with an API that is slow and limited: machines made in an OpenNebula that answers over HTTP after a
// latency, behind a proxy that lets so many calls a second through. The engine, the state and the provider are the
// program's own; hosts are up as soon as their machine runs.
//
//   bench_cloud_machines FOLDER MACHINES LATENCY_MS CALLS_PER_SECOND BOOT_SECONDS
//
// Prints one JSON object: seconds, cpu_seconds and megabytes of making them and of the next plan, which finds nothing
// to do; the calls that were let through for each, and those that were refused as too fast.

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <gtest/gtest.h>
#include <map>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "base/file.h"
#include "engine/executor.h"
#include "engine/planner.h"
#include "http/client.h"
#include "providers/opennebula/opennebula_provider.h"

#include "tests/contract/step_harness.h"
#include "tests/opennebula/server.h"

namespace slipway {
namespace {

using namespace testing_support;

struct Question {
  std::string folder;
  size_t machines;
  one::Traffic traffic;
  Milliseconds boot;
};

/// The cloud, in a process of its own, so that its CPU time counts for nobody.
class Cloud {
 public:
  explicit Cloud(const Question& question) {
    child_ = ::fork();
    if (child_ == 0) serve(question);
    for (int look = 0; look < 500 && url.empty(); ++look) {
      std::this_thread::sleep_for(Milliseconds(20));
      if (const Result<std::string> text = read_file(question.folder + "/url")) url = *text;
    }
  }
  ~Cloud() {
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
  }

  /// Calls by method since the last question, and those that were refused.
  Value calls() const {
    HttpClient client({.proxy_from_environment = false});
    std::string control = url;
    control.replace(control.find("/RPC2"), 5, "/control");
    const Result<HttpResponse> answer =
        client.send({.method = "POST", .url = control, .body = R"({"calls": "forget"})"});
    const Value told = answer ? Value::parse(answer->body, nullptr, false) : Value();
    Value counted = {{"throttled", told.value("throttled", 0)}, {"methods", Value::object()}, {"calls", 0}};
    for (const Value& method : told.value("calls", Value::array())) {
      Value& count = counted["methods"][method.get<std::string>()];
      count = count.is_null() ? 1 : count.get<int>() + 1;
      counted["calls"] = counted["calls"].get<int>() + 1;
    }
    return counted;
  }

  std::string url;

 private:
  [[noreturn]] static void serve(const Question& question) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    // A machine runs three steps after the scheduler's pass that finds it.
    one::Server server({.step = question.boot / 3, .scheduler = Milliseconds(1000), .network = Milliseconds(100)},
                       question.traffic);
    server.with_world([](one::World& world) {
      one::furnish(world);
      world.networks.at(0).ranges[0].size = 20000;
      one::set(world.networks.at(0).attributes, "NETWORK_MASK", "255.255.0.0");
      for (auto& [id, host] : world.hosts) host.cpu = host.memory_kb = int64_t{1} << 40;
    });
    if (!write_file_atomically(question.folder + "/url", server.url()).ok()) std::_Exit(1);
    while (true) ::pause();
  }

  pid_t child_ = -1;
};

Spec spec_of(const Question& question, const std::string& url) {
  Spec spec;
  spec.name = "bench";
  spec.path = question.folder + "/spec.yaml";
  spec.provider = "opennebula";
  spec.provider_settings = {{"endpoint", url},
                            {"auth_file", question.folder + "/one_auth"},
                            {"network", "private"},
                            {"subnet", "10.10.0.0/16"},
                            {"template", "k8s-node"},
                            {"anti_affinity", false},
                            {"addresses", "10.10.1.0-10.10.60.255"}};
  spec.network.endpoint = parse_address("10.10.0.120").value();
  Pool pool;
  pool.name = "w";
  pool.count = static_cast<int>(question.machines);
  pool.size = {.cpus = 1, .memory_bytes = uint64_t{256} << 20, .disk_bytes = uint64_t{4} << 30};
  spec.pools = {pool};
  return spec;
}

std::vector<MachineOrder> orders_of(const Spec& spec) {
  std::vector<MachineOrder> orders;
  for (int i = 1; i <= spec.pools[0].count; ++i) {
    MachineOrder order;
    order.name = MachineName("w-" + std::to_string(i));
    order.pool = "w";
    order.size = spec.pools[0].size;
    order.address = to_string(Address{parse_address("10.10.1.0").value().bits + static_cast<uint32_t>(i)});
    order.host_private_key = "-----BEGIN OPENSSH PRIVATE KEY-----\n" + std::string(400, 'Q') + "\n";
    order.host_public_key = "ssh-ed25519 AAAAC3host" + std::to_string(i);
    order.login_public_key = "ssh-ed25519 AAAAC3login slipway";
    orders.push_back(std::move(order));
  }
  return orders;
}

struct Cost {
  Instant wall = std::chrono::steady_clock::now();
  double cpu = cpu_seconds();

  static double cpu_seconds() {
    rusage used{};
    ::getrusage(RUSAGE_SELF, &used);
    return static_cast<double>(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           static_cast<double>(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
  }
  Value so_far() const {
    rusage used{};
    ::getrusage(RUSAGE_SELF, &used);
    return {{"seconds", std::chrono::duration<double>(std::chrono::steady_clock::now() - wall).count()},
            {"cpu_seconds", cpu_seconds() - cpu},
            {"megabytes", static_cast<double>(used.ru_maxrss) / 1024}};
  }
};

/// One run of the program: plan, and apply what it says.
Result<Value> run(const Spec& spec, StateStore& store, const Cloud& cloud) {
  const Cost cost;
  Result<std::unique_ptr<Provider>> provider = make_opennebula_provider(spec, {});
  if (!provider) return std::move(provider).error();
  Graph graph;
  if (Result<std::vector<MachineSteps>> steps = (*provider)->expand(graph, orders_of(spec)); !steps)
    return std::move(steps).error();
  if (Result<void> whole = graph.finish(); !whole) return std::move(whole).error();
  StepPorts ports((*provider)->reader(), (*provider)->fresh_reader(), (*provider)->writer());
  const Result<Plan> plan = make_plan(graph, store.snapshot(), ports.reader(), ports.clock(), {}, {});
  if (!plan) return plan.error();
  RunOptions options;
  options.lane_room = [](const std::string&) { return size_t{10}; };
  const RunSummary summary = execute(graph, *plan, ports.reader(), ports.writer(), store, options, {});
  if (!summary.failures.empty()) return summary.failures.front().error;
  Value answer = cost.so_far();
  answer.update(cloud.calls());
  answer["applied"] = summary.applied;
  return answer;
}

Result<Value> measure(const Question& question) {
  if (Result<void> made = make_directories(question.folder); !made) return std::move(made).error();
  if (Result<void> written = write_file_atomically(question.folder + "/one_auth", "prov:s3cr:et\n", 0600); !written)
    return std::move(written).error();
  const Cloud cloud(question);
  if (cloud.url.empty()) return fail(ErrorKind::unavailable, "the simulated cloud did not come up");
  const Spec spec = spec_of(question, cloud.url);
  Result<std::unique_ptr<StateStore>> store = StateStore::open(
      {.directory = question.folder + "/state", .cluster = spec.name, .key_file = question.folder + "/state/key"});
  if (!store) return std::move(store).error();
  Value answer;
  for (const char* what : {"made", "again"}) {
    Result<Value> ran = run(spec, **store, cloud);
    if (!ran) return ran;
    answer[what] = std::move(*ran);
  }
  if (answer["made"]["applied"].get<size_t>() < question.machines || answer["again"]["applied"] != 0)
    return fail(ErrorKind::internal, "not what was to be done", {.found = answer.dump()});
  return answer;
}

}  // namespace
}  // namespace slipway

int main(int count, char** words) {
  if (count != 6) {
    std::fprintf(stderr, "bench_cloud_machines FOLDER MACHINES LATENCY_MS CALLS_PER_SECOND BOOT_SECONDS\n");
    return 3;
  }
  const slipway::Result<slipway::Value> answer = slipway::measure(
      {.folder = words[1],
       .machines = std::strtoul(words[2], nullptr, 10),
       .traffic = {.latency = slipway::Milliseconds(std::atoi(words[3])), .calls_per_second = std::atoi(words[4])},
       .boot = slipway::Seconds(std::atoi(words[5]))});
  if (!answer) {
    std::fprintf(stderr, "%s\n", slipway::describe(answer.error()).c_str());
    return 1;
  }
  std::printf("%s\n", answer->dump().c_str());
  return 0;
}
