#include "providers/local/local_provider.h"

#include <map>
#include <mutex>

#include "base/text.h"
#include "providers/common/object_step.h"
#include "providers/local/base_image.h"
#include "providers/local/host.h"
#include "providers/local/machine_files.h"
#include "providers/local/preflight.h"

namespace slipway {
namespace local {
namespace {

constexpr const char* image_intent = "cloud/image";
constexpr const char* network_intent = "cloud/network";

std::string machine_intent(const std::string& name) { return "machine/" + name; }

Error unknown_kind(std::string_view kind) {
  return fail(
      ErrorKind::internal, "provider 'local' has no such kind of object",
      {.found = std::string(kind), .expected = "image, network or machine", .advice = "this is a bug in Slipway"});
}

class LocalProvider final : public Provider, public CloudReader, public CloudWriter {
 public:
  LocalProvider(Spec spec, Settings settings)
      : spec_(std::move(spec)),
        settings_(std::move(settings)),
        cgroups_(detect_cgroups()),
        image_(settings_.release, settings_.mirror),
        network_(settings_),
        files_(settings_) {}

  Result<std::vector<MachineSteps>> expand(Graph& graph, const std::vector<MachineOrder>& machines) override;
  Result<std::vector<CloudObject>> list_owned() override;
  CloudReader& reader() override { return *this; }
  CloudWriter& writer() override { return *this; }
  Result<std::vector<Claim>> claims(const Plan& plan) override { return local::claims(plan, spec_, settings_); }
  MachineFiles* machine_files() override { return &files_; }
  std::vector<Error> preflight() override { return local::preflight(spec_, settings_, image_.ready()); }

  Result<std::vector<CloudObject>> list(std::string_view kind) override;
  Result<CloudObject> create(const CloudRequest& request, const CloudProgress& progress, Deadline deadline) override;
  Result<CloudObject> update(const CloudObject& object, const Value& fields, const CloudProgress& progress,
                             Deadline deadline) override;
  Result<void> remove(std::string_view kind, const std::string& id, Deadline deadline) override;

 private:
  StepId add_image(Graph& graph) const;
  StepId add_network(Graph& graph) const;
  /// The order's address, the recorded one, or the lowest free one of the subnet.
  Result<std::string> address_for(const MachineOrder& order, std::map<std::string, std::string>& taken) const;
  Result<CloudObject> create_machine(const CloudRequest& request, const CloudProgress& progress, Deadline deadline);
  Result<CloudObject> update_machine(const std::string& name, const Value& fields, const CloudProgress& progress,
                                     Deadline deadline);
  Result<void> ensure_network();
  Result<void> boot(const Host& host, MachineRecord& record, const CloudProgress& progress, Deadline deadline);
  Host host(const std::string& name) const { return Host(settings_, cgroups_, name); }
  CloudObject machine_object(const Host& host, const MachineRecord& record) const;
  CloudObject image_object() const;
  /// The secrets that requests must not carry; an order of names and keys only where expand never saw the machine.
  MachineOrder order_of(const std::string& name) const;

