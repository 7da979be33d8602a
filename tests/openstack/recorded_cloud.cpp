#include "tests/openstack/recorded_cloud.h"

#include <ctime>
#include <gtest/gtest.h>

#include "base/file.h"
#include "base/ids.h"
#include "base/text.h"

namespace slipway::testing_support {
namespace {

constexpr int looks_until_built = 2;

std::string new_id() {
  const std::string hex = random_hex(16);
  return hex.substr(0, 8) + "-" + hex.substr(8, 4) + "-" + hex.substr(12, 4) + "-" + hex.substr(16, 4) + "-" +
         hex.substr(20, 12);
}

std::string keystone_time(std::time_t time) {
  char text[40];
  std::tm parts{};
  gmtime_r(&time, &parts);
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S.000000Z", &parts);
  return text;
}

std::string iso_now() { return format_time(std::chrono::system_clock::now()); }

std::string unescaped(std::string text) { return replace_all(replace_all(std::move(text), "%3A", ":"), "%20", " "); }

}  // namespace

RecordedCloud::RecordedCloud(const std::string& recorded_folder) : folder_(recorded_folder) {
  Value debian = recorded("image-active", "");
  debian["name"] = "debian-12";
  debian["id"] = new_id();
  keep("images", debian);
  for (const auto& [name, cpus, ram, disk] :
       {std::tuple{"m1.tiny", 1, 512, 1}, std::tuple{"m1.small", 1, 2048, 20}, std::tuple{"m1.medium", 2, 4096, 40},
        std::tuple{"m1.large", 4, 8192, 80}})
    keep("flavors", {{"id", new_id()}, {"name", name}, {"vcpus", cpus}, {"ram", ram}, {"disk", disk}});
  keep("networks",
       {{"id", new_id()}, {"name", "public"}, {"router:external", true}, {"description", ""}, {"mtu", 1500}});
  // Every project has it.
  keep("security_groups", {{"id", new_id()},
                           {"name", "default"},
                           {"description", "Default security group"},
                           {"security_group_rules", Value::array()}});
  server_ = std::make_unique<testing::TestServer>(
      [this](testing::Connection& connection, const testing::Received& request) { serve(connection, request); });
}

Value RecordedCloud::recorded(const std::string& name, const std::string& member) const {
  const Result<std::string> text = read_file(folder_ + "/" + name + ".json");
  EXPECT_TRUE(text.ok()) << name;
  const Value body = Value::parse(text.ok() ? *text : "{}").at("response").at("body");
  return member.empty() ? body : body.at(member);
}

RecordedCloud::Reply RecordedCloud::error(int status, const std::string& recorded_name) const {
  return {.status = status, .body = recorded(recorded_name, "")};
}

std::string RecordedCloud::keep(const std::string& collection, Value object) {
  const std::string id = text_at(object, collection == "keypairs" ? "name" : "id");
  collections_[collection][id] = {.object = std::move(object), .made = std::chrono::steady_clock::now()};
  return id;
}

RecordedCloud::Kept* RecordedCloud::find(const std::string& collection, const std::string& id) {
  const auto found = collections_[collection].find(id);
  return found == collections_[collection].end() ? nullptr : &found->second;
}

void RecordedCloud::look_at(Kept& server) {
  if (text_at(server.object, "status") != "BUILD" || ++server.looks < looks_until_built) return;
  const std::string name = text_at(server.object, "name");
  const std::string outcome = build_outcome ? build_outcome(name) : "ACTIVE";
  const Value old = server.object;
  if (outcome == "BUILD") return;
  server.object = recorded(outcome == "ERROR" ? "server-error-no-valid-host" : "server-active", "server");
  for (const char* kept : {"id", "name", "metadata", "created", "addresses", "flavor", "image", "config_drive",
                           "key_name", "os-extended-volumes:volumes_attached", "tags", "_ports", "_user_data"})
    if (old.contains(kept)) server.object[kept] = old[kept];
  server.object["status"] = outcome;
  if (outcome == "ERROR")
    server.object["fault"]["message"] = "Build of instance " + text_at(old, "id") + " aborted: bed";
}

std::vector<Value> RecordedCloud::visible(const std::string& collection) {
  std::vector<Value> seen;
  for (auto& [id, kept] : collections_[collection]) {
    if (std::chrono::steady_clock::now() - kept.made < list_lag) continue;
    if (collection == "servers") look_at(kept);
    seen.push_back(kept.object);
  }
  return seen;
}

void RecordedCloud::serve(testing::Connection& connection, const testing::Received& request) {
  const std::string target = unescaped(request.target);
  const size_t slash = target.find('/', 1);
  CloudCall call{.method = request.method,
                 .service = target.substr(1, slash - 1),
                 .path = target.substr(slash),
                 .body = request.body};
  for (const std::string& version : {std::string("/v2.1"), std::string("/v2.0"), std::string("/v3/") + project_,
                                     std::string("/v2"), std::string("/v3")})
    if (call.path.starts_with(version)) {
      call.path.erase(0, version.size());
      break;
    }
  {
    const std::lock_guard lock(mutex_);
    call.number = static_cast<int>(calls_.size()) + 1;
    calls_.push_back(call);
  }
  if (refuse)
    if (const int status = refuse(call); status != 0)
      return connection.answer(status,
                               status == 401 ? recorded("error-401-compute", "").dump() : "{\"message\": \"no\"}",
                               status == 429 ? "Retry-After: 0\r\n" : "");
  Reply reply;
  {
    const std::lock_guard lock(mutex_);
    reply = answer(call, request);
  }
  if (lose_answer && lose_answer(call)) return connection.cut();
  connection.answer(reply.status, reply.body.is_null() ? "" : reply.body.dump(),
                    "Content-Type: application/json\r\nX-Openstack-Request-Id: req-" + std::to_string(call.number) +
                        "\r\n" + reply.headers);
}

RecordedCloud::Reply RecordedCloud::answer(const CloudCall& call, const testing::Received& request) {
  if (call.service == "identity") return log_in(request);
  const auto token = request.headers.find("x-auth-token");
  if (token == request.headers.end() || !tokens_.contains(token->second)) return error(401, "error-401-compute");
  if (call.service == "compute") return compute(call);
  if (call.service == "network") return network(call);
  if (call.service == "volume") return volume(call);
  return image(call);
}

RecordedCloud::Reply RecordedCloud::log_in(const testing::Received& request) {
  const Value asked = Value::parse(request.body);
  const Value user = asked["auth"]["identity"].value("password", Value::object()).value("user", Value::object());
  if (text_at(user, "password") == "wrong") return error(401, "identity-error-401");
  Value body = recorded("token", "");
  Value& token = body["token"];
  const std::time_t now = std::time(nullptr);
  token["issued_at"] = keystone_time(now);
  token["expires_at"] = keystone_time(now + token_seconds);
  const std::map<std::string, std::string> bases = {{"compute", "/compute/v2.1"},
                                                    {"network", "/network"},
                                                    {"image", "/image"},
                                                    {"volumev3", "/volume/v3/" + project_},
                                                    {"block-storage", "/volume/v3/" + project_}};
  for (Value& service : token["catalog"])
    for (Value& endpoint : service["endpoints"])
      if (const auto base = bases.find(text_at(service, "type")); base != bases.end())
        endpoint["url"] = server_->url(base->second);
  const std::string text = "token-" + random_hex(8);
  tokens_.insert(text);
  given_.insert(text);
  return {.status = 201, .body = std::move(body), .headers = "X-Subject-Token: " + text + "\r\n"};
}

RecordedCloud::Reply RecordedCloud::make_server(const Value& body) {
  const Value& wanted = body["server"];
  const std::string port_id = text_at(wanted["networks"][0], "port");
  Kept* port = find("ports", port_id);
  if (!port) return error(400, "compute-error-400");
  if (!text_at(port->object, "device_id").empty()) return error(409, "compute-error-409");
  if (limits.contains("instances") && static_cast<int64_t>(collections_["servers"].size()) >= limits["instances"])
    return error(403, "compute-error-403-quota");
  Value server = recorded("server-build", "server");
  const std::string id = new_id();
  server["id"] = id;
  server["name"] = wanted["name"];
  server["metadata"] = wanted.value("metadata", Value::object());
  server["status"] = "BUILD";
  server["created"] = iso_now();
  server["_ports"] = Value::array({port_id});
  server["_user_data"] = wanted.value("user_data", "");
  server["os-extended-volumes:volumes_attached"] = Value::array();
  if (Kept* flavor = find("flavors", text_at(wanted, "flavorRef")))
    server["flavor"]["original_name"] = flavor->object["name"];
  for (const Value& disk : wanted.value("block_device_mapping_v2", Value::array()))
    if (text_at(disk, "source_type") == "volume")
      if (Kept* volume = find("volumes", text_at(disk, "uuid"))) {
        volume->object["status"] = "in-use";
        volume->object["attachments"] = Value::array({{{"server_id", id}, {"volume_id", text_at(disk, "uuid")}}});
      }
  const Value fixed = port->object.value("fixed_ips", Value::array());
  server["addresses"] = {{"net", Value::array({{{"addr", fixed.empty() ? "" : text_at(fixed[0], "ip_address")},
                                                {"OS-EXT-IPS:type", "fixed"}}})}};
  port->object["device_id"] = id;
  port->object["device_owner"] = "compute:nova";
  keep("servers", server);
  Value answer = recorded("server-create", "");
  answer["server"]["id"] = id;
  return {.status = 202, .body = std::move(answer)};
}

void RecordedCloud::delete_server(const std::string& id) {
  for (auto& [port_id, port] : collections_["ports"])
    if (text_at(port.object, "device_id") == id) port.object["device_id"] = port.object["device_owner"] = "";
  for (auto& [volume_id, volume] : collections_["volumes"])
    for (const Value& attachment : volume.object.value("attachments", Value::array()))
      if (text_at(attachment, "server_id") == id) {
        volume.object["status"] = "available";
        volume.object["attachments"] = Value::array();
        break;
      }
  collections_["servers"].erase(id);
}

RecordedCloud::Reply RecordedCloud::compute(const CloudCall& call) {
  const std::string path = call.path.substr(0, call.path.find('?'));
  const Value body = call.body.empty() ? Value() : Value::parse(call.body);
  if (path == "/") return {.body = recorded("compute-versions", "")};
  if (path == "/flavors/detail") return {.body = {{"flavors", visible("flavors")}}};
  if (path == "/limits") {
    const auto limit = [&](const char* key) { return limits.contains(key) ? limits[key] : int64_t{100}; };
    return {.body = {{"limits",
                      {{"absolute",
                        {{"maxTotalInstances", limit("instances")},
                         {"totalInstancesUsed", collections_["servers"].size()},
                         {"maxTotalCores", limit("cores")},
                         {"totalCoresUsed", 0},
                         {"maxTotalRAMSize", 512000},
                         {"totalRAMUsed", 0}}}}}}};
  }
  if (path == "/servers/detail") return {.body = {{"servers", visible("servers")}}};
  if (path == "/servers" && call.method == "POST") return make_server(body);
  if (path.starts_with("/servers/")) {
    const std::vector<std::string> parts = split(path.substr(9), '/');
    Kept* server = find("servers", parts[0]);
    if (!server) return error(404, "network-error-404");
    if (parts.size() == 1 && call.method == "DELETE") {
      delete_server(parts[0]);
      return {.status = 204};
    }
    if (parts.size() == 1) {
      look_at(*server);
      return {.body = {{"server", server->object}}};
    }
    if (parts[1] == "action") {
      server->object["status"] = "ACTIVE";
      return {.status = 202};
    }
    if (call.method == "POST") {
      const std::string volume_id = text_at(body["volumeAttachment"], "volumeId");
      if (Kept* volume = find("volumes", volume_id)) {
        volume->object["status"] = "in-use";
        volume->object["attachments"] = Value::array({{{"server_id", parts[0]}, {"volume_id", volume_id}}});
      }
      return {.body = recorded("volume-attach", "")};
    }
    return {.status = 202};
  }
  if (path.starts_with("/os-keypairs")) {
    if (call.method == "POST") {
      if (find("keypairs", text_at(body["keypair"], "name"))) return error(409, "compute-error-409-keypair");
      keep("keypairs", body["keypair"]);
      return {.status = 201, .body = {{"keypair", body["keypair"]}}};
    }
    if (call.method == "DELETE") {
      collections_["keypairs"].erase(path.substr(13));
      return {.status = 204};
    }
    Value all = Value::array();
    for (const Value& key : visible("keypairs")) all.push_back({{"keypair", key}});
    return {.body = {{"keypairs", all}}};
  }
  if (path.starts_with("/os-server-groups")) {
    if (call.method == "POST") {
      Value group = recorded("server-group", "server_group");
      group.update(body["server_group"]);
      group["id"] = new_id();
      keep("server_groups", group);
      return {.body = {{"server_group", group}}};
    }
    if (call.method == "DELETE") {
      collections_["server_groups"].erase(path.substr(18));
      return {.status = 204};
    }
    return {.body = {{"server_groups", visible("server_groups")}}};
  }
  return error(404, "network-error-404");
}

RecordedCloud::Reply RecordedCloud::make_port(Value object) {
  Value& fixed = object["fixed_ips"];
  if (!fixed.is_array() || fixed.empty())
    fixed = Value::array({{{"ip_address", "10.77.0." + std::to_string(next_address_++)}}});
  for (const auto& [id, port] : collections_["ports"])
    if (port.object["network_id"] == object["network_id"] &&
        text_at(port.object["fixed_ips"][0], "ip_address") == text_at(fixed[0], "ip_address"))
      return error(409, "network-error-409-address");
  Value port = recorded("port-down", "port");
  port["allowed_address_pairs"] = Value::array();
  port.update(object);
  port["id"] = new_id();
  port["device_id"] = port["device_owner"] = "";
  port["created_at"] = iso_now();
  keep("ports", port);
  return {.status = 201, .body = {{"port", port}}};
}

RecordedCloud::Reply RecordedCloud::network(const CloudCall& call) {
  const size_t question = call.path.find('?');
  const std::string path = call.path.substr(0, question);
  const std::string query = question == std::string::npos ? "" : call.path.substr(question);
  const std::vector<std::string> parts = split(path.substr(1), '/');
  const Value body = call.body.empty() ? Value() : Value::parse(call.body);
  if (parts[0] == "quotas") {
    Value quota = Value::object();
    for (const char* key :
         {"network", "subnet", "router", "port", "floatingip", "security_group", "security_group_rule"})
      quota[key] = {{"limit", limits.contains(key) ? limits[key] : 500}, {"used", 0}, {"reserved", 0}};
    return {.body = {{"quota", quota}}};
  }
  const std::string many = replace_all(parts[0], "-", "_");
  const std::string single = many.substr(0, many.size() - 1);
  if (parts.size() == 3) {  // add_router_interface, remove_router_interface
    const std::string subnet = text_at(body, "subnet_id");
    std::string there;
    for (const auto& [id, port] : collections_["ports"])
      if (text_at(port.object, "device_id") == parts[1] && text_at(port.object["fixed_ips"][0], "subnet_id") == subnet)
        there = id;
    if (parts[2] == "remove_router_interface") {
      if (there.empty()) return error(404, "network-error-404");
      collections_["ports"].erase(there);
      return {.body = Value::object()};
    }
    if (!there.empty()) return error(400, "compute-error-400");
    Value port = recorded("network-page", "ports")[0];
    port["id"] = new_id();
    port["device_id"] = parts[1];
    port["network_id"] = find("subnets", subnet) ? find("subnets", subnet)->object["network_id"] : Value("");
    port["fixed_ips"] = Value::array({{{"subnet_id", subnet}, {"ip_address", "gateway-" + subnet}}});
    keep("ports", port);
    return {.body = {{"port_id", port["id"]}}};
  }
  if (call.method == "POST" && many == "security_group_rules") {
    for (const Value& rule : body["security_group_rules"]) {
      Value made = rule;
      made["id"] = new_id();
      if (Kept* group = find("security_groups", text_at(rule, "security_group_id")))
        group->object["security_group_rules"].push_back(made);
    }
    return {.status = 201, .body = Value::object()};
  }
  if (call.method == "DELETE" && many == "security_group_rules") {
    for (auto& [id, group] : collections_["security_groups"]) {
      Value left = Value::array();
      for (const Value& rule : group.object["security_group_rules"])
        if (text_at(rule, "id") != parts[1]) left.push_back(rule);
      group.object["security_group_rules"] = left;
    }
    return {.status = 204};
  }
  if (call.method == "POST") {
    if (many == "ports") return make_port(body["port"]);
    Value object = many == "routers"       ? recorded("router", "router")
                   : many == "floatingips" ? recorded("floatingip-active", "floatingip")
                                           : Value{{"dns_nameservers", Value::array()}};
    object.update(body[single]);
    object["id"] = new_id();
    object["created_at"] = iso_now();
    if (many == "floatingips") object["floating_ip_address"] = "203.0.113." + std::to_string(next_address_++);
    if (many == "security_groups") object["security_group_rules"] = Value::array();
    keep(many, object);
    return {.status = 201, .body = {{single, object}}};
  }
  if (parts.size() == 1) {
    std::vector<Value> all = visible(many);
    if (query.find("device_owner=") != std::string::npos)
      std::erase_if(all, [](const Value& port) { return !text_at(port, "device_owner").starts_with("network:"); });
    return {.body = {{many, all}}};
  }
  Kept* object = find(many, parts[1]);
  if (!object) return error(404, "network-error-404");
  if (call.method == "DELETE") {
    for (const auto& [id, port] : collections_["ports"])
      if (many == "networks" && text_at(port.object, "network_id") == parts[1])
        return error(409, "network-error-409-rule");
    for (auto& [id, floating] : collections_["floatingips"])
      if (many == "ports" && text_at(floating.object, "port_id") == parts[1]) floating.object["port_id"] = nullptr;
    collections_[many].erase(parts[1]);
    return {.status = 204};
  }
  if (call.method == "PUT") object->object.update(body[single]);
  return {.body = {{single, object->object}}};
}

RecordedCloud::Reply RecordedCloud::volume(const CloudCall& call) {
  const std::string path = call.path.substr(0, call.path.find('?'));
  const Value body = call.body.empty() ? Value() : Value::parse(call.body);
  if (path == "/volumes/detail") return {.body = {{"volumes", visible("volumes")}}};
  if (path == "/limits")
    return {.body = {{"limits", {{"absolute", {{"maxTotalVolumes", 100}, {"totalVolumesUsed", 0}}}}}}};
  if (path == "/volumes" && call.method == "POST") {
    Value volume = recorded("volume-in-use", "volume");
    volume.update(body["volume"]);
    volume["id"] = new_id();
    volume["status"] = "available";
    volume["attachments"] = Value::array();
    volume["created_at"] = iso_now();
    keep("volumes", volume);
    return {.status = 202, .body = {{"volume", volume}}};
  }
  const std::string id = split(path.substr(std::string("/volumes/").size()), '/')[0];
  Kept* volume = find("volumes", id);
  if (!volume) return error(404, "network-error-404");
  if (call.method == "DELETE") {
    if (text_at(volume->object, "status") == "in-use") return error(400, "volume-error-400");
    collections_["volumes"].erase(id);
    return {.status = 202};
  }
  if (call.method == "POST") {
    volume->object["size"] = body["os-extend"]["new_size"];
    return {.status = 202};
  }
  return {.body = {{"volume", volume->object}}};
}

RecordedCloud::Reply RecordedCloud::image(const CloudCall& call) {
  if (call.path.starts_with("/images?") || call.path == "/images") return {.body = {{"images", visible("images")}}};
  return error(404, "image-error-404");
}

std::vector<CloudCall> RecordedCloud::calls() const {
  const std::lock_guard lock(mutex_);
  return calls_;
}

int RecordedCloud::count(const std::string& method, const std::string& service, const std::string& path_prefix) const {
  int found = 0;
  for (const CloudCall& call : calls())
    found += call.method == method && call.service == service && call.path.starts_with(path_prefix) ? 1 : 0;
  return found;
}

std::vector<Value> RecordedCloud::objects(const std::string& collection) const {
  const std::lock_guard lock(mutex_);
  std::vector<Value> all;
  if (const auto found = collections_.find(collection); found != collections_.end())
    for (const auto& [id, kept] : found->second) all.push_back(kept.object);
  return all;
}

void RecordedCloud::change(const std::string& collection, const std::string& id, const Value& fields) {
  const std::lock_guard lock(mutex_);
  if (Kept* kept = find(collection, id)) kept->object.update(fields);
}

void RecordedCloud::erase(const std::string& collection, const std::string& id) {
  const std::lock_guard lock(mutex_);
  if (collection == "servers") return delete_server(id);
  collections_[collection].erase(id);
}

void RecordedCloud::revoke_tokens() {
  const std::lock_guard lock(mutex_);
  tokens_.clear();
}

std::set<std::string> RecordedCloud::tokens_given() const {
  const std::lock_guard lock(mutex_);
  return given_;
}

}  // namespace slipway::testing_support
