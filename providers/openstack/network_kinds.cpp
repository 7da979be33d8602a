// Neutron's objects. All of them are listed, made and deleted alike; a table says where, and functions say what.

#include <algorithm>
#include <set>

#include "base/text.h"
#include "providers/openstack/object_kind.h"
#include "providers/openstack/security_rules.h"

namespace slipway::openstack {
namespace {

struct Shape {
  const char* kind;
  const char* path;           ///< "/security-groups"
  const char* many;           ///< "security_groups"
  const char* single;         ///< "security_group"
  bool project_alone = true;  ///< Others' are not looked at; an administrator would see those of every project.
};

class NetworkKind : public ObjectKind {
 public:
  NetworkKind(const Workplace& place, Shape shape) : ObjectKind(place), shape_(shape) {}

  Result<std::vector<CloudObject>> list(Deadline deadline) override {
    std::string path = shape_.path;
    if (shape_.project_alone) {
      if (Result<void> logged_in = place_.api.log_in(deadline); !logged_in) return std::move(logged_in).error();
      path += "?project_id=" + place_.api.project_id();
    }
    Result<std::vector<Value>> raw = place_.api.list(Service::network, path, shape_.many, deadline);
    if (!raw) return std::move(raw).error();
    const std::map<std::string, std::string> names = names_for(*raw);
    std::vector<CloudObject> objects;
    for (const Value& item : *raw) objects.push_back(object_from(item, names));
    return objects;
  }

  Result<CloudObject> create(const CloudRequest& request, const CloudProgress&, Deadline deadline) override {
    Result<Value> body = body_from(request.fields);
    if (!body) return std::move(body).error();
    (*body)["description"] = written_mark(request.mark);
    if (std::string_view(shape_.kind) != "floating-address") (*body)["name"] = request.name;
    Result<Value> made = place_.api.post(Service::network, shape_.path, {{shape_.single, *body}}, deadline);
    if (!made) return std::move(made).error();
    return completed(object_now((*made)[shape_.single]), request.fields, deadline);
  }

  Result<CloudObject> update(const CloudObject& object, const Value& fields, const CloudProgress&,
                             Deadline deadline) override {
    Result<Value> body = body_from(fields);
    if (!body) return std::move(body).error();
    CloudObject now = object;
    if (!body->empty()) {
      Result<Value> changed =
          place_.api.put(Service::network, shape_.path + ("/" + object.id), {{shape_.single, *body}}, deadline);
      if (!changed) return std::move(changed).error();
      now = object_now((*changed)[shape_.single]);
    }
    return completed(std::move(now), fields, deadline);
  }

  Result<void> remove(const std::string& id, Deadline deadline) override {
    return remove_when_free(place_, Service::network, shape_.path + ("/" + id), replace_all(shape_.kind, "-", " "),
                            deadline);
  }

 protected:
  /// The service's fields for ours.
  virtual Result<Value> body_from(const Value& fields) = 0;
  virtual Value fields_from(const Value& raw, const std::map<std::string, std::string>& group_names) = 0;
  /// What a second call has to add.
  virtual Result<CloudObject> completed(CloudObject object, const Value&, Deadline) { return object; }
  /// Names of security groups by id, where the kind speaks of them.
  virtual std::map<std::string, std::string> names_for(const std::vector<Value>&) { return {}; }

  /// As names_for, for one object out of an answer.
  virtual std::map<std::string, std::string> names_for_one(const Value& raw) { return names_for({raw}); }

  CloudObject object_now(const Value& raw) { return object_from(raw, names_for_one(raw)); }
  CloudObject object_from(const Value& raw, const std::map<std::string, std::string>& names) {
    CloudObject object{.kind = shape_.kind,
                       .id = text_at(raw, "id"),
                       .name = {},
                       .mark = mark_in(text_at(raw, "description"), place_.settings.cluster),
                       .fields = fields_from(raw, names)};
    if (!object.mark.empty()) object.name = text_at(raw, "name");
    object.fields["name"] = text_at(raw, "name");
    if (const std::string created = text_at(raw, "created_at"); !created.empty()) object.fields["created"] = created;
    return object;
  }

