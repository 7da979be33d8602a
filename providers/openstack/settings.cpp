#include "providers/openstack/settings.h"

namespace slipway::openstack {
namespace {

constexpr std::string_view mark_prefix = "slipway:";

std::vector<std::string> texts_at(const Value& object, const char* key) {
  std::vector<std::string> texts;
  for (const Value& item : object.value(key, Value::array()))
    if (item.is_string()) texts.push_back(item.get<std::string>());
  return texts;
}

bool enabled(const Spec& spec, const char* addon) {
  const auto found = spec.addons.find(addon);
  return found != spec.addons.end() && found->second.value("enabled", true);
}

}  // namespace

Settings settings_from(const Spec& spec) {
  const Value& block = spec.provider_settings;
  Settings settings;
  settings.cluster = spec.name;
  settings.cloud = text_at(block, "cloud");
  settings.region = text_at(block, "region");
  if (const std::string file = text_at(block, "ca_file"); !file.empty())
    settings.ca_file = resolve_path(file, spec.path);
  settings.insecure = block.value("insecure", false);
  settings.image = block.value("image", Value(""));
  if (const auto flavor = block.find("flavor"); flavor != block.end()) {
    if (flavor->is_string())
      settings.flavor = flavor->get<std::string>();
    else if (flavor->is_object())
      settings.flavor_size =
          Size{.cpus = flavor->value("cpus", 1), .memory_bytes = flavor->value("memory", uint64_t{0}), .disk_bytes = 0};
  }
  settings.network = text_at(block, "network");
  if (const Result<Cidr> subnet = parse_cidr(text_at(block, "subnet"))) settings.subnet = *subnet;
  settings.external_network = text_at(block, "external_network");
  settings.name_servers = texts_at(block, "name_servers");
  settings.admin_networks = texts_at(block, "admin_networks");
  if (settings.admin_networks.empty()) settings.admin_networks = {"0.0.0.0/0"};
  for (const std::string& what : texts_at(block, "floating_addresses")) settings.floating.insert(what);
  settings.zone = text_at(block, "availability_zone");
  settings.anti_affinity = text_at(block, "anti_affinity", "soft");
  settings.volume_type = text_at(block, "volume_type");
  settings.boot_volume = block.value("boot_volume", false);
  settings.config_drive = block.value("config_drive", false);
  settings.data_disk_bytes = block.value("data_disk", uint64_t{0});
  settings.security_groups = texts_at(block, "security_groups");
  settings.endpoint = spec.network.endpoint;
  settings.load_balancers = spec.network.load_balancers;
  settings.ssh = spec.ssh;
  settings.metallb = enabled(spec, "metallb");
  settings.monitoring = enabled(spec, "monitoring");
  return settings;
}

std::string written_mark(const std::string& mark) { return std::string(mark_prefix) + mark; }

std::string mark_in(const std::string& text, const std::string& cluster) {
  if (!text.starts_with(mark_prefix)) return {};
  std::string mark = text.substr(mark_prefix.size());
  return mark.starts_with(cluster + "/") ? mark : std::string();
}

}  // namespace slipway::openstack
