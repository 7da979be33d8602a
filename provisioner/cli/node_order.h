#pragma once
// What `node add`, `node remove` and `node replace` were asked for, kept in state until it is done: the same command
// after a crash goes on with it and asks for nothing twice, and a machine that was named to leave is the one that
// leaves, whichever verb runs next.

#include <optional>
#include <set>
#include <string>

#include "base/ids.h"
#include "cluster/members.h"
#include "spec/spec.h"
#include "state/store.h"

namespace slipway {

struct NodeOrder {
  std::string verb;  ///< "add", "remove" or "replace"
  std::string pool;
  /// The pool's count before and after. replace: the spec's count, and how many machines the present half of it wants.
  int from = 0, to = 0;
  std::string machine;            ///< remove, replace: the one that leaves.
  std::set<MachineName> known{};  ///< add: the machines that were there before.
  bool operator==(const NodeOrder&) const = default;
};

/// The order that no run has completed yet.
std::optional<NodeOrder> open_node_order(const State& state);
/// Durable before it returns.
Result<void> record_node_order(StateStore& store, const NodeOrder& order);
Result<void> drop_node_order(StateStore& store);

/// Whether the spec is in a state in which the order can be gone on with: its count was not changed by others since.
bool fits(const NodeOrder& order, const Spec& spec);
/// What an open order asks of the members: the machine that it has named to leave and that is still recorded as one; of
/// a replacement, how many the pool has meanwhile.
MemberChange change_of_order(const State& state, const Spec& spec);
/// Whether the open order is a replacement of which a half is still to be done.
bool half_replaced(const State& state);

}  // namespace slipway
