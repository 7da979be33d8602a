#include "providers/simulated/simulated_provider.h"

#include "base/file.h"
#include "base/text.h"
#include "providers/common/object_step.h"
#include "providers/common/pool_changes.h"
#include "providers/simulated/artifacts.h"
#include "providers/simulated/clock.h"
#include "providers/simulated/cloud.h"
#include "providers/simulated/cluster.h"
#include "providers/simulated/hosts.h"

namespace slipway {
namespace simulated {
namespace {

class SimulatedProvider final : public Provider {
 public:
  SimulatedProvider(const Spec& spec, Cloud& cloud) : name_(spec.name), pools_(spec.pools), cloud_(cloud) {}

  Result<std::vector<MachineSteps>> expand(Graph& graph, const std::vector<MachineOrder>& machines) override {
    std::vector<MachineSteps> steps;
    if (machines.empty()) return steps;
    const StepId network = add(graph, {.kind = "network", .name = name_, .mark = {}}, {}, {});
    for (const MachineOrder& machine : machines) steps.push_back(add_machine(graph, machine, network));
    return steps;
  }

  Result<std::vector<CloudObject>> list_owned() override { return cloud_.list_owned(); }
  CloudReader& reader() override { return cloud_; }
  CloudWriter& writer() override { return cloud_; }
  Result<std::vector<Claim>> claims(const Plan& plan) override {
    int64_t made = 0;
    for (const PoolChange& change : pool_changes(plan, pools_)) made += change.made;
    if (made == 0) return std::vector<Claim>{};
    return std::vector<Claim>{{"machines", made, cloud_.free_machines()}};
  }
  std::vector<Error> preflight() override { return {}; }
  Seconds list_lag() const override {
    return std::chrono::duration_cast<Seconds>(cloud_.settings().list_lag + Milliseconds(999));
  }

 private:
  /// One object's step. `inputs`: field -> the step whose output "id" (for "address": "address") it takes.
  StepId add(Graph& graph, CloudObjectOrder order, const std::map<std::string, OutputRef>& inputs, MachineName machine,
             bool protect = false) {
    const StepId id(order.kind + "/" + order.name);
    order.mark = name_ + "/" + id.text();
    order.list_lag = list_lag();
    order.limit = std::chrono::minutes(3);
    for (const auto& [field, reference] : inputs) order.field_inputs[field] = field;
    StepInfo info{.id = id,
                  .layer = Layer::cloud,
                  .machine = std::move(machine),
                  .inputs = inputs,
                  .lanes = {"api/simulated"},
                  .expected = Milliseconds(100),
                  .limit = std::chrono::minutes(10),
                  .protect = protect,
                  .removal = removal_of(order)};
    return graph.add(std::move(info), std::make_unique<CloudObjectStep>(std::move(order)));
  }

  MachineSteps add_machine(Graph& graph, const MachineOrder& machine, const StepId& network) {
    const std::string& name = machine.name.text();
    const StepId address = add(graph, {.kind = "address", .name = name, .mark = {}, .publish = {"address"}},
                               {{"network", {network, "id"}}}, machine.name);
    const StepId volume = add(graph,
                              {.kind = "volume",
                               .name = name,
                               .mark = {},
                               .fields = {{"bytes", machine.size.disk_bytes}},
                               .replace_on = {"bytes"}},
                              {}, machine.name);
    CloudObjectOrder order{
        .kind = "machine",
        .name = name,
        .mark = {},
        .fields = {{"cpus", machine.size.cpus},
                   {"memory_bytes", machine.size.memory_bytes},
                   {"host_key", machine.host_public_key},
                   {"state", "running"}},
        .replace_on = {"address", "volume"},
        .create_only = {"host_key"},
        .recorded_id = machine.recorded_id,
        .access =
            HostAccess{.machine = machine.name, .address = {}, .jump = {}, .jump_host_keys = {}, .host_keys = {}}};
    if (!machine.host_public_key.empty()) order.access->host_keys.push_back(machine.host_public_key);
    const StepId id = add(graph, std::move(order), {{"address", {address, "address"}}, {"volume", {volume, "id"}}},
                          machine.name, machine.protect);
    return {machine.name, id};
  }

