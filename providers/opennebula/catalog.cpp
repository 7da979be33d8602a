#include "providers/opennebula/catalog.h"

#include <algorithm>

namespace slipway::opennebula {
namespace {

constexpr int all_usable = -2;
constexpr int lock_delete = 3;

/// The one with this id or name.
template <class T>
Result<T> pick(const std::vector<T>& from, const std::string& wanted, const std::string& kind,
               const std::string& setting, const std::string& where) {
  const T* found = nullptr;
  size_t matches = 0;
  for (const T& candidate : from) {
    if (std::to_string(candidate.id) == wanted) return candidate;
    if (candidate.name != wanted) continue;
    ++matches;
    found = &candidate;
  }
  if (matches == 1) return *found;
  std::string names;
  for (const T& candidate : from)
    if (names.size() < 200) names += (names.empty() ? "" : ", ") + candidate.name;
  if (matches > 1)
    return fail(ErrorKind::bad_input, "several OpenNebula objects have this name",
                {.found = std::to_string(matches) + " called " + wanted,
                 .expected = "one " + kind,
                 .advice = "write its id in " + setting,
                 .where = where});
  return fail(ErrorKind::not_found, "no such " + kind + " in OpenNebula",
              {.found = wanted,
               .expected = from.empty() ? "one that this user may use; there is none" : "one of: " + names,
               .advice = "correct " + setting + ", or ask for the right to use it",
               .where = where});
}

}  // namespace

/// What changes while a run goes on, changes by somebody else's hand, who can't expect it to be seen at once.
constexpr Milliseconds lasting = Seconds(60);

Deadline call_deadline() { return Deadline::in(Seconds(60)); }

template <class T>
Result<std::vector<T>> Catalog::list(Kept<T>& kept, Milliseconds age, const std::string& method,
                                     std::vector<RpcParameter> parameters,
                                     Result<std::vector<T>> (*read)(std::string)) {
  const std::lock_guard lock(kept.mutex);
  if (kept.answer && std::chrono::steady_clock::now() - kept.asked < age) return *kept.answer;
  const Instant asked = std::chrono::steady_clock::now();
  Result<std::string> text = client_.call_for_text(method, std::move(parameters), call_deadline());
  if (!text) return std::move(text).error();
  Result<std::vector<T>> answer = read(std::move(*text));
  if (!answer) return answer;
  kept.answer = *answer;
  kept.asked = asked;
  return answer;
}

Result<std::vector<VirtualNetwork>> Catalog::networks(Milliseconds age) {
  return list(networks_, age, "one.vnpool.info", {all_usable, -1, -1}, read_networks);
}

Result<std::vector<VirtualNetwork>> Catalog::reservations(Milliseconds age) {
  Result<std::vector<VirtualNetwork>> found = networks(age);
  if (found)
    std::erase_if(*found, [&](const VirtualNetwork& network) {
      const bool named =
          network.name == settings_.object_name("endpoint") || network.name == settings_.object_name("load-balancers");
      return !named || !network.parent || network.owner_name != client_.login().user || network.state == lock_delete;
    });
  return found;
}

Result<VirtualNetwork> Catalog::network(Milliseconds age) {
  Result<std::vector<VirtualNetwork>> all = networks(age);
  if (!all) return std::move(all).error();
  return pick(*all, settings_.network, "virtual network", "opennebula.network", settings_.spec_path);
}

Result<VirtualNetwork> Catalog::network_with_leases() {
  Result<VirtualNetwork> summary = network();
  if (!summary) return summary;
  Result<std::string> text = client_.call_for_text("one.vn.info", {summary->id, false}, call_deadline());
  if (!text) return std::move(text).error();
  Result<std::vector<VirtualNetwork>> read = read_networks(std::move(*text));
  if (!read) return std::move(read).error();
  if (read->empty()) return summary;
  return std::move(read->front());
}

Result<VmTemplate> Catalog::vm_template() {
  Result<std::vector<VmTemplate>> all =
      list(templates_, lasting, "one.templatepool.info", {all_usable, -1, -1}, read_templates);
  if (!all) return std::move(all).error();
  return pick(*all, settings_.template_name, "VM template", "opennebula.template", settings_.spec_path);
}

Result<std::optional<double>> Catalog::price_per_hour(const Size& size) {
  if (settings_.template_name.empty()) return std::optional<double>();
  Result<VmTemplate> found = vm_template();
  if (!found) return std::move(found).error();
  const auto cost = [&](const char* name) {
    const auto it = std::find_if(found->attributes.begin(), found->attributes.end(),
                                 [&](const Attribute& attribute) { return attribute.name == name; });
    return it == found->attributes.end() ? 0.0 : std::strtod(it->value.c_str(), nullptr);
  };
  const double price =
      size.cpus * cost("CPU_COST") + static_cast<double>(megabytes(size.memory_bytes)) * cost("MEMORY_COST");
  if (price <= 0 || cost("DISK_COST") > 0) return std::optional<double>();
  return std::optional<double>(price);
}

Result<Image> Catalog::image(const std::string& name_or_id) {
  Result<std::vector<Image>> all = list(images_, lasting, "one.imagepool.info", {all_usable, -1, -1}, read_images);
  if (!all) return std::move(all).error();
  return pick(*all, name_or_id, "image", "opennebula.image", settings_.spec_path);
}

Result<Datastore> Catalog::datastore() {
  Result<std::vector<Datastore>> all = list(datastores_, lasting, "one.datastorepool.info", {}, read_datastores);
  if (!all) return std::move(all).error();
  Result<Datastore> found = pick(*all, settings_.datastore, "datastore", "opennebula.datastore", settings_.spec_path);
  if (found && found->type != 0)
    return fail(ErrorKind::bad_input, "the datastore holds no images",
                {.found = settings_.datastore + ", which is a system or file datastore",
                 .expected = "an image datastore",
                 .advice = "onedatastore list",
                 .where = settings_.spec_path});
  return found;
}

Result<std::vector<int>> Catalog::security_groups() {
  std::vector<int> ids;
  if (settings_.security_groups.empty()) return ids;
  Result<std::vector<SecurityGroup>> all =
      list(security_groups_, lasting, "one.secgrouppool.info", {all_usable, -1, -1}, read_security_groups);
  if (!all) return std::move(all).error();
  for (const std::string& name : settings_.security_groups) {
    Result<SecurityGroup> group = pick(*all, name, "security group", "opennebula.security_groups", settings_.spec_path);
    if (!group) return std::move(group).error();
    ids.push_back(group->id);
  }
  return ids;
}

}  // namespace slipway::opennebula
