// Nova's objects.

#include <algorithm>

#include "base/digest.h"
#include "base/text.h"
#include "providers/openstack/object_kind.h"
#include "providers/openstack/user_data.h"

namespace slipway::openstack {
namespace {

constexpr uint64_t gibibyte = uint64_t{1} << 30;
constexpr const char* mark_key = "slipway";  ///< Of a server's metadata.

/// Keys belong to a user, not to a project, and carry no text of ours: the name is the key.
class Keypair final : public ObjectKind {
 public:
  using ObjectKind::ObjectKind;

  Result<std::vector<CloudObject>> list(Deadline deadline) override {
    Result<std::vector<Value>> raw = place_.api.list(Service::compute, "/os-keypairs", "keypairs", deadline);
    if (!raw) return std::move(raw).error();
    std::vector<CloudObject> objects;
    for (const Value& item : *raw) objects.push_back(object_from(item.value("keypair", Value::object())));
    return objects;
  }
  Result<CloudObject> create(const CloudRequest& request, const CloudProgress&, Deadline deadline) override {
    Result<Value> made = place_.api.post(
        Service::compute, "/os-keypairs",
        {{"keypair", {{"name", request.name}, {"public_key", text_at(request.fields, "public_key")}}}}, deadline);
    if (!made) return std::move(made).error();
    return object_from((*made)["keypair"]);
  }
  Result<void> remove(const std::string& id, Deadline deadline) override {
    return place_.api.remove(Service::compute, "/os-keypairs/" + url_encode(id), deadline);
  }

 private:
  static CloudObject object_from(const Value& raw) {
    const std::string name = text_at(raw, "name");
    return {.kind = "keypair",
            .id = name,
            .name = name,
            .mark = {},
            .fields = {{"public_key", std::string(trim(text_at(raw, "public_key")))}}};
  }
};

/// The mark is the name: a server group has no other text.
class ServerGroup final : public ObjectKind {
 public:
  using ObjectKind::ObjectKind;

  Result<std::vector<CloudObject>> list(Deadline deadline) override {
    Result<std::vector<Value>> raw = place_.api.list(Service::compute, "/os-server-groups", "server_groups", deadline);
    if (!raw) return std::move(raw).error();
    std::vector<CloudObject> objects;
    for (const Value& item : *raw) objects.push_back(object_from(item));
    return objects;
  }
  Result<CloudObject> create(const CloudRequest& request, const CloudProgress&, Deadline deadline) override {
    Result<Value> made = place_.api.post(
        Service::compute, "/os-server-groups",
        {{"server_group", {{"name", written_mark(request.mark)}, {"policy", request.fields.at("policy")}}}}, deadline);
    if (!made) return std::move(made).error();
    return object_from((*made)["server_group"]);
  }
  Result<void> remove(const std::string& id, Deadline deadline) override {
    return place_.api.remove(Service::compute, "/os-server-groups/" + id, deadline);
  }

 private:
  CloudObject object_from(const Value& raw) const {
    const std::string name = text_at(raw, "name");
    return {.kind = "server-group",
            .id = text_at(raw, "id"),
            .name = name,
            .mark = mark_in(name, place_.settings.cluster),
            .fields = {{"policy", text_at(raw, "policy")}}};
  }
};

class Flavor final : public ObjectKind {
 public:
  using ObjectKind::ObjectKind;