  const std::string name_;
  const std::vector<Pool> pools_;
  Cloud& cloud_;
};

CloudSettings settings_of(const Spec& spec) {
  const Value& block = spec.provider_settings;
  return {.cluster = spec.name,
          .machines = block.value("machines", 10000),
          .latency = Milliseconds(block.value("latency_ms", 0)),
          .list_lag = Milliseconds(block.value("list_lag_ms", 0)),
          .calls_per_second = block.value("calls_per_second", 0)};
}

}  // namespace
}  // namespace simulated

using namespace simulated;

struct Simulation::Parts {
  Parts(const Spec& spec, const SimulatedOptions& options, std::unique_ptr<World> given, std::vector<FaultRule> rules)
      : world(std::move(given)),
        clock(world->time()),
        faults(std::move(rules), spec.provider_settings.value("seed", uint64_t{1})),
        cluster(*world, clock, faults, settings_of(spec).latency),
        cloud(*world, clock, faults, cluster, settings_of(spec)),
        hosts(*world, clock, faults, cluster, settings_of(spec).latency, spec.kubernetes.version),
        artifacts(*world, clock, faults, options.directory + "/artifacts", spec.kubernetes.version),
        provider(spec, cloud) {}

  std::unique_ptr<World> world;
  VirtualClock clock;
  FaultPlan faults;
  Cluster cluster;
  Cloud cloud;
  Hosts hosts;
  Artifacts artifacts;
  SimulatedProvider provider;
};

Simulation::Simulation() = default;
Simulation::~Simulation() = default;

Result<std::unique_ptr<Simulation>> Simulation::open(const Spec& spec, const SimulatedOptions& options) {
  Result<std::unique_ptr<World>> world = World::open(options.directory, options.boundary);
  if (!world) return std::move(world).error();
  std::vector<FaultRule> rules;
  const std::string path = options.directory + "/faults.json";
  if (const Result<std::string> text = read_file(path); text && !options.directory.empty()) {
    Result<std::vector<FaultRule>> parsed = FaultPlan::parse(*text, path);
    if (!parsed) return std::move(parsed).error();
    rules = std::move(*parsed);
  }
  std::unique_ptr<Simulation> simulation(new Simulation());
  simulation->parts_ = std::make_unique<Parts>(spec, options, std::move(*world), std::move(rules));
  return simulation;
}

Provider& Simulation::provider() { return parts_->provider; }
HostReader& Simulation::host_reader() { return parts_->hosts; }
HostWriter& Simulation::host_writer() { return parts_->hosts; }
ArtifactReader& Simulation::artifact_reader() { return parts_->artifacts; }
ArtifactWriter& Simulation::artifact_writer() { return parts_->artifacts; }
Clock& Simulation::clock() { return parts_->clock; }
World& Simulation::world() { return *parts_->world; }
Result<HttpResponse> Simulation::api(const HttpRequest& request) { return parts_->cluster.handle(request); }

namespace {

/// Passes everything on to a world of its own.
class OwningProvider final : public Provider {
 public:
  explicit OwningProvider(std::unique_ptr<Simulation> simulation) : simulation_(std::move(simulation)) {}
  Result<std::vector<MachineSteps>> expand(Graph& graph, const std::vector<MachineOrder>& machines) override {
    return inner().expand(graph, machines);
  }
  Result<std::vector<CloudObject>> list_owned() override { return inner().list_owned(); }
  CloudReader& reader() override { return inner().reader(); }
  CloudWriter& writer() override { return inner().writer(); }
  Result<std::vector<Claim>> claims(const Plan& plan) override { return inner().claims(plan); }
  std::vector<Error> preflight() override { return inner().preflight(); }
  Seconds list_lag() const override { return simulation_->provider().list_lag(); }

 private:
  Provider& inner() { return simulation_->provider(); }
  std::unique_ptr<Simulation> simulation_;
};

}  // namespace

Result<std::unique_ptr<Provider>> make_simulated_provider(const Spec& spec, const SimulatedOptions& options) {
  Result<std::unique_ptr<Simulation>> simulation = Simulation::open(spec, options);
  if (!simulation) return std::move(simulation).error();
  return std::unique_ptr<Provider>(std::make_unique<OwningProvider>(std::move(*simulation)));
}

}  // namespace slipway
