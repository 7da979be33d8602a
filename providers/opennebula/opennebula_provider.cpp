#include "providers/opennebula/opennebula_provider.h"

#include "base/text.h"
#include "providers/common/object_step.h"
#include "providers/common/observed_cloud.h"
#include "providers/opennebula/checks.h"
#include "providers/opennebula/groups.h"
#include "providers/opennebula/guest.h"
#include "providers/opennebula/machines.h"
#include "providers/opennebula/networks.h"

namespace slipway {
namespace opennebula {
namespace {

constexpr const char* security_group_intent = "cloud/security-group";
constexpr const char* vm_group_intent = "cloud/vm-group";
constexpr Milliseconds observed_age = Seconds(60);

Error unknown_kind(std::string_view kind) {
  return fail(ErrorKind::internal, "provider 'opennebula' has no such kind of object",
              {.found = std::string(kind), .advice = "this is a bug in Slipway"});
}

/// The cloud ports over the kinds of object.
class OneCloud final : public CloudReader, public CloudWriter {
 public:
  OneCloud(OneClient& client, Catalog& catalog, const Settings& settings, OrderOf order_of)
      : machines_(client, catalog, settings, std::move(order_of)),
        reservations_(client, catalog, settings),
        security_groups_(client, catalog, settings),
        vm_groups_(client, settings),
        volumes_(client, catalog, settings) {}

  Result<std::vector<CloudObject>> list(std::string_view kind) override { return list(kind, Milliseconds(0)); }
  /// `age`: how old an answer about networks may be, which several kinds look at.
  Result<std::vector<CloudObject>> list(std::string_view kind, Milliseconds age) {
    if (kind == "machine") return machines_.list();
    if (kind == "reservation") return reservations_.list(age);
    if (kind == "security-group") return security_groups_.list();
    if (kind == "vm-group") return vm_groups_.list();
    if (kind == "volume") return volumes_.list();
    return unknown_kind(kind);
  }

  Result<CloudObject> create(const CloudRequest& request, const CloudProgress& progress, Deadline deadline) override {
    if (request.kind == "machine") return machines_.create(request, progress, deadline);
    if (request.kind == "reservation") return reservations_.create(request, deadline);
    if (request.kind == "security-group") return security_groups_.create(request);
    if (request.kind == "vm-group") return vm_groups_.create(request);
    if (request.kind == "volume") return volumes_.create(request, deadline);
    return unknown_kind(request.kind);
  }

  Result<CloudObject> update(const CloudObject& object, const Value& fields, const CloudProgress& progress,
                             Deadline deadline) override {
    if (object.kind == "machine") return machines_.update(object, fields, progress, deadline);
    if (object.kind == "security-group") return security_groups_.update(object, fields);
    return fail(ErrorKind::bad_input, "this cannot be changed in OpenNebula",
                {.found = object.kind + " " + object.name + ": " + fields.dump(), .advice = "delete it, then apply"});
  }

  Result<void> remove(std::string_view kind, const std::string& id, Deadline deadline) override {
    if (kind == "machine") return machines_.remove(std::atoi(id.c_str()), deadline);
    if (kind == "reservation") return reservations_.remove(id, deadline);
    if (kind == "security-group") return security_groups_.remove(id, deadline);
    if (kind == "vm-group") return vm_groups_.remove(id, deadline);
    if (kind == "volume") return volumes_.remove(id, deadline);
    return unknown_kind(kind);
  }

  Reservations& reservations() { return reservations_; }
  VmGroups& vm_groups() { return vm_groups_; }

 private:
  Machines machines_;
  Reservations reservations_;
  SecurityGroups security_groups_;
  VmGroups vm_groups_;
  Volumes volumes_;
};

/// What observing steps read: one call may serve several kinds.
class ObservingReader final : public CloudReader {
 public:
  explicit ObservingReader(OneCloud& cloud) : cloud_(cloud) {}
  void see_machines_through(CloudReader& machines) { machines_ = &machines; }