  Result<std::vector<CloudObject>> list(Deadline deadline) override {
    Result<std::vector<Value>> raw = place_.api.list(Service::compute, "/flavors/detail", "flavors", deadline);
    if (!raw) return std::move(raw).error();
    std::vector<CloudObject> objects;
    for (const Value& item : *raw)
      objects.push_back({.kind = "flavor",
                         .id = text_at(item, "id"),
                         .name = {},
                         .mark = {},
                         .fields = {{"name", text_at(item, "name")},
                                    {"cpus", item.value("vcpus", 0)},
                                    {"memory_bytes", item.value("ram", uint64_t{0}) << 20},
                                    {"disk_bytes", item.value("disk", uint64_t{0}) * gibibyte}}});
    return objects;
  }
};

/// Nova's status and task as the word that steps compare.
std::string state_of(const Value& raw) {
  const std::string status = text_at(raw, "status");
  if (status == "ERROR") return "error";
  if (status == "BUILD") return "creating";
  if (status == "ACTIVE" || status == "VERIFY_RESIZE" || status == "PASSWORD") return "running";
  if (status == "SHUTOFF") return "stopped";
  std::string word = status;
  for (char& letter : word) letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
  return word;
}

/// What brings a server of that state back to work; null where one can only wait.
Value waking_action(const std::string& state) {
  if (state == "stopped") return {{"os-start", nullptr}};
  if (state == "paused") return {{"unpause", nullptr}};
  if (state == "suspended") return {{"resume", nullptr}};
  if (state == "shelved" || state == "shelved_offloaded") return {{"unshelve", nullptr}};
  if (state == "rescue") return {{"unrescue", nullptr}};
  return nullptr;
}

bool is_going(const Value& raw) {
  const std::string status = text_at(raw, "status"), task = text_at(raw, "OS-EXT-STS:task_state");
  return task == "deleting" || task == "soft-deleting" || status == "DELETED" || status == "SOFT_DELETED";
}

class Machine final : public ObjectKind {
 public:
  using ObjectKind::ObjectKind;

  Result<std::vector<CloudObject>> list(Deadline deadline) override {
    Result<std::vector<Value>> raw = place_.api.list(Service::compute, "/servers/detail", "servers", deadline);
    if (!raw) return std::move(raw).error();
    std::vector<CloudObject> objects;
    for (const Value& item : *raw)
      if (CloudObject object = object_from(item); !object.mark.empty() && !is_going(item))
        objects.push_back(std::move(object));
    return objects;
  }

  Result<CloudObject> create(const CloudRequest& request, const CloudProgress& progress, Deadline deadline) override {
    Result<Value> body = body_from(request);
    if (!body) return std::move(body).error();
    // What a build leaves broken was never used; one more try is part of the same create.
    for (int attempt = 1;; ++attempt) {
      Result<Value> made = place_.api.post(Service::compute, "/servers", *body, deadline);
      if (!made) return std::move(made).error();
      const std::string id = text_at((*made)["server"], "id");
      progress("asked for server " + id);
      Result<CloudObject> built = wait_until_running(id, deadline);
      if (built) return built;
      const bool broken = built.error().kind == ErrorKind::internal;
      if (!broken && built.error().kind != ErrorKind::timeout) return built;
      progress(built.error().summary + ": " + built.error().found + "; the server is deleted");
      if (Result<void> gone = remove(id, Deadline::in(std::chrono::minutes(2))); !gone)
        return std::move(built).error().while_doing("deleting what was left of it failed: " + gone.error().found);
      if (!broken || attempt == 2) return built;
    }
  }

  Result<CloudObject> update(const CloudObject& object, const Value& fields, const CloudProgress& progress,
                             Deadline deadline) override {
    if (text_at(fields, "state") == "running") {
      if (const Value action = waking_action(text_at(object.fields, "state")); !action.is_null()) {
        progress("starting " + object.name);
        Result<Value> woken = place_.api.post(Service::compute, "/servers/" + object.id + "/action", action, deadline);
        // 409: it is being started already.
        if (!woken && woken.error().kind != ErrorKind::conflict) return std::move(woken).error();
      }
    }
    return wait_until_running(object.id, deadline);
  }

