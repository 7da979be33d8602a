#include "providers/openstack/openstack_provider.h"

#include <algorithm>

#include "base/file.h"
#include "base/text.h"
#include "providers/common/observed_cloud.h"
#include "providers/openstack/graph_writer.h"
#include "providers/openstack/inside.h"
#include "providers/openstack/lookups.h"

namespace slipway {
namespace openstack {
namespace {

constexpr const char* owned_kinds[] = {"keypair", "server-group",     "network",        "subnet",
                                       "router",  "router-interface", "security-group", "port",
                                       "volume",  "floating-address", "machine"};

/// The cloud ports, each call going to the service.
class Project final : public CloudReader, public CloudWriter {
 public:
  explicit Project(const Workplace& place) {
    add_compute_kinds(kinds_, place);
    add_network_kinds(kinds_, place);
    add_volume_kinds(kinds_, place);
    add_image_kinds(kinds_, place);
  }

  Result<std::vector<CloudObject>> list(std::string_view kind) override {
    Result<ObjectKind*> found = find(kind);
    if (!found) return std::move(found).error();
    return (*found)->list(Deadline::in(std::chrono::minutes(2)));
  }
  Result<CloudObject> create(const CloudRequest& request, const CloudProgress& progress, Deadline deadline) override {
    Result<ObjectKind*> found = find(request.kind);
    if (!found) return std::move(found).error();
    return (*found)->create(request, progress, deadline);
  }
  Result<CloudObject> update(const CloudObject& object, const Value& fields, const CloudProgress& progress,
                             Deadline deadline) override {
    Result<ObjectKind*> found = find(object.kind);
    if (!found) return std::move(found).error();
    return (*found)->update(object, fields, progress, deadline);
  }
  Result<void> remove(std::string_view kind, const std::string& id, Deadline deadline) override {
    Result<ObjectKind*> found = find(kind);
    if (!found) return std::move(found).error();
    return (*found)->remove(id, deadline);
  }

 private:
  Result<ObjectKind*> find(std::string_view kind) const {
    const auto found = kinds_.find(kind);
    if (found != kinds_.end()) return found->second.get();
    return fail(ErrorKind::internal, "provider 'openstack' has no such kind of object",
                {.found = std::string(kind), .advice = "this is a bug in Slipway"});
  }

  Kinds kinds_;
};

class OpenstackProvider final : public Provider {
 public:
  OpenstackProvider(const Spec& spec, Settings settings, Credentials who, const OpenstackOptions& options)
      : spec_(spec),
        list_lag_(options.list_lag),
        settings_(std::move(settings)),
        inside_(who),
        api_(std::move(who)),
        place_{.api = api_,
               .settings = settings_,
               .orders = orders_,
               .timing = {.first_poll = options.first_poll,
                          .longest_poll = options.first_poll * 6,
                          .build_limit = options.build_limit,
                          .in_use_limit = options.in_use_limit}},
        project_(place_),
        observed_(project_, project_, options.list_lag) {
    place_.kept = &observed_;
    place_.fresh = &observed_.fresh();
  }

  Result<std::vector<MachineSteps>> expand(Graph& graph, const std::vector<MachineOrder>& machines) override {
    std::vector<MachineOrder> orders = machines;
    for (MachineOrder& order : orders) {
      if (order.login_public_key.empty()) {
        Result<std::string> key = login_key();
        if (!key) return std::move(key).error();
        order.login_public_key = std::move(*key);
      }
      orders_.keep(order);
    }
    needs_ = {};
    return GraphWriter(graph, settings_, list_lag_, needs_).write(orders);
  }

  Result<std::vector<CloudObject>> list_owned() override {
    std::vector<CloudObject> owned;
    for (const char* kind : owned_kinds) {
      Result<std::vector<CloudObject>> objects = observed_.list(kind);
      // A cloud without block storage has no volumes of ours.
      if (!objects && std::string_view(kind) == "volume" && objects.error().kind == ErrorKind::not_found) continue;
      if (!objects) return std::move(objects).error();
      for (CloudObject& object : *objects)
        if (!object.mark.empty() || (object.kind == "keypair" && object.name.starts_with(settings_.name() + "-")))
          owned.push_back(std::move(object));
    }
    return owned;
  }

  CloudReader& reader() override { return observed_; }
  CloudReader& fresh_reader() override { return observed_.fresh(); }
  CloudWriter& writer() override { return observed_; }
  std::string outside_api_address() override {
    if (!settings_.floating.contains("api")) return {};
    const Result<std::vector<CloudObject>> addresses = observed_.list("floating-address");
    if (!addresses) return {};
    for (const CloudObject& address : *addresses)
      if (address.mark == settings_.mark("floating/api")) return text_at(address.fields, "address");
    return {};
  }
  const InsideAccess* inside_access() const override { return &inside_; }
  Seconds list_lag() const override { return std::chrono::ceil<Seconds>(list_lag_); }
  std::optional<uint64_t> calls() const override { return api_.calls(); }

  Result<std::vector<Claim>> claims(const Plan& plan) override {
    Amounts needed;
    for (const PlannedStep& step : plan.steps) {
      if (step.diff.action != Action::create || step.out_of_scope) continue;
      if (const auto fixed = needs_.fixed.find(step.id); fixed != needs_.fixed.end())
        for (const auto& [resource, amount] : fixed->second) needed[resource] += amount;
      const auto pool = needs_.flavor_of.find(step.id);
      if (pool == needs_.flavor_of.end()) continue;
      Result<CloudObject> flavor = flavor_of(pool->second);
      if (!flavor) continue;  // The lookup's own step tells it.
      needed["cores"] += flavor->fields.value("cpus", int64_t{0});
      needed["MiB of memory"] += static_cast<int64_t>(flavor->fields.value("memory_bytes", uint64_t{0}) >> 20);
    }
    return claims_of(needed);
  }

