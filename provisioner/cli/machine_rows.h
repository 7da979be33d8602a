#pragma once
#include "cli/session.h"

namespace slipway {

/// One object for each machine of the spec: name, pool, role, address, its state at the provider, whether it is Ready
/// (null where the API does not answer).
Value machine_rows(Session& session);

}  // namespace slipway