  Result<void> remove(const std::string& id, Deadline deadline) override {
    if (Result<void> asked = place_.api.remove(Service::compute, "/servers/" + id, deadline); !asked) return asked;
    bool asked_again = false;
    for (Poll poll(place_.timing, deadline); poll.again();) {
      Result<Value> now = place_.api.get(Service::compute, "/servers/" + id, deadline);
      if (!now && now.error().kind == ErrorKind::not_found) return {};
      if (!now) return std::move(now).error();
      const Value& server = (*now)["server"];
      if (text_at(server, "status") == "SOFT_DELETED") {
        const Value force = {{"forceDelete", nullptr}};
        if (Result<Value> forced = place_.api.post(Service::compute, "/servers/" + id + "/action", force, deadline);
            !forced && !retryable(forced.error().kind))
          return std::move(forced).error();
      } else if (text_at(server, "status") == "ERROR" && !is_going(server) && !asked_again) {
        // A delete that failed leaves ERROR; a second one usually goes through.
        asked_again = true;
        if (Result<void> asked = place_.api.remove(Service::compute, "/servers/" + id, deadline); !asked) return asked;
      }
    }
    return fail(ErrorKind::timeout, "the server is still being deleted",
                {.found = id, .advice = "look at it with: openstack server show " + id});
  }

 private:
  Result<Value> body_from(const CloudRequest& request) {
    const Value& fields = request.fields;
    const Settings& settings = place_.settings;
    Result<std::string> flavor = flavor_id(text_at(fields, "flavor"));
    if (!flavor) return std::move(flavor).error();
    Result<std::string> port = port_for(request);
    if (!port) return std::move(port).error();
    const std::string image = text_at(fields, "image");
    const MachineOrder order = place_.orders.of(request.name);
    const std::string volume = text_at(fields, "data_volume");
    Value server = {
        {"name", settings.cluster + "-" + request.name},
        {"flavorRef", *flavor},
        {"networks", Value::array({{{"port", *port}}})},
        {"metadata", {{mark_key, request.mark}, {"slipway-cluster", settings.cluster}}},
        {"user_data", base64_encode(user_data(order, {.login_user = settings.ssh.user, .data_volume = volume}))}};
    if (const std::string key = text_at(fields, "key"); !key.empty()) server["key_name"] = key;
    if (settings.config_drive) server["config_drive"] = true;
    if (!settings.zone.empty()) server["availability_zone"] = settings.zone;
    Value disks = Value::array();
    if (settings.boot_volume) {
      Value disk = {{"boot_index", 0},
                    {"uuid", image},
                    {"source_type", "image"},
                    {"destination_type", "volume"},
                    {"volume_size", (order.size.disk_bytes + gibibyte - 1) / gibibyte},
                    {"delete_on_termination", true}};
      if (!settings.volume_type.empty()) disk["volume_type"] = settings.volume_type;
      disks.push_back(std::move(disk));
    } else {
      server["imageRef"] = image;
      if (!volume.empty())
        disks.push_back({{"boot_index", 0},
                         {"uuid", image},
                         {"source_type", "image"},
                         {"destination_type", "local"},
                         {"delete_on_termination", true}});
    }
    if (!volume.empty())
      disks.push_back({{"boot_index", -1},
                       {"uuid", volume},
                       {"source_type", "volume"},
                       {"destination_type", "volume"},
                       {"delete_on_termination", false}});
    if (!disks.empty()) server["block_device_mapping_v2"] = std::move(disks);
    Value body = {{"server", std::move(server)}};
    if (const std::string group = text_at(fields, "group"); !group.empty())
      body["os:scheduler_hints"] = {{"group", group}};
    return body;
  }

  /// The machine's port; a server that has it already is the machine, whatever the lists say.
  Result<std::string> port_for(const CloudRequest& request) {
    if (std::string port = text_at(request.fields, "port"); !port.empty()) return port;
    Result<std::vector<CloudObject>> ports = place_.fresh->list("port");
    if (!ports) return std::move(ports).error();
    for (const CloudObject& port : *ports)
      if (port.mark == place_.settings.mark("port/" + request.name)) {
        const std::string server = text_at(port.fields, "device");
        if (server.empty()) return port.id;
        return fail(ErrorKind::conflict, "the machine's port is in use",
                    {.found = "port " + port.id + " of server " + server, .expected = "a port without a server"});
      }
    return fail(ErrorKind::not_found, "the machine has no port", {.found = request.name});
  }