  /// Security groups: id -> name, from this run's list.
  std::map<std::string, std::string> group_names() {
    std::map<std::string, std::string> names;
    if (Result<std::vector<CloudObject>> groups = place_.kept->list("security-group"))
      for (const CloudObject& group : *groups) names.emplace(group.id, text_at(group.fields, "name"));
    return names;
  }
  /// Errors: not_found, bad_input (several groups of that name).
  Result<std::string> group_id(const std::string& name) {
    Result<std::vector<CloudObject>> groups = place_.kept->list("security-group");
    if (!groups) return std::move(groups).error();
    std::vector<std::string> found;
    for (const CloudObject& group : *groups)
      if (group.id == name || text_at(group.fields, "name") == name) found.push_back(group.id);
    if (found.size() == 1) return found.front();
    if (found.empty()) return fail(ErrorKind::not_found, "no such security group", {.found = name});
    return fail(ErrorKind::bad_input, "several security groups of one name",
                {.found = name + ": " + join(found, ", "), .expected = "one", .advice = "name it by its id"});
  }

  const Shape shape_;
};

class NetworkItself final : public NetworkKind {
 public:
  explicit NetworkItself(const Workplace& place)
      : NetworkKind(place, {"network", "/networks", "networks", "network", false}) {}
  Result<Value> body_from(const Value&) override { return Value::object(); }
  Value fields_from(const Value& raw, const std::map<std::string, std::string>&) override {
    return {{"external", raw.value("router:external", false)}, {"mtu", raw.value("mtu", Value())}};
  }
};

class Subnet final : public NetworkKind {
 public:
  explicit Subnet(const Workplace& place) : NetworkKind(place, {"subnet", "/subnets", "subnets", "subnet", false}) {}
  Result<Value> body_from(const Value& fields) override {
    Value body = Value::object();
    if (fields.contains("network")) {
      body["network_id"] = fields["network"];
      body["ip_version"] = 4;
      body["enable_dhcp"] = true;
    }
    if (fields.contains("cidr")) body["cidr"] = fields["cidr"];
    if (fields.contains("gateway")) body["gateway_ip"] = fields["gateway"];
    if (fields.contains("name_servers")) body["dns_nameservers"] = fields["name_servers"];
    if (fields.contains("automatic")) {
      const std::vector<std::string> ends = split(fields["automatic"].get<std::string>(), '-');
      body["allocation_pools"] = Value::array({{{"start", ends.front()}, {"end", ends.back()}}});
    }
    return body;
  }
  Value fields_from(const Value& raw, const std::map<std::string, std::string>&) override {
    Value fields = {{"network", text_at(raw, "network_id")},
                    {"cidr", text_at(raw, "cidr")},
                    {"gateway", text_at(raw, "gateway_ip")},
                    {"name_servers", raw.value("dns_nameservers", Value::array())}};
    const Value pools = raw.value("allocation_pools", Value::array());
    if (pools.size() == 1) fields["automatic"] = text_at(pools[0], "start") + "-" + text_at(pools[0], "end");
    return fields;
  }
};

class Router final : public NetworkKind {
 public:
  explicit Router(const Workplace& place) : NetworkKind(place, {"router", "/routers", "routers", "router"}) {}
  Result<Value> body_from(const Value& fields) override {
    if (!fields.contains("external_network")) return Value::object();
    return Value{{"external_gateway_info", {{"network_id", fields["external_network"]}}}};
  }
  Value fields_from(const Value& raw, const std::map<std::string, std::string>&) override {
    const auto gateway = raw.find("external_gateway_info");
    const bool has = gateway != raw.end() && gateway->is_object();
    return {{"external_network", has ? text_at(*gateway, "network_id") : std::string()}};
  }
};

/// A router's foot in a subnet. Neutron has no object for it, and no room for a mark: router and subnet are its key,
/// and it is ours where the router is.
class RouterInterface final : public ObjectKind {
 public:
  using ObjectKind::ObjectKind;

  Result<std::vector<CloudObject>> list(Deadline deadline) override {
    Result<std::vector<CloudObject>> routers = place_.kept->list("router");
    if (!routers) return std::move(routers).error();
    std::set<std::string> ours;
    for (const CloudObject& router : *routers)
      if (!router.mark.empty()) ours.insert(router.id);
    std::vector<CloudObject> objects;
    if (ours.empty()) return objects;
    Result<std::vector<Value>> ports =
        place_.api.list(Service::network,
                        "/ports?device_owner=network:router_interface&device_owner=network:router_interface_distributed"
                        "&device_owner=network:ha_router_replicated_interface",
                        "ports", deadline);
    if (!ports) return std::move(ports).error();
    for (const Value& port : *ports) {
      const std::string router = text_at(port, "device_id");
      if (!ours.contains(router)) continue;
      for (const Value& fixed : port.value("fixed_ips", Value::array()))
        objects.push_back(object_for(router, text_at(fixed, "subnet_id")));
    }
    return objects;
  }

