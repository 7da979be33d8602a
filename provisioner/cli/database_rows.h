#pragma once
#include <vector>

#include "cli/session.h"

namespace slipway {

/// How many replicas of the database the spec asks for; 0 where there is none. REQUIRES: expand_graph was called.
int database_replicas(const Session& session);
/// A row for each replica: name, role, node, lag_bytes, lag_seconds; empty where there is one server or none.
Value database_rows(Session& session);
std::string database_table(const Value& rows);
/// What `doctor` says of the replicas; empty where there is one server or none.
std::vector<Error> database_problems(Session& session);

}  // namespace slipway