  Result<std::vector<CloudObject>> list(std::string_view kind) override {
    if (kind == "vm-group" && machines_)
      if (const std::optional<std::string> id = group_in_use())
        return std::vector<CloudObject>{cloud_.vm_groups().object_of(*id)};
    return cloud_.list(kind, observed_age);
  }

 private:
  /// The one group that our machines are in, if that is so.
  std::optional<std::string> group_in_use() {
    std::optional<std::string> found;
    const Result<std::vector<CloudObject>> machines = machines_->list("machine");
    if (!machines) return std::nullopt;
    for (const CloudObject& machine : *machines) {
      const std::string group = text_at(machine.fields, "group");
      if (group.empty()) continue;
      if (found && *found != group) return std::nullopt;
      found = group;
    }
    return found;
  }

  OneCloud& cloud_;
  CloudReader* machines_ = nullptr;
};

/// What acting steps read: things as they are now. Those who look for machines at once, or volumes, share a call.
class FreshReader final : public CloudReader, public CloudSearch {
 public:
  FreshReader(OneCloud& cloud, ObservedCloud& observed) : cloud_(cloud), observed_(observed) {}

  Result<std::vector<CloudObject>> list(std::string_view kind) override { return reader_of(kind).list(kind); }
  Result<std::vector<CloudObject>> find(std::string_view kind, const CloudKey& key) override {
    return find_objects(reader_of(kind), kind, key);
  }

 private:
  CloudReader& reader_of(std::string_view kind) {
    if (kind == "machine" || kind == "volume") return observed_.fresh();
    return cloud_;
  }

  OneCloud& cloud_;
  ObservedCloud& observed_;
};

class OpenNebulaProvider final : public Provider {
 public:
  OpenNebulaProvider(Settings settings, Login login, HttpOptions http)
      : settings_(std::move(settings)),
        client_(std::move(login), std::move(http)),
        catalog_(client_, settings_),
        cloud_(client_, catalog_, settings_, [this](const std::string& name) { return order_of(name); }),
        observing_(cloud_),
        observed_(observing_, cloud_),
        fresh_(cloud_, observed_) {
    observing_.see_machines_through(observed_);
  }

  Result<std::vector<MachineSteps>> expand(Graph& graph, const std::vector<MachineOrder>& machines) override;
  Result<std::vector<CloudObject>> list_owned() override;
  CloudReader& reader() override { return observed_; }
  CloudReader& fresh_reader() override { return fresh_; }
  CloudWriter& writer() override { return observed_; }
  Result<std::vector<Claim>> claims(const Plan& plan) override {
    return Checks(client_, catalog_, settings_, observed_).claims(plan);
  }
  Result<std::optional<double>> price_per_hour(const Size& size) override { return catalog_.price_per_hour(size); }
  std::vector<Error> preflight() override { return Checks(client_, catalog_, settings_, observed_).run(); }
  Seconds list_lag() const override { return Seconds(5); }
  std::optional<uint64_t> calls() const override { return client_.calls(); }

 private:
  std::vector<StepId> add_reservations(Graph& graph);
  StepId add_security_group(Graph& graph);
  StepId add_vm_group(Graph& graph);
  StepId add_volume(Graph& graph, const MachineOrder& machine);
  MachineOrder order_of(const std::string& name) const;
  HostAccess access_of(const MachineOrder& machine) const;

