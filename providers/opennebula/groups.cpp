#include "providers/opennebula/groups.h"

#include <algorithm>
#include <thread>

#include "providers/opennebula/states.h"
#include "providers/opennebula/template_text.h"

namespace slipway::opennebula {
namespace {

constexpr int own_only = -3;

/// One rule as text: "inbound TCP 22,6443" or "inbound ALL from the network".
struct Rule {
  const char* direction;
  const char* protocol;
  const char* ports;
  bool from_network;
};

constexpr const char* from_network = " from the network";

constexpr Rule rules[] = {{"inbound", "ALL", "", true},
                          {"inbound", "ICMP", "", false},
                          {"inbound", "TCP", "22,80,443,6443,30000:32767", false},
                          {"inbound", "UDP", "30000:32767", false},
                          {"outbound", "ALL", "", false}};

std::string text_of(const std::string& direction, const std::string& protocol, const std::string& ports, bool network) {
  return direction + " " + protocol + (ports.empty() ? "" : " " + ports) + (network ? from_network : "");
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

std::string text_of(const Attribute& rule, const std::string& network_id) {
  std::string text = text_of(lower(rule.part("RULE_TYPE")), rule.part("PROTOCOL"), rule.part("RANGE"),
                             !network_id.empty() && rule.part("NETWORK_ID") == network_id);
  for (const char* other : {"IP", "SIZE", "ICMP_TYPE"})
    if (const std::string value = rule.part(other); !value.empty()) text += std::string(" ") + other + "=" + value;
  if (const std::string id = rule.part("NETWORK_ID"); !id.empty() && id != network_id) text += " from network " + id;
  return text;
}

}  // namespace

Value SecurityGroups::wanted_rules() {
  Value wanted = Value::array();
  for (const Rule& rule : rules)
    wanted.push_back(text_of(rule.direction, rule.protocol, rule.ports, rule.from_network));
  std::sort(wanted.begin(), wanted.end());
  return wanted;
}

Result<std::vector<CloudObject>> SecurityGroups::list() {
  Result<std::string> text = client_.call_for_text("one.secgrouppool.info", {own_only, -1, -1}, call_deadline());
  if (!text) return std::move(text).error();
  Result<std::vector<SecurityGroup>> all = read_security_groups(std::move(*text));
  if (!all) return std::move(all).error();
  std::vector<CloudObject> objects;
  for (const SecurityGroup& group : *all) {
    if (group.name != settings_.object_name("nodes")) continue;
    std::string network_id;
    if (!settings_.network.empty())
      if (const Result<VirtualNetwork> network = catalog_.network()) network_id = std::to_string(network->id);
    Value found = Value::array();
    for (const Attribute& rule : group.rules) found.push_back(text_of(rule, network_id));
    std::sort(found.begin(), found.end());
    objects.push_back({.kind = "security-group",
                       .id = std::to_string(group.id),
                       .name = group.name,
                       .mark = settings_.mark("cloud/security-group"),
                       .fields = {{"rules", std::move(found)}}});
  }
  return objects;
}

Result<std::string> SecurityGroups::template_text(const std::string& name, const Value& wanted) {
  Result<VirtualNetwork> network = catalog_.network();
  if (!network) return std::move(network).error();
  TemplateText text;
  if (!name.empty()) text.set("NAME", name);
  text.set("DESCRIPTION", "What may reach the machines of cluster " + settings_.cluster);
  for (const Rule& rule : rules) {
    if (std::find(wanted.begin(), wanted.end(),
                  text_of(rule.direction, rule.protocol, rule.ports, rule.from_network)) == wanted.end())
      continue;
    Attributes parts = {{"PROTOCOL", rule.protocol}, {"RULE_TYPE", rule.direction}};
    if (*rule.ports) parts.emplace_back("RANGE", rule.ports);
    if (rule.from_network) parts.emplace_back("NETWORK_ID", std::to_string(network->id));
    text.add("RULE", std::move(parts));
  }
  return text.write();
}

Result<CloudObject> SecurityGroups::create(const CloudRequest& request) {
  Result<std::string> text = template_text(request.name, request.fields.value("rules", Value::array()));
  if (!text) return std::move(text).error();
  Result<int> id = client_.call_for_id("one.secgroup.allocate", {*text}, call_deadline());
  if (!id) return std::move(id).error();
  return CloudObject{.kind = "security-group",
                     .id = std::to_string(*id),
                     .name = request.name,
                     .mark = request.mark,
                     .fields = request.fields};
}

Result<CloudObject> SecurityGroups::update(const CloudObject& object, const Value& fields) {
  Result<std::string> text = template_text({}, fields.value("rules", Value::array()));
  if (!text) return std::move(text).error();
  const int replace_all = 0;
  Result<int> id =
      client_.call_for_id("one.secgroup.update", {std::atoi(object.id.c_str()), *text, replace_all}, call_deadline());
  if (!id) return std::move(id).error();
  CloudObject changed = object;
  changed.fields.update(fields);
  return changed;
}

Result<void> SecurityGroups::remove(const std::string& id, Deadline deadline) {
  while (true) {
    Result<int> gone = client_.call_for_id("one.secgroup.delete", {std::atoi(id.c_str())}, call_deadline());
    if (gone || gone.error().kind == ErrorKind::not_found) return {};
    if (!retryable(gone.error().kind) || deadline.passed()) return std::move(gone).error();
    std::this_thread::sleep_for(std::min(settings_.poll, deadline.left()));
  }
}

CloudObject VmGroups::object_of(const std::string& id) const {
  return {.kind = "vm-group",
          .id = id,
          .name = settings_.object_name("control"),
          .mark = settings_.mark("cloud/vm-group"),
          .fields = {{"policy", "ANTI_AFFINED"}}};
}

Result<std::vector<CloudObject>> VmGroups::list() {
  Result<std::string> text = client_.call_for_text("one.vmgrouppool.info", {own_only, -1, -1}, call_deadline());
  if (!text) return std::move(text).error();
  Result<std::vector<VmGroup>> all = read_vm_groups(std::move(*text));
  if (!all) return std::move(all).error();
  std::vector<CloudObject> objects;
  for (const VmGroup& group : *all) {
    if (group.name != settings_.object_name("control")) continue;
    CloudObject object = object_of(std::to_string(group.id));
    const auto policy = group.policies.find(role);
    object.fields["policy"] = policy == group.policies.end() ? "" : policy->second;
    objects.push_back(std::move(object));
  }
  return objects;
}

Result<CloudObject> VmGroups::create(const CloudRequest& request) {
  TemplateText text;
  text.set("NAME", request.name);
  text.add("ROLE", {{"NAME", role}, {"POLICY", text_at(request.fields, "policy", "ANTI_AFFINED")}});
  Result<std::string> written = text.write();
  if (!written) return std::move(written).error();
  Result<int> id = client_.call_for_id("one.vmgroup.allocate", {*written}, call_deadline());
  if (!id) return std::move(id).error();
  return object_of(std::to_string(*id));
}

Result<void> VmGroups::remove(const std::string& id, Deadline) {
  Result<int> gone = client_.call_for_id("one.vmgroup.delete", {std::atoi(id.c_str())}, call_deadline());
  if (gone || gone.error().kind == ErrorKind::not_found) return {};
  return std::move(gone).error();
}

CloudObject Volumes::object_of(const Image& image) const {
  const auto mark = image.attributes.find("SLIPWAY_MARK");
  return {.kind = "volume",
          .id = std::to_string(image.id),
          .name = image.name,
          .mark = mark == image.attributes.end() ? "" : mark->second,
          .fields = {{"size_bytes", static_cast<uint64_t>(image.size_mb) << 20}, {"created", image.created}}};
}

Result<std::vector<CloudObject>> Volumes::list() {
  Result<std::string> text = client_.call_for_text("one.imagepool.info", {own_only, -1, -1}, call_deadline());
  if (!text) return std::move(text).error();
  Result<std::vector<Image>> all = read_images(std::move(*text));
  if (!all) return std::move(all).error();
  std::vector<CloudObject> objects;
  for (const Image& image : *all) {
    const auto cluster = image.attributes.find("SLIPWAY_CLUSTER");
    if (cluster != image.attributes.end() && cluster->second == settings_.cluster &&
        image.state != static_cast<int>(ImageState::deleting))
      objects.push_back(object_of(image));
  }
  return objects;
}

Result<Image> Volumes::look(int id) {
  Result<std::string> text = client_.call_for_text("one.image.info", {id, false}, call_deadline());
  if (!text) return std::move(text).error();
  Result<std::vector<Image>> read = read_images(std::move(*text));
  if (!read) return std::move(read).error();
  if (read->empty()) return fail(ErrorKind::not_found, "no such image", {.found = std::to_string(id)});
  return std::move(read->front());
}

Result<CloudObject> Volumes::create(const CloudRequest& request, Deadline deadline) {
  Result<Datastore> datastore = catalog_.datastore();
  if (!datastore) return std::move(datastore).error();
  TemplateText text;
  text.set("NAME", request.name);
  text.set("TYPE", "DATABLOCK");
  text.set("SIZE", std::to_string(request.fields.value("size_bytes", uint64_t{0}) >> 20));
  text.set("PERSISTENT", "YES");
  text.set("SLIPWAY_CLUSTER", settings_.cluster);
  text.set("SLIPWAY_MARK", request.mark);
  Result<std::string> written = text.write();
  if (!written) return std::move(written).error();
  Result<int> id = client_.call_for_id("one.image.allocate", {*written, datastore->id}, call_deadline());
  if (!id) return std::move(id).error();
  while (true) {
    Result<Image> image = look(*id);
    if (!image) return std::move(image).error();
    if (image->state == static_cast<int>(ImageState::ready)) return object_of(*image);
    if (image->state == static_cast<int>(ImageState::error))
      return fail(ErrorKind::internal, "OpenNebula could not make the image",
                  {.found = image->error, .expected = "READY", .where = "image " + std::to_string(*id)});
    if (deadline.passed())
      return fail(ErrorKind::timeout, "the image is not ready in time",
                  {.found = std::string(image_state_name(image->state)), .expected = "READY"});
    std::this_thread::sleep_for(std::min(settings_.poll, deadline.left()));
  }
}

Result<void> Volumes::remove(const std::string& id, Deadline deadline) {
  const int number = std::atoi(id.c_str());
  while (true) {
    Result<Image> image = look(number);
    if (!image && image.error().kind == ErrorKind::not_found) return {};
    if (image && image->state != static_cast<int>(ImageState::deleting)) {
      Result<int> sent = client_.call_for_id("one.image.delete", {number}, call_deadline());
      if (!sent && sent.error().kind != ErrorKind::not_found && (!retryable(sent.error().kind) || deadline.passed()))
        return std::move(sent).error();
    }
    if (deadline.passed()) return fail(ErrorKind::timeout, "the image is not gone in time", {.where = "image " + id});
    std::this_thread::sleep_for(std::min(settings_.poll, deadline.left()));
  }
}

}  // namespace slipway::opennebula
