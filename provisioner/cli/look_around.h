#pragma once
#include <map>

#include "cli/session.h"

namespace slipway {

/// What a script printed on each machine of the cluster: one round trip per host, all at once. It changes nothing.
/// A machine that cannot be asked has its error in its place.
std::map<MachineName, Result<std::string>> ask_every_host(Session& session, const std::string& script, Seconds limit);

}  // namespace slipway
