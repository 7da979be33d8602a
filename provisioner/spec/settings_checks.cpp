#include "spec/checks.h"

namespace slipway {
namespace {

void check_provider_block(SpecDraft& draft, const std::string& provider) {
  const SchemaNode& schema = spec_schema();
  const SchemaNode* choice = schema.child("provider");
  for (const std::string_view view : choice->key->choices) {
    const std::string other(view);
    if (other != provider && draft.tree.find(other))
      draft.add_at_key({other}, "block '" + other + "' does not belong to provider " + provider, other, provider,
                       "remove the block, or write provider: " + other);
  }
  if (draft.tree.find(provider)) return;
  for (const auto& child : schema.child(provider)->children)
    if (child->key->required)
      draft.add({"provider"}, "missing key '" + child->name + "' in " + provider, "",
                "a block " + provider + ": with " + child->name, "");
}

void check_openstack(SpecDraft& draft) {
  const auto given = [&](const char* key) { return !draft.text({"openstack", key}).empty(); };
  if (given("network") && !draft.written({"openstack", "subnet"}))
    draft.add_at_key({"openstack", "network"}, "missing key 'subnet' in openstack", "",
                     "subnet: the subnet of that network, such as 192.168.10.0/24",
                     "machines take fixed addresses of it");
  const std::optional<Cidr> subnet = subnet_of(draft);
  if (!given("network") && subnet && subnet->prefix > 26)
    draft.add({"openstack", "subnet"}, "openstack.subnet is too small", to_string(*subnet), "a network from /16 to /26",
              "its first ten addresses are the router's and neutron's own");
  const Value* floating = draft.at({"openstack", "floating_addresses"});
  if (floating && !floating->empty() && !given("external_network"))
    draft.add_at_key({"openstack", "floating_addresses"}, "floating addresses need openstack.external_network", "",
                     "external_network: NAME", "`openstack network list --external` shows them");
}

/// Machines of a network that is there already take fixed addresses: they must have some.
void check_machine_addresses(SpecDraft& draft) {
  const std::vector<std::string> path{"opennebula", "addresses"};
  const std::optional<Cidr> subnet = subnet_of(draft);
  const std::optional<AddressRange> addresses = range_at(draft, path);
  if (!addresses) {
    if (!subnet && !draft.written({"opennebula", "subnet"}) && address_at(draft, {"network", "endpoint"}))
      draft.add_at_key({"opennebula"}, "missing key 'subnet' in opennebula", "",
                       "subnet: the virtual network's subnet, such as 172.20.0.0/22", "");
    return;
  }
  if (subnet && !(subnet->range().contains(addresses->first) && subnet->range().contains(addresses->last)))
    draft.add(path, "opennebula.addresses lies outside opennebula.subnet",
              to_string(*addresses) + " and " + to_string(*subnet), "a range inside the subnet", "");
}

}  // namespace

void check_settings(SpecDraft& draft) {
  const std::string provider = draft.text({"provider"});
  if (!provider.empty()) check_provider_block(draft, provider);

  if (provider == "opennebula" && draft.tree.find("opennebula")) {
    const bool both = draft.written({"opennebula", "template"}) && draft.written({"opennebula", "image"});
    const bool none = !draft.written({"opennebula", "template"}) && !draft.written({"opennebula", "image"});
    if (both || none)
      draft.add_at_key({"opennebula"},
                       both ? "template and image together in opennebula" : "no template and no image in opennebula",
                       "", "either template or image", "");
    check_machine_addresses(draft);
  }

  if (provider == "openstack" && draft.tree.find("openstack")) check_openstack(draft);

  const Value* sudo = draft.at({"ssh", "sudo"});
  const std::string user = draft.text({"ssh", "user"});
  if (sudo && !sudo->get<bool>() && !user.empty() && user != "root")
    draft.add({"ssh", "user"}, "ssh.user is not root and ssh.sudo is false", user, "root, or a user with sudo",
              "add sudo: true");

  const Value* metallb = draft.at({"addons", "metallb", "enabled"});
  if (metallb && metallb->get<bool>() && !draft.written({"network", "load_balancers"}))
    draft.add_at_key({"addons", "metallb"}, "the add-on metallb has no addresses to give", "",
                     "network.load_balancers: FIRST-LAST", "add the range to network, or set enabled: false");
}

}  // namespace slipway
