#pragma once
#include "cli/session.h"

namespace slipway {

/// How the named machine is reached: its step's recorded output. Errors: not_found, with the nearest name there is.
Result<HostAccess> access_of(Session& session, const std::string& machine);

}  // namespace slipway