  Result<std::string> flavor_id(const std::string& name) {
    Result<std::vector<CloudObject>> flavors = place_.kept->list("flavor");
    if (!flavors) return std::move(flavors).error();
    for (const CloudObject& flavor : *flavors)
      if (text_at(flavor.fields, "name") == name) return flavor.id;
    return fail(ErrorKind::not_found, "the flavor is gone", {.found = name});
  }

  /// Errors: quota (no host has room), internal (the build broke), timeout, those of the API.
  Result<CloudObject> wait_until_running(const std::string& id, Deadline deadline) {
    int missing = 0;
    std::string state = "creating";
    for (Poll poll(place_.timing, {std::min(deadline.at, Deadline::in(place_.timing.build_limit).at)}); poll.again();) {
      Result<CloudObject> now = look("machine", id);
      if (!now) {
        if (retryable(now.error().kind)) continue;
        return now;
      }
      if (now->id.empty()) {
        // Lists may lag behind; a thing that stays away is asked for by name.
        if (++missing < 3) continue;
        Result<Value> alone = place_.api.get(Service::compute, "/servers/" + id, deadline);
        if (!alone) return std::move(alone).error().while_doing("waiting for server " + id);
        now = object_from((*alone)["server"]);
      }
      state = text_at(now->fields, "state");
      if (state == "running" && text_at(now->fields, "task").empty()) return now;
      if (state == "error") return build_error(*now);
    }
    return fail(ErrorKind::timeout, "the server did not become active in time",
                {.found = id + " is " + state,
                 .expected = "active",
                 .advice = "the cloud's compute service may be down: openstack server show " + id});
  }

  static Error build_error(const CloudObject& server) {
    const std::string fault = text_at(server.fields, "fault");
    const bool no_room =
        fault.find("No valid host") != std::string::npos || fault.find("not enough hosts") != std::string::npos;
    return fail(no_room ? ErrorKind::quota : ErrorKind::internal,
                no_room ? "the cloud has no host for the server" : "the cloud could not build the server",
                {.found = fault.empty() ? "status ERROR" : fault,
                 .expected = "status ACTIVE",
                 .advice = no_room ? "choose a smaller flavor, another availability_zone, or anti_affinity: soft"
                                   : "run the same command again: the broken server is made anew",
                 .where = "server " + server.id});
  }

  CloudObject object_from(const Value& raw) const {
    const Value metadata = raw.value("metadata", Value::object());
    const std::string mark = text_at(metadata, mark_key), prefix = place_.settings.mark("machine/");
    CloudObject object{.kind = "machine", .id = text_at(raw, "id"), .name = {}, .mark = {}, .fields = {}};
    if (mark.starts_with(prefix)) {
      object.mark = mark;
      object.name = mark.substr(prefix.size());
    }
    const Value flavor = raw.value("flavor", Value::object()), fault = raw.value("fault", Value::object());
    object.fields = {{"flavor", text_at(flavor, "original_name")},
                     {"state", state_of(raw)},
                     {"task", text_at(raw, "OS-EXT-STS:task_state")},
                     {"created", text_at(raw, "created")}};
    if (fault.is_object() && !fault.empty()) object.fields["fault"] = text_at(fault, "message");
    const Value networks = raw.value("addresses", Value::object());
    for (const auto& [network, addresses] : networks.items())
      for (const Value& address : addresses)
        if (text_at(address, "OS-EXT-IPS:type", "fixed") == "fixed")
          object.fields["address"] = text_at(address, "addr");
    return object;
  }
};

}  // namespace

void add_compute_kinds(Kinds& kinds, const Workplace& place) {
  kinds["keypair"] = std::make_unique<Keypair>(place);
  kinds["server-group"] = std::make_unique<ServerGroup>(place);
  kinds["flavor"] = std::make_unique<Flavor>(place);
  kinds["machine"] = std::make_unique<Machine>(place);
}

}  // namespace slipway::openstack
