#include "cli/node_order.h"

#include <algorithm>

namespace slipway {
namespace {

constexpr const char* fact = "node-order";

}  // namespace

std::optional<NodeOrder> open_node_order(const State& state) {
  const Value value = state.facts.value(fact, Value());
  if (!value.is_object()) return std::nullopt;
  NodeOrder order{.verb = text_at(value, "verb"),
                  .pool = text_at(value, "pool"),
                  .from = value.value("from", 0),
                  .to = value.value("to", 0),
                  .machine = text_at(value, "machine")};
  for (const Value& name : value.value("known", Value::array()))
    if (name.is_string()) order.known.emplace(name.get<std::string>());
  return order;
}

Result<void> record_node_order(StateStore& store, const NodeOrder& order) {
  Value known = Value::array();
  for (const MachineName& name : order.known) known.push_back(name.text());
  return store.set_fact(fact, {{"verb", order.verb},
                               {"pool", order.pool},
                               {"from", order.from},
                               {"to", order.to},
                               {"machine", order.machine},
                               {"known", std::move(known)}});
}

Result<void> drop_node_order(StateStore& store) { return store.set_fact(fact, Value()); }

bool fits(const NodeOrder& order, const Spec& spec) {
  const Pool* pool = spec.find_pool(order.pool);
  return pool && (pool->count == order.from || (order.verb != "replace" && pool->count == order.to));
}

MemberChange change_of_order(const State& state, const Spec& spec) {
  const std::optional<NodeOrder> order = open_node_order(state);
  if (!order || order->verb == "add" || !fits(*order, spec)) return {};
  const auto members = state.pools.find(order->pool);
  if (members == state.pools.end()) return {};
  MemberChange change;
  if (order->verb == "replace")
    change.counts[order->pool] = order->to;
  else if (spec.find_pool(order->pool)->count != order->to)
    return {};
  const std::vector<std::string>& names = members->second.names;
  const bool member = std::find(names.begin(), names.end(), order->machine) != names.end();
  if (member && static_cast<int>(names.size()) > order->to) change.leaving.insert(MachineName(order->machine));
  return change;
}

bool half_replaced(const State& state) {
  const std::optional<NodeOrder> order = open_node_order(state);
  if (!order || order->verb != "replace") return false;
  const auto members = state.pools.find(order->pool);
  if (members == state.pools.end()) return false;
  const std::vector<std::string>& names = members->second.names;
  return order->to != order->from || std::find(names.begin(), names.end(), order->machine) != names.end();
}

}  // namespace slipway
