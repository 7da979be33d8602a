#pragma once
// Provider `openstack`: servers of an OpenStack project, with all that they stand on.
//
// Kinds that it makes: keypair, server-group, network, subnet, router, router-interface, security-group, port,
// floating-address, volume, attachment, machine. Kinds that it only looks up: image, flavor.
// The mark stands in the creating call: a server's and a volume's metadata, a network object's description, a server
// group's name. A keypair has no room for one; its name is the key. A router's interface and a volume's attachment have
// no text at all; router and subnet, server and volume are their key.

#include <memory>

#include "providers/openstack/credentials.h"
#include "providers/provider.h"

namespace slipway {

struct OpenstackOptions {
  openstack::Surroundings surroundings = openstack::real_surroundings();
  Milliseconds build_limit = std::chrono::minutes(12);  ///< A server that builds longer is deleted.
  Milliseconds first_poll{500};
  Milliseconds list_lag = std::chrono::seconds(5);  ///< How long a list may miss what was just made.
  Milliseconds in_use_limit = std::chrono::seconds(30);
};

/// Reads the credentials; connects to nothing yet. Errors: bad_input, not_found.
Result<std::unique_ptr<Provider>> make_openstack_provider(const Spec& spec, const OpenstackOptions& options = {});

}  // namespace slipway