  const Settings settings_;
  OneClient client_;
  Catalog catalog_;
  OneCloud cloud_;
  ObservingReader observing_;
  ObservedCloud observed_;
  FreshReader fresh_;
  mutable std::mutex mutex_;
  std::map<std::string, MachineOrder> orders_;  ///< Guarded by mutex_.
};

StepId add_object(Graph& graph, const std::string& id, CloudObjectOrder order, std::string title,
                  bool carries_data = false) {
  StepInfo info{.id = StepId(id),
                .layer = Layer::cloud,
                .lanes = {"cloud"},
                .title = std::move(title),
                .expected = Seconds(2),
                .limit = order.limit,
                .carries_data = carries_data,
                .removal = removal_of(order)};
  return graph.add(std::move(info), std::make_unique<CloudObjectStep>(std::move(order)));
}

std::vector<StepId> OpenNebulaProvider::add_reservations(Graph& graph) {
  std::vector<StepId> steps;
  for (const Reservations::Wish& wish : cloud_.reservations().wishes()) {
    const std::string addresses =
        wish.addresses.first == wish.addresses.last ? to_string(wish.addresses.first) : to_string(wish.addresses);
    steps.push_back(add_object(graph, wish.intent,
                               {.kind = "reservation",
                                .name = wish.name,
                                .mark = settings_.mark(wish.intent),
                                .fields = {{"addresses", addresses}, {"network", settings_.network}},
                                .replace_on = {"addresses", "network"},
                                .limit = std::chrono::minutes(2)},
                               "reserved address " + addresses));
  }
  return steps;
}

StepId OpenNebulaProvider::add_security_group(Graph& graph) {
  return add_object(graph, security_group_intent,
                    {.kind = "security-group",
                     .name = settings_.object_name("nodes"),
                     .mark = settings_.mark(security_group_intent),
                     .fields = {{"rules", SecurityGroups::wanted_rules()}},
                     .limit = std::chrono::minutes(2)},
                    "security group");
}

StepId OpenNebulaProvider::add_vm_group(Graph& graph) {
  return add_object(graph, vm_group_intent,
                    {.kind = "vm-group",
                     .name = settings_.object_name("control"),
                     .mark = settings_.mark(vm_group_intent),
                     .fields = {{"policy", "ANTI_AFFINED"}},
                     .create_only = {"policy"},
                     .limit = std::chrono::minutes(2)},
                    "control planes on different hosts");
}

StepId OpenNebulaProvider::add_volume(Graph& graph, const MachineOrder& machine) {
  const std::string intent = "volume/" + machine.name.text();
  return add_object(graph, intent,
                    {.kind = "volume",
                     .name = settings_.object_name(machine.name.text()),
                     .mark = settings_.mark(intent),
                     .fields = {{"size_bytes", static_cast<uint64_t>(settings_.data_disk_mb) << 20}},
                     .limit = std::chrono::minutes(10)},
                    "data disk of " + machine.name.text(), true);
}

/// "[user@]address[:port]" with what it leaves out.
std::string whole_jump(const SshSettings& ssh) {
  if (ssh.jump.empty()) return {};
  std::string jump = ssh.jump.find('@') == std::string::npos ? ssh.user + "@" + ssh.jump : ssh.jump;
  if (jump.find(':') == std::string::npos) jump += ":22";
  return jump;
}

HostAccess OpenNebulaProvider::access_of(const MachineOrder& machine) const {
  HostAccess access{.machine = machine.name,
                    .address = machine.address,
                    .port = settings_.ssh.port,
                    .user = settings_.ssh.user,
                    .sudo = settings_.ssh.sudo,
                    .jump = whole_jump(settings_.ssh),
                    .jump_host_keys = {},
                    .host_keys = {}};
  if (!machine.host_public_key.empty()) access.host_keys.push_back(machine.host_public_key);
  return access;
}

Result<std::vector<MachineSteps>> OpenNebulaProvider::expand(Graph& graph, const std::vector<MachineOrder>& machines) {
  std::vector<MachineSteps> steps;
  if (machines.empty()) return steps;
  const std::vector<StepId> reservations = add_reservations(graph);
  const StepId security_group = add_security_group(graph);
  std::optional<StepId> vm_group;
  if (settings_.anti_affinity) vm_group = add_vm_group(graph);
  for (const MachineOrder& machine : machines) {
    const std::string name = machine.name.text();
    const StepId id("machine/" + name);
    {
      const std::lock_guard lock(mutex_);
      orders_[name] = machine;
    }
    const Size& size = machine.size;
    CloudObjectOrder order{.kind = "machine",
                           .name = name,
                           .mark = settings_.mark(id.text()),
                           .fields = {{"address", machine.address},
                                      {"source", settings_.source()},
                                      {"network", settings_.network},
                                      {"nic", "attached"},
                                      {"cpus", size.cpus},
                                      {"memory_bytes", static_cast<uint64_t>(megabytes(size.memory_bytes)) << 20},
                                      {"disk_bytes", static_cast<uint64_t>(megabytes(size.disk_bytes)) << 20},
                                      {"context", context_digest(context_of(machine, settings_.ssh))},
                                      {"held_addresses", join(machine.held_addresses, ",")},
                                      {"state", "running"}},
                           .field_inputs = {{"security_group", "security_group"}},
                           .replace_on = {"address", "source", "network"},
                           .recorded_id = machine.recorded_id,
                           .access = access_of(machine),
                           .limit = std::chrono::minutes(15),
                           // The start script comes late in a first start: until then sshd has keys of its own.
                           .login_limit = std::chrono::minutes(10)};
    StepInfo info{.id = id,
                  .layer = Layer::cloud,
                  .machine = machine.name,
                  .inputs = {{"security_group", {security_group, "id"}}},
                  // Reserved first, so that no machine is given the endpoint's address by chance.
                  .after = reservations,
                  // No lane: nearly all of its time it waits for the machine to boot.
                  .title = name + " (" + std::to_string(size.cpus) + " cores, " + format_bytes(size.memory_bytes) + ")",
                  .expected = Seconds(40),
                  .limit = order.limit + order.login_limit,
                  .protect = machine.protect};
    if (vm_group && machine.role == Role::control_plane) {
      order.fields["role"] = VmGroups::role;
      order.field_inputs["group"] = "group";
      order.create_only = {"group", "role"};
      info.inputs["group"] = {*vm_group, "id"};
    }
    if (settings_.data_disk_mb > 0 && settings_.datastore.empty())
      order.fields["data_disk_bytes"] = static_cast<uint64_t>(settings_.data_disk_mb) << 20;
    if (settings_.data_disk_mb > 0 && !settings_.datastore.empty()) {
      order.field_inputs["volume"] = "volume";
      info.inputs["volume"] = {add_volume(graph, machine), "id"};
    }
    info.removal = removal_of(order);
    graph.add(std::move(info), std::make_unique<CloudObjectStep>(std::move(order)));
    steps.push_back({machine.name, id});
  }
  return steps;
}

MachineOrder OpenNebulaProvider::order_of(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto order = orders_.find(name);
  if (order != orders_.end()) return order->second;
  MachineOrder bare;
  bare.name = MachineName(name);
  return bare;
}

Result<std::vector<CloudObject>> OpenNebulaProvider::list_owned() {
  std::vector<CloudObject> all;
  for (const char* kind : {"machine", "volume", "vm-group", "security-group", "reservation"}) {
    if (kind == std::string_view("volume") && settings_.datastore.empty()) continue;
    Result<std::vector<CloudObject>> some = observed_.list(kind);
    if (!some) return std::move(some).error();
    for (CloudObject& object : *some)
      if (object.id != Reservations::outside) all.push_back(std::move(object));
  }
  return all;
}

}  // namespace
}  // namespace opennebula

Result<std::unique_ptr<Provider>> make_opennebula_provider(const Spec& spec, const OpenNebulaOptions& options) {
  Result<opennebula::Settings> settings = opennebula::settings_from(spec);
  if (!settings) return std::move(settings).error();
  settings->poll = options.poll;
  const Value& block = spec.provider_settings;
  Result<opennebula::Login> login = opennebula::find_login(
      text_at(block, "endpoint"), resolve_path(text_at(block, "auth_file"), spec.path), options.environment);
  if (!login) return std::move(login).error();
  HttpOptions http;
  http.ca_file = resolve_path(text_at(block, "ca_file"), spec.path);
  http.insecure = block.value("insecure", false);
  return std::unique_ptr<Provider>(
      std::make_unique<opennebula::OpenNebulaProvider>(std::move(*settings), std::move(*login), std::move(http)));
}

}  // namespace slipway
