#pragma once
#include <vector>

#include "providers/local/settings.h"

namespace slipway::local {

/// What the plan's new hosts take of this machine: memory that could be had, disk where hosts lie.
std::vector<Claim> claims(const Plan& plan, const Spec& spec, const Settings& settings);
/// MemAvailable of /proc/meminfo's text, in bytes.
uint64_t available_memory(const std::string& meminfo);

/// Everything that would make a run on this machine fail, each with advice. Touches nothing.
/// `image_ready`: the base image need not be built any more.
std::vector<Error> preflight(const Spec& spec, const Settings& settings, bool image_ready);

}  // namespace slipway::local
