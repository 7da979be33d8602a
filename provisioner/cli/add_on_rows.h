#pragma once
#include "cli/session.h"
#include "kube/gates.h"

namespace slipway {

/// The spec's add-ons as `status` and the closing page show them: a list of {name, ready, url, credentials}; ready is
/// true, false, or null where the API does not answer. REQUIRES: expand_graph was called.
Value add_on_rows(Session& session, Freshness freshness);
/// The same as a table; empty where there are none.
std::string add_on_table(const Value& rows);

}  // namespace slipway
