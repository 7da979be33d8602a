#include "providers/opennebula/settings.h"

namespace slipway::opennebula {

int Settings::wanted_machines() const {
  int count = 0;
  for (const Pool& pool : pools) count += pool.count;
  return count;
}

int64_t megabytes(uint64_t bytes) { return static_cast<int64_t>((bytes + (1 << 20) - 1) >> 20); }

Result<Settings> settings_from(const Spec& spec) {
  const Value& block = spec.provider_settings;
  Settings settings{.cluster = spec.name,
                    .spec_path = spec.path,
                    .template_name = text_at(block, "template"),
                    .image = text_at(block, "image"),
                    .network = text_at(block, "network"),
                    .datastore = text_at(block, "datastore"),
                    .security_groups = {},
                    .anti_affinity = block.value("anti_affinity", true),
                    .data_disk_mb = megabytes(block.value("data_disk", uint64_t{0})),
                    .subnet = {},
                    .addresses = {},
                    .endpoint = spec.network.endpoint,
                    .load_balancers = spec.network.load_balancers,
                    .fixed_holders = spec.network.fixed_holders,
                    .ssh = spec.ssh,
                    .pools = spec.pools};
  if (block.contains("security_groups"))
    for (const Value& group : block.at("security_groups")) settings.security_groups.push_back(group.get<std::string>());
  if (const Result<Cidr> subnet = parse_cidr(text_at(block, "subnet"))) settings.subnet = *subnet;
  if (const std::string range = text_at(block, "addresses"); !range.empty()) {
    Result<AddressRange> parsed = parse_range(range);
    if (!parsed) return std::move(parsed).error().while_doing("reading opennebula.addresses");
    settings.addresses = *parsed;
  }
  return settings;
}

}  // namespace slipway::opennebula
