#pragma once
// Provider `existing`: hosts that somebody else made, by address (`pools.NAME.hosts`). They are never created and never
// deleted; what Slipway put onto them is taken off by removal kind "existing-host" (a playbook), whose data is the
// host's access. Whether a host answers is found out by the steps that work on it.

#include <memory>

#include "providers/provider.h"

namespace slipway {

/// Errors: bad_input (an unreadable jump host).
Result<std::unique_ptr<Provider>> make_existing_provider(const Spec& spec);

}  // namespace slipway
