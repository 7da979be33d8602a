#include "base/digest.h"
#include "spec/checks.h"

namespace slipway {
namespace {

constexpr uint32_t endpoint_offset = 10;
constexpr uint32_t small_endpoint_offset = 2;

Cidr around(Address address) { return {Address{address.bits & 0xFFFFFF00U}, 24}; }

/// True if Slipway makes the machines' network itself, so that its addresses are ours to give.
bool makes_network(const SpecDraft& draft) {
  const std::string provider = draft.text({"provider"});
  return provider == "local" || (provider == "openstack" && draft.text({"openstack", "network"}).empty() &&
                                 !draft.written({"openstack", "network"}));
}

/// A network that a cluster of another name is unlikely to have as well.
Cidr from_name(const std::string& name) {
  const auto digest = static_cast<uint32_t>(std::stoul(sha256(name).substr(0, 8), nullptr, 16));
  const uint32_t third = 1 + digest % 254;
  return {Address{10U << 24 | 99U << 16 | third << 8}, 24};
}

/// The usual size of a network that is there already; the virtual network itself is looked at when planning.
void guess_subnet(SpecDraft& draft) {
  const std::optional<Address> endpoint = address_at(draft, {"network", "endpoint"});
  const std::optional<AddressRange> balancers = range_at(draft, {"network", "load_balancers"});
  if (draft.written({"opennebula", "subnet"}) || !draft.tree.find("opennebula") || !endpoint) return;
  const Cidr guess = around(*endpoint);
  const bool fits = !balancers || (guess.range().contains(balancers->first) && guess.range().contains(balancers->last));
  if (fits) draft.value["opennebula"]["subnet"] = to_string(guess);
}

void fill_subnet(SpecDraft& draft) {
  const std::string provider = draft.text({"provider"});
  if (provider == "opennebula") return guess_subnet(draft);
  if (!makes_network(draft) || draft.written({provider, "subnet"})) return;
  const std::optional<Address> endpoint = address_at(draft, {"network", "endpoint"});
  const std::optional<AddressRange> balancers = range_at(draft, {"network", "load_balancers"});
  std::optional<Cidr> subnet;
  if (endpoint)
    subnet = around(*endpoint);
  else if (draft.written({"network", "endpoint"}))
    return;  // It is at fault; guessing would only add faults.
  else if (balancers)
    subnet = around(balancers->first);
  else if (draft.written({"network", "load_balancers"}) || draft.text({"name"}).empty())
    return;
  else
    subnet = from_name(draft.text({"name"}));
  draft.value[provider]["subnet"] = to_string(*subnet);
}

void fill_endpoint(SpecDraft& draft) {
  const std::string provider = draft.text({"provider"});
  if (draft.written({"network", "endpoint"}) || provider.empty()) return;
  const std::optional<Cidr> subnet = subnet_of(draft);
  if (provider == "simulated") {
    draft.value["network"]["endpoint"] = "10.99.0.10";
  } else if (makes_network(draft)) {
    if (!subnet) return;
    const uint32_t offset = subnet->range().size() > 32 ? endpoint_offset : small_endpoint_offset;
    draft.value["network"]["endpoint"] = to_string(Address{subnet->base.bits + offset});
  } else {
    const bool block = draft.written({"network"});
    draft.add_at_key(block ? std::vector<std::string>{"network"} : std::vector<std::string>{"provider"},
                     "missing key 'endpoint' in network", "",
                     "endpoint: an IPv4 address in the machines' network that no machine has",
                     "choose a free address outside of any DHCP range; the Kubernetes API gets it");
  }
}

}  // namespace

std::optional<Cidr> cidr_at(const SpecDraft& draft, const std::vector<std::string>& path) {
  const Result<Cidr> cidr = parse_cidr(draft.text(path));
  return cidr ? std::optional(*cidr) : std::nullopt;
}

std::optional<Address> address_at(const SpecDraft& draft, const std::vector<std::string>& path) {
  const Result<Address> address = parse_address(draft.text(path));
  return address ? std::optional(*address) : std::nullopt;
}

std::optional<AddressRange> range_at(const SpecDraft& draft, const std::vector<std::string>& path) {
  const Result<AddressRange> range = parse_range(draft.text(path));
  return range ? std::optional(*range) : std::nullopt;
}

std::optional<Cidr> subnet_of(const SpecDraft& draft) { return cidr_at(draft, {draft.text({"provider"}), "subnet"}); }

uint32_t reserved_below(const Cidr& subnet) { return subnet.range().size() > 32 ? 11 : 2; }

void fill_derived_defaults(SpecDraft& draft) {
  fill_subnet(draft);
  fill_endpoint(draft);
  const std::string name = draft.text({"name"});
  if (!draft.written({"network", "endpoint_name"}) && !name.empty())
    draft.value["network"]["endpoint_name"] = "api." + name + ".slipway.internal";
  if (!draft.written({"ssh", "key"}))
    draft.value["ssh"]["key"] = draft.text({"provider"}) == "existing" ? "~/.ssh/id_ed25519" : "";
}

}  // namespace slipway
