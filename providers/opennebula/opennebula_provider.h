#pragma once
// Provider `opennebula`: virtual machines of an OpenNebula cloud, over XML-RPC.
//
// Kinds: "reservation" (the endpoint's and the load balancers' addresses), "security-group", "vm-group" (control planes
// on different hosts), "volume" (a persistent data disk), "machine". Machines and volumes carry their mark in the
// creating call (USER_TEMPLATE, the image's template); the others have no room for it, and their names, unique among
// the user's own, are their marks. Only objects of the user whose credentials are used are looked at.
// docs/guides/opennebula.md says what rights and what kind of network it needs.

#include <memory>

#include "providers/opennebula/credentials.h"
#include "providers/provider.h"

namespace slipway {

struct OpenNebulaOptions {
  opennebula::Environment environment = opennebula::Environment::of_process();
  Milliseconds poll = std::chrono::seconds(1);  ///< Between two looks at a machine that changes.
};

/// Opens nothing on the network. Errors: bad_input (settings), unauthorised (no readable credentials).
Result<std::unique_ptr<Provider>> make_opennebula_provider(const Spec& spec, const OpenNebulaOptions& options = {});

}  // namespace slipway