  std::vector<Error> preflight() override {
    std::vector<Error> problems;
    const auto check = [&](Result<void> result) {
      if (!result) problems.push_back(std::move(result).error());
      return problems.empty();
    };
    if (!check(api_.log_in(Deadline::in(Seconds(60))))) return problems;
    check(look_up("image", [&](const std::vector<CloudObject>& all) { return pick_image(all, settings_.image); }));
    for (const Pool& pool : spec_.pools)
      if (Result<CloudObject> flavor = flavor_of(pool.name); !flavor)
        problems.push_back(std::move(flavor).error().while_doing("choosing the flavor of pool " + pool.name));
    if (!settings_.own_network())
      check(look_up("network", [&](const std::vector<CloudObject>& all) {
        return pick_named(all, settings_.network, "network", "openstack.network");
      }));
    if (!settings_.external_network.empty())
      check(look_up("network", [&](const std::vector<CloudObject>& all) {
        return pick_named(all, settings_.external_network, "external network", "openstack.external_network");
      }));
    if (settings_.data_disk_bytes > 0 || settings_.boot_volume)
      if (Result<std::vector<CloudObject>> volumes = observed_.list("volume"); !volumes)
        problems.push_back(std::move(volumes).error().while_doing("looking for block storage"));
    if (problems.empty()) check(room_for_pools());
    return problems;
  }

 private:
  /// Servers that the pools still lack, against the quota.
  Result<void> room_for_pools() {
    Result<std::vector<CloudObject>> machines = observed_.list("machine");
    if (!machines) return std::move(machines).error();
    Amounts needed;
    for (const Pool& pool : spec_.pools) {
      const auto there = std::count_if(machines->begin(), machines->end(), [&](const CloudObject& machine) {
        return machine.name.substr(0, machine.name.rfind('-')) == pool.name;
      });
      const int64_t missing = std::max<int64_t>(pool.count - there, 0);
      Result<CloudObject> flavor = flavor_of(pool.name);
      if (missing == 0 || !flavor) continue;
      needed["servers"] += missing;
      needed["cores"] += missing * flavor->fields.value("cpus", int64_t{0});
      needed["MiB of memory"] +=
          missing * static_cast<int64_t>(flavor->fields.value("memory_bytes", uint64_t{0}) >> 20);
    }
    Result<std::vector<Claim>> claims = claims_of(needed);
    if (!claims) return std::move(claims).error();
    return check_room(*claims);
  }

  Result<std::vector<Claim>> claims_of(const Amounts& needed) {
    std::vector<Claim> claims;
    for (const auto& [resource, amount] : needed)
      if (amount > 0) claims.push_back({resource, amount, {}});
    if (claims.empty()) return claims;
    Result<Amounts> left = free_quota(api_, needed, Deadline::in(Seconds(60)));
    if (!left) return std::move(left).error().while_doing("reading the project's quota");
    for (Claim& claim : claims)
      if (const auto there = left->find(claim.what); there != left->end()) claim.left = there->second;
    return claims;
  }

  Result<void> look_up(const char* kind, const Pick& pick) {
    Result<std::vector<CloudObject>> all = observed_.list(kind);
    if (!all) return std::move(all).error();
    if (Result<CloudObject> found = pick(*all); !found) return std::move(found).error();
    return {};
  }

  Result<CloudObject> flavor_of(const std::string& pool_name) {
    Result<std::vector<CloudObject>> all = observed_.list("flavor");
    if (!all) return std::move(all).error();
    const Pool* pool = spec_.find_pool(pool_name);
    Size size = settings_.flavor_size.value_or(pool ? pool->size : Size{});
    if (settings_.boot_volume) size.disk_bytes = 0;
    return pick_flavor(*all, settings_.flavor, size);
  }

  /// Of a key that the user keeps.
  Result<std::string> login_key() const {
    const std::string path = resolve_path(settings_.ssh.key, spec_.path) + ".pub";
    Result<std::string> text = read_file(path);
    if (text) return std::string(trim(*text));
    return fail(ErrorKind::bad_input, "the login key's public part is not there",
                {.found = path,
                 .expected = "the public key that new servers shall accept",
                 .advice = "ssh-keygen -y -f " + settings_.ssh.key + " > " + settings_.ssh.key + ".pub"});
  }

  const Spec spec_;
  const Milliseconds list_lag_;
  const Settings settings_;
  const Inside inside_;
  OrderBook orders_;
  Api api_;
  Workplace place_;
  Project project_;
  ObservedCloud observed_;
  QuotaNeeds needs_;
};

}  // namespace
}  // namespace openstack

Result<std::unique_ptr<Provider>> make_openstack_provider(const Spec& spec, const OpenstackOptions& options) {
  openstack::Settings settings = openstack::settings_from(spec);
  Result<openstack::Credentials> who = openstack::find_credentials(settings.cloud, options.surroundings);
  if (!who) return std::move(who).error();
  if (!settings.region.empty()) who->region = settings.region;
  if (!settings.ca_file.empty()) who->ca_file = settings.ca_file;
  if (settings.insecure) who->insecure = true;
  return std::unique_ptr<Provider>(
      std::make_unique<openstack::OpenstackProvider>(spec, std::move(settings), std::move(*who), options));
}

}  // namespace slipway