  Result<CloudObject> create(const CloudRequest& request, const CloudProgress&, Deadline deadline) override {
    const std::string router = text_at(request.fields, "router"), subnet = text_at(request.fields, "subnet");
    Result<Value> made = place_.api.put(Service::network, "/routers/" + router + "/add_router_interface",
                                        {{"subnet_id", subnet}}, deadline);
    if (!made) return std::move(made).error();
    return object_for(router, subnet);
  }

  Result<void> remove(const std::string& id, Deadline deadline) override {
    const size_t colon = id.find(':');
    const std::string path = "/routers/" + id.substr(0, colon) + "/remove_router_interface";
    const Value body = {{"subnet_id", id.substr(colon + 1)}};
    Poll poll(place_.timing, {std::min(deadline.at, Deadline::in(place_.timing.in_use_limit).at)});
    for (;;) {
      Result<Value> gone = place_.api.put(Service::network, path, body, deadline);
      if (gone || gone.error().kind == ErrorKind::not_found) return {};
      // Floating addresses that were released a moment ago still hold it.
      if (gone.error().kind == ErrorKind::conflict && poll.again()) continue;
      return std::move(gone).error();
    }
  }

 private:
  CloudObject object_for(const std::string& router, const std::string& subnet) const {
    return {.kind = "router-interface",
            .id = router + ":" + subnet,
            .name = place_.settings.name(),
            .mark = place_.settings.mark("cloud/router-interface"),
            .fields = {{"router", router}, {"subnet", subnet}}};
  }
};

class SecurityGroup final : public NetworkKind {
 public:
  explicit SecurityGroup(const Workplace& place)
      : NetworkKind(place, {"security-group", "/security-groups", "security_groups", "security_group"}) {}

 private:
  // A list knows all names itself; asking for it from within would never end.
  std::map<std::string, std::string> names_for(const std::vector<Value>& raw) override {
    std::map<std::string, std::string> names;
    for (const Value& group : raw) names[text_at(group, "id")] = text_at(group, "name");
    return names;
  }
  std::map<std::string, std::string> names_for_one(const Value& raw) override {
    std::map<std::string, std::string> names = group_names();
    names[text_at(raw, "id")] = text_at(raw, "name");
    return names;
  }
  Result<Value> body_from(const Value&) override { return Value::object(); }
  Value fields_from(const Value& raw, const std::map<std::string, std::string>& names) override {
    std::vector<std::string> words;
    Value ids = Value::object();
    for (const Value& rule : raw.value("security_group_rules", Value::array()))
      if (const Rule text = rule_from(rule, names); !text.empty()) {
        words.push_back(text);
        ids[text] = text_at(rule, "id");
      }
    std::sort(words.begin(), words.end());
    words.erase(std::unique(words.begin(), words.end()), words.end());
    return {{"rules", words}, {"rule_ids", ids}};
  }

  /// Makes the rules what `fields` says: one call for all new ones, one for each that goes.
  Result<CloudObject> completed(CloudObject object, const Value& fields, Deadline deadline) override {
    if (!fields.contains("rules")) return object;
    const auto wanted = fields["rules"].get<std::set<std::string>>();
    const auto there = object.fields["rules"].get<std::set<std::string>>();
    Value bodies = Value::array();
    for (const Rule& rule : wanted) {
      if (there.contains(rule)) continue;
      Value body = body_of(rule);
      body["security_group_id"] = object.id;
      if (const std::string remote = text_at(body, "remote_group_name"); !remote.empty()) {
        Result<std::string> id =
            remote == text_at(object.fields, "name") ? Result<std::string>(object.id) : group_id(remote);
        if (!id) return std::move(id).error();
        body.erase("remote_group_name");
        body["remote_group_id"] = *id;
      }
      bodies.push_back(std::move(body));
    }
    for (const Rule& rule : there)
      if (!wanted.contains(rule))
        if (Result<void> gone = place_.api.remove(
                Service::network, "/security-group-rules/" + text_at(object.fields["rule_ids"], rule.c_str()),
                deadline);
            !gone)
          return std::move(gone).error();
    if (!bodies.empty())
      if (Result<Value> made =
              place_.api.post(Service::network, "/security-group-rules", {{"security_group_rules", bodies}}, deadline);
          !made)
        return std::move(made).error();
    Result<Value> now = place_.api.get(Service::network, "/security-groups/" + object.id, deadline);
    if (!now) return std::move(now).error();
    return object_now((*now)["security_group"]);
  }
};

class Port final : public NetworkKind {
 public:
  explicit Port(const Workplace& place) : NetworkKind(place, {"port", "/ports", "ports", "port"}) {}

