#include <array>

#include "spec/checks.h"

namespace slipway {
namespace {

using Path = std::vector<std::string>;

struct Network {
  Path path;
  std::optional<Cidr> cidr;
  int widest, narrowest;
  const char* reason;

  std::string name() const { return path[0] + "." + path[1]; }
};

std::string text(const Network& network) { return to_string(*network.cidr); }

/// The one of two paths that the file holds, the second if it holds both: that is where a reader will change something.
const Path& written_one(const SpecDraft& draft, const Path& first, const Path& second) {
  return draft.written(second) || !draft.written(first) ? second : first;
}

void check_width(SpecDraft& draft, const Network& network) {
  if (!network.cidr) return;
  if (network.cidr->prefix >= network.widest && network.cidr->prefix <= network.narrowest) return;
  draft.add(network.path, network.name() + (network.cidr->prefix < network.widest ? " is too large" : " is too small"),
            text(network),
            "a network from /" + std::to_string(network.widest) + " to /" + std::to_string(network.narrowest),
            network.reason);
}

void check_endpoint(SpecDraft& draft, const std::array<Network, 3>& networks) {
  const Path path{"network", "endpoint"};
  const std::optional<Address> endpoint = address_at(draft, path);
  if (!endpoint) return;
  const Network& subnet = networks[2];
  // An endpoint that comes from the subnet is inside the same networks as the subnet, and that is told already.
  const bool from_subnet = subnet.cidr && !draft.written(path);
  for (const Network* inside : {&networks[0], &networks[1]})
    if (!from_subnet && inside->cidr && inside->cidr->range().contains(*endpoint))
      draft.add(written_one(draft, inside->path, path), "network.endpoint lies inside " + inside->name(),
                to_string(*endpoint) + " in " + text(*inside), "an address of the machines' network", "");
  if (!subnet.cidr) return;
  const AddressRange range = subnet.cidr->range();
  if (!range.contains(*endpoint))
    draft.add(path, "network.endpoint lies outside " + subnet.name(), to_string(*endpoint),
              "an address in " + text(subnet), "");
  else if (endpoint->bits <= range.first.bits + 1 || *endpoint == range.last)
    draft.add(path, "network.endpoint is a reserved address of " + subnet.name(), to_string(*endpoint),
              "not the network's first, its gateway's (the second), or its last address", "");
}

void check_load_balancers(SpecDraft& draft, const std::array<Network, 3>& networks) {
  const Path path{"network", "load_balancers"};
  const std::optional<AddressRange> balancers = range_at(draft, path);
  if (!balancers) return;
  const std::optional<Address> endpoint = address_at(draft, {"network", "endpoint"});
  if (endpoint && balancers->contains(*endpoint))
    draft.add(path, "network.load_balancers contains network.endpoint", to_string(*endpoint),
              "a range without the endpoint's address", "");
  for (const Network* other : {&networks[0], &networks[1]})
    if (other->cidr && other->cidr->range().overlaps(*balancers))
      draft.add(path, "network.load_balancers overlaps " + other->name(),
                to_string(*balancers) + " and " + text(*other), "addresses of the machines' network", "");
  const Network& subnet = networks[2];
  if (!subnet.cidr) return;
  const AddressRange range = subnet.cidr->range();
  if (!range.contains(balancers->first) || !range.contains(balancers->last))
    draft.add(path, "network.load_balancers lies outside " + subnet.name(), to_string(*balancers),
              "a range inside " + text(subnet), "");
  else if (balancers->first.bits <= range.first.bits + 1 || balancers->last == range.last)
    draft.add(path, "network.load_balancers holds a reserved address of " + subnet.name(), to_string(*balancers),
              "not the network's first, its gateway's (the second), or its last address", "");
}

}  // namespace

void check_networks(SpecDraft& draft) {
  const std::string provider = draft.text({"provider"});
  const std::array<Network, 3> networks{{
      {{"network", "pods"}, cidr_at(draft, {"network", "pods"}), 8, 24, "each machine takes a /24 of it"},
      {{"network", "services"},
       cidr_at(draft, {"network", "services"}),
       12,
       28,
       "the API server serves at most 2^20 services"},
      {{provider, "subnet"}, subnet_of(draft), 16, 29, ""},
  }};
  for (const Network& network : networks) check_width(draft, network);
  for (size_t i = 0; i < networks.size(); ++i)
    for (size_t j = i + 1; j < networks.size(); ++j) {
      const Network &a = networks[i], &b = networks[j];
      if (!a.cidr || !b.cidr || !a.cidr->range().overlaps(b.cidr->range())) continue;
      const Path& place = written_one(draft, a.path, b.path);
      const Network& here = place == a.path ? a : b;
      const Network& other = place == a.path ? b : a;
      draft.add(place, here.name() + " overlaps " + other.name(), text(here) + " and " + text(other),
                "networks without a common address", "");
    }
  check_endpoint(draft, networks);
  check_load_balancers(draft, networks);
}

}  // namespace slipway