  const Spec spec_;
  const Settings settings_;
  const CgroupSetup cgroups_;
  const BaseImage image_;
  const Network network_;
  LocalMachineFiles files_;
  std::mutex network_mutex_;  ///< Hosts that start at once must not make the bridge twice.
  mutable std::mutex mutex_;
  std::map<std::string, MachineOrder> orders_;  ///< Guarded by mutex_.
};

StepId LocalProvider::add_image(Graph& graph) const {
  const CloudObjectOrder order{.kind = "image",
                               .name = image_.name(),
                               .mark = settings_.mark(image_intent),
                               .fields = {{"release", settings_.release}},
                               .certain_id = image_.name(),
                               .limit = std::chrono::minutes(30)};
  // No removal: the image lies in the cache and serves the other clusters and the next one.
  return graph.add({.id = StepId(image_intent),
                    .layer = Layer::cloud,
                    .lanes = {"build"},
                    .title = "base image " + image_.name(),
                    .expected = Seconds(40),
                    .limit = order.limit,
                    .tries = 3,  // A mirror that is not there after apt's own tries is not there.
                    .on_demand = true},
                   std::make_unique<CloudObjectStep>(order));
}

StepId LocalProvider::add_network(Graph& graph) const {
  const CloudObjectOrder order{.kind = "network",
                               .name = settings_.cluster,
                               .mark = settings_.mark(network_intent),
                               .fields = {{"subnet", to_string(settings_.subnet)}, {"state", "running"}},
                               .replace_on = {"subnet"},
                               .certain_id = settings_.bridge(),
                               .limit = std::chrono::minutes(2)};
  return graph.add({.id = StepId(network_intent),
                    .layer = Layer::cloud,
                    .title = "network " + to_string(settings_.subnet),
                    .expected = Milliseconds(200),
                    .limit = order.limit,
                    .removal = removal_of(order)},
                   std::make_unique<CloudObjectStep>(order));
}

Result<std::string> LocalProvider::address_for(const MachineOrder& order,
                                               std::map<std::string, std::string>& taken) const {
  const std::string name = order.name.text();
  std::string text = order.address;
  if (text.empty())
    if (const Result<MachineRecord> record = host(name).folder().read()) text = record->address;
  const AddressRange range = settings_.subnet.range();
  if (text.empty()) {
    // The first ten stay free for addresses that the cluster reserves, where the subnet is large enough for that.
    Address candidate{settings_.gateway().bits + (range.size() > 32 ? 10 : 1)};
    while (candidate < range.last && taken.contains(to_string(candidate))) ++candidate.bits;
    if (candidate >= range.last)
      return fail(ErrorKind::quota, "no free address for another local host",
                  {.found = std::to_string(taken.size()) + " addresses in use",
                   .expected = "one more in " + to_string(settings_.subnet),
                   .advice = "choose a larger local.subnet"});
    text = to_string(candidate);
  }
  Result<Address> address = parse_address(text);
  if (!address) return std::move(address).error().while_doing("reading the address of " + name);
  if (!range.contains(*address) || *address == range.first || *address == range.last || *address == settings_.gateway())
    return fail(ErrorKind::bad_input, "a host's address does not fit the local subnet",
                {.found = name + " at " + text,
                 .expected = "an address of " + to_string(settings_.subnet) + " other than " +
                             to_string(settings_.gateway()) + " (this machine)",
                 .where = spec_.path});
  const auto [twin, fresh] = taken.emplace(text, name);
  if (!fresh && twin->second != name)
    return fail(ErrorKind::bad_input, "two local hosts with one address",
                {.found = text + " for " + twin->second + " and " + name, .where = spec_.path});
  return text;
}

Result<std::vector<MachineSteps>> LocalProvider::expand(Graph& graph, const std::vector<MachineOrder>& machines) {
  std::vector<MachineSteps> steps;
  if (machines.empty()) return steps;
  const StepId image = add_image(graph), network = add_network(graph);
  std::map<std::string, std::string> taken;
  for (const MachineFolder& folder : machine_folders(settings_.machines_directory()))
    if (const Result<MachineRecord> record = folder.read()) taken.emplace(record->address, record->name);
  for (const MachineOrder& machine : machines) {
    const std::string name = machine.name.text();
    Result<std::string> address = address_for(machine, taken);
    if (!address) return std::move(address).error();
    const StepId id(machine_intent(name));
    CloudObjectOrder order{.kind = "machine",
                           .name = name,
                           .mark = settings_.mark(id.text()),
                           .fields = {{"address", *address},
                                      {"release", settings_.release},
                                      {"cpus", machine.size.cpus},
                                      {"memory_bytes", machine.size.memory_bytes},
                                      {"disk_bytes", machine.size.disk_bytes},
                                      {"state", "running"}},
                           .field_inputs = {{"image", "image"}, {"network", "network"}},
                           .replace_on = {"address", "release"},
                           // A newer image serves new machines; a changed network id means that they move with it.
                           .create_only = {"image", "network"},
                           .recorded_id = machine.recorded_id,
                           .certain_id = settings_.host_id(name),
                           .access = HostAccess{.machine = machine.name,
                                                .address = *address,
                                                .port = 22,
                                                .user = "root",
                                                .sudo = false,
                                                .jump = {},
                                                .jump_host_keys = {},
                                                .host_keys = {}},
                           .limit = std::chrono::minutes(3)};
    if (!machine.host_public_key.empty()) order.access->host_keys.push_back(machine.host_public_key);
    graph.add({.id = id,
               .layer = Layer::cloud,
               .machine = machine.name,
               .inputs = {{"image", {image, "id"}}, {"network", {network, "id"}}},
               .title = name + " (" + std::to_string(machine.size.cpus) + " cores, " +
                        format_bytes(machine.size.memory_bytes) + ")",
               .expected = Seconds(1),
               .limit = order.limit,
               .protect = machine.protect,
               .removal = removal_of(order)},
              std::make_unique<CloudObjectStep>(order));
    steps.push_back({machine.name, id});
    const std::lock_guard lock(mutex_);
    orders_[name] = machine;
  }
  return steps;
}

MachineOrder LocalProvider::order_of(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto order = orders_.find(name);
  if (order != orders_.end()) return order->second;
  MachineOrder bare;
  bare.name = MachineName(name);
  return bare;
}

CloudObject LocalProvider::image_object() const {
  return {.kind = "image",
          .id = image_.name(),
          .name = image_.name(),
          .mark = settings_.mark(image_intent),
          .fields = {{"release", settings_.release}}};
}

CloudObject LocalProvider::machine_object(const Host& host, const MachineRecord& record) const {
  return {.kind = "machine",
          .id = settings_.host_id(record.name),
          .name = record.name,
          .mark = record.mark,
          .fields = {{"address", record.address},
                     {"release", record.release},
                     {"image", record.image},
                     {"cpus", record.cpus},
                     {"memory_bytes", record.memory_bytes},
                     {"disk_bytes", record.disk_bytes},
                     {"created", record.created},
                     {"state", std::string(name(host.state(record)))}}};
}

Result<std::vector<CloudObject>> LocalProvider::list(std::string_view kind) {
  std::vector<CloudObject> objects;
  if (kind == "image") {
    if (image_.ready()) objects.push_back(image_object());
  } else if (kind == "network") {
    if (std::optional<CloudObject> network = network_.find()) objects.push_back(std::move(*network));
  } else if (kind == "machine") {
    for (const MachineFolder& folder : machine_folders(settings_.machines_directory())) {
      Result<MachineRecord> record = folder.read();
      if (!record) return std::move(record).error();
      objects.push_back(machine_object(host(record->name), *record));
    }
  } else {
    return unknown_kind(kind);
  }
  return objects;
}

Result<std::vector<CloudObject>> LocalProvider::list_owned() {
  Result<std::vector<CloudObject>> owned = list("network");
  if (!owned) return owned;
  Result<std::vector<CloudObject>> machines = list("machine");
  if (!machines) return machines;
  owned->insert(owned->end(), machines->begin(), machines->end());
  return owned;
}

Result<CloudObject> LocalProvider::create(const CloudRequest& request, const CloudProgress& progress,
                                          Deadline deadline) {
  if (request.kind == "machine") return create_machine(request, progress, deadline);
  if (request.kind == "network") return network_.ensure(request.mark);
  if (request.kind != "image") return unknown_kind(request.kind);
  if (Result<void> built = image_.build(progress, deadline); !built) return std::move(built).error();
  return image_object();
}

Result<void> LocalProvider::ensure_network() {
  const std::lock_guard lock(network_mutex_);
  const std::optional<CloudObject> network = network_.find();
  if (network && text_at(network->fields, "state") == "running") return {};
  if (Result<CloudObject> made = network_.ensure(settings_.mark(network_intent)); !made) return std::move(made).error();
  return {};
}

Result<void> LocalProvider::boot(const Host& host, MachineRecord& record, const CloudProgress& progress,
                                 Deadline deadline) {
  // The machine may have been restarted since the network step: whoever starts a host needs the bridge.
  if (Result<void> network = ensure_network(); !network) return network;
  if (Result<void> started = host.start(record, order_of(record.name), progress, deadline); !started) return started;
  if (record.complete) return {};
  record.complete = true;
  return host.folder().write(record);
}

Result<CloudObject> LocalProvider::create_machine(const CloudRequest& request, const CloudProgress& progress,
                                                  Deadline deadline) {
  const Host machine = host(request.name);
  if (machine.folder().read())
    return fail(ErrorKind::conflict, "a local host of this name exists",
                {.found = machine.folder().path(),
                 .expected = "no host " + request.name,
                 .advice = "plan again: it is taken up where it was left"});
  const Value& fields = request.fields;
  MachineRecord record{.name = request.name,
                       .mark = request.mark,
                       .address = text_at(fields, "address"),
                       .release = text_at(fields, "release", settings_.release),
                       .image = text_at(fields, "image", image_.name()),
                       .cpus = fields.value("cpus", 1),
                       .memory_bytes = fields.value("memory_bytes", uint64_t{0}),
                       .disk_bytes = fields.value("disk_bytes", uint64_t{0}),
                       .created = format_time(std::chrono::system_clock::now()),
                       .complete = false};
  if (Result<void> noted = machine.folder().write(record); !noted) return std::move(noted).error();
  if (Result<void> booted = boot(machine, record, progress, deadline); !booted) return std::move(booted).error();
  return machine_object(machine, record);
}

Result<CloudObject> LocalProvider::update(const CloudObject& object, const Value& fields, const CloudProgress& progress,
                                          Deadline deadline) {
  if (object.kind == "network") return network_.ensure(object.mark);
  if (object.kind == "image") return image_object();
  if (object.kind == "machine") return update_machine(object.name, fields, progress, deadline);
  return unknown_kind(object.kind);
}

Result<CloudObject> LocalProvider::update_machine(const std::string& name, const Value& fields,
                                                  const CloudProgress& progress, Deadline deadline) {
  const Host machine = host(name);
  Result<MachineRecord> record = machine.folder().read();
  if (!record) return std::move(record).error();
  const bool resized = fields.contains("cpus") || fields.contains("memory_bytes") || fields.contains("disk_bytes");
  record->cpus = fields.value("cpus", record->cpus);
  record->memory_bytes = fields.value("memory_bytes", record->memory_bytes);
  record->disk_bytes = fields.value("disk_bytes", record->disk_bytes);
  const HostState state = machine.state(*record);
  if (resized) {
    if (state == HostState::running)
      if (Result<void> set = machine.set_limits(*record); !set) return std::move(set).error();
    if (Result<void> noted = machine.folder().write(*record); !noted) return std::move(noted).error();
  }
  if (text_at(fields, "state") == "running" && state != HostState::running)
    if (Result<void> booted = boot(machine, *record, progress, deadline); !booted) return std::move(booted).error();
  return machine_object(machine, *record);
}

Result<void> LocalProvider::remove(std::string_view kind, const std::string& id, Deadline deadline) {
  if (kind == "image") return {};
  if (kind == "network") return id == settings_.bridge() ? network_.remove() : Result<void>();
  if (kind != "machine") return unknown_kind(kind);
  for (const MachineFolder& folder : machine_folders(settings_.machines_directory())) {
    const std::string name = folder.path().substr(folder.path().rfind('/') + 1);
    if (settings_.host_id(name) == id) return host(name).remove(deadline);
  }
  return {};
}

}  // namespace
}  // namespace local

Result<std::unique_ptr<Provider>> make_local_provider(const Spec& spec, const LocalOptions& options) {
  Result<local::Settings> settings = local::settings_from(spec, options);
  if (!settings) return std::move(settings).error();
  return std::unique_ptr<Provider>(std::make_unique<local::LocalProvider>(spec, std::move(*settings)));
}

}  // namespace slipway