 private:
  std::map<std::string, std::string> names_for(const std::vector<Value>&) override { return group_names(); }

  Result<Value> body_from(const Value& fields) override {
    Value body = Value::object();
    if (fields.contains("network")) body["network_id"] = fields["network"];
    if (fields.contains("address")) {
      Value fixed = {{"ip_address", fields["address"]}};
      if (fields.contains("subnet")) fixed["subnet_id"] = fields["subnet"];
      body["fixed_ips"] = Value::array({std::move(fixed)});
    }
    if (fields.contains("security_groups")) {
      body["security_groups"] = Value::array();
      for (const Value& group : fields["security_groups"]) {
        Result<std::string> id = group_id(group.get<std::string>());
        if (!id) return std::move(id).error();
        body["security_groups"].push_back(*id);
      }
    }
    if (fields.contains("allowed_addresses")) {
      body["allowed_address_pairs"] = Value::array();
      for (const Value& address : fields["allowed_addresses"])
        body["allowed_address_pairs"].push_back({{"ip_address", address}});
    }
    return body;
  }

  Value fields_from(const Value& raw, const std::map<std::string, std::string>& names) override {
    std::vector<std::string> groups, allowed;
    const std::vector<std::string>& given = place_.settings.security_groups;
    for (const Value& group : raw.value("security_groups", Value::array())) {
      const auto id = group.get<std::string>();
      const auto known = names.find(id);
      // A group that the spec names by its id is compared by that.
      const bool by_id = known == names.end() || std::find(given.begin(), given.end(), id) != given.end();
      groups.push_back(by_id ? id : known->second);
    }
    for (const Value& pair : raw.value("allowed_address_pairs", Value::array()))
      allowed.push_back(text_at(pair, "ip_address"));
    std::sort(groups.begin(), groups.end());
    std::sort(allowed.begin(), allowed.end());
    const Value fixed = raw.value("fixed_ips", Value::array());
    return {{"network", text_at(raw, "network_id")},
            {"subnet", fixed.empty() ? "" : text_at(fixed[0], "subnet_id")},
            {"address", fixed.empty() ? "" : text_at(fixed[0], "ip_address")},
            {"security_groups", groups},
            {"allowed_addresses", allowed},
            {"device", text_at(raw, "device_id")},
            {"owner", text_at(raw, "device_owner")},
            {"mac", text_at(raw, "mac_address")}};
  }
};

class FloatingAddress final : public NetworkKind {
 public:
  explicit FloatingAddress(const Workplace& place)
      : NetworkKind(place, {"floating-address", "/floatingips", "floatingips", "floatingip"}) {}

 private:
  Result<Value> body_from(const Value& fields) override {
    Value body = Value::object();
    if (fields.contains("external_network")) body["floating_network_id"] = fields["external_network"];
    if (fields.contains("port")) body["port_id"] = fields["port"];
    return body;
  }
  Value fields_from(const Value& raw, const std::map<std::string, std::string>&) override {
    return {{"external_network", text_at(raw, "floating_network_id")},
            {"port", text_at(raw, "port_id")},
            {"address", text_at(raw, "floating_ip_address")}};
  }
};

}  // namespace

void add_network_kinds(Kinds& kinds, const Workplace& place) {
  kinds["network"] = std::make_unique<NetworkItself>(place);
  kinds["subnet"] = std::make_unique<Subnet>(place);
  kinds["router"] = std::make_unique<Router>(place);
  kinds["router-interface"] = std::make_unique<RouterInterface>(place);
  kinds["security-group"] = std::make_unique<SecurityGroup>(place);
  kinds["port"] = std::make_unique<Port>(place);
  kinds["floating-address"] = std::make_unique<FloatingAddress>(place);
}

}  // namespace slipway::openstack
