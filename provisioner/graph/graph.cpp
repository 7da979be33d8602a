#include "graph/graph.h"

#include <algorithm>
#include <cassert>
#include <numeric>

namespace slipway {
namespace {

/// The order in which each node comes after what it needs; shorter than `needs` where there is a cycle. Kahn's
/// algorithm, first in, first out, so that equal graphs order equally.
std::vector<size_t> dependency_order(const std::vector<std::vector<size_t>>& needs,
                                     const std::vector<std::vector<size_t>>& wanted_by) {
  std::vector<size_t> waiting(needs.size());
  std::vector<size_t> order;
  order.reserve(needs.size());
  for (size_t i = 0; i < needs.size(); ++i) {
    waiting[i] = needs[i].size();
    if (waiting[i] == 0) order.push_back(i);
  }
  for (size_t next = 0; next < order.size(); ++next)
    for (const size_t dependent : wanted_by[order[next]])
      if (--waiting[dependent] == 0) order.push_back(dependent);
  return order;
}

}  // namespace

StepId Graph::add(StepInfo info, std::unique_ptr<Step> step) {
  const StepId id = info.id;
  const bool fresh = index_.emplace(id, nodes_.size()).second;
  assert(fresh && "two steps with one id");
  (void)fresh;
  nodes_.push_back({std::move(info), std::move(step), {}, {}});
  return id;
}

Result<void> Graph::finish() {
  std::vector<std::vector<size_t>> needs(nodes_.size()), wanted_by(nodes_.size());
  for (size_t i = 0; i < nodes_.size(); ++i) {
    const StepInfo& info = nodes_[i].info;
    std::vector<StepId> ids = info.after;
    for (const auto& [input, reference] : info.inputs) ids.push_back(reference.step);
    for (const StepId& id : ids) {
      const auto found = index_.find(id);
      if (found == index_.end())
        return fail(ErrorKind::internal, "a step needs a step that is not in the graph",
                    {.found = info.id.text() + " needs " + id.text(), .advice = "this is a bug in Slipway"});
      needs[i].push_back(found->second);
    }
    std::sort(needs[i].begin(), needs[i].end());
    needs[i].erase(std::unique(needs[i].begin(), needs[i].end()), needs[i].end());
    for (const size_t need : needs[i]) wanted_by[need].push_back(i);
  }
  const std::vector<size_t> order = dependency_order(needs, wanted_by);
  std::vector<size_t> place(nodes_.size(), nodes_.size());
  for (size_t i = 0; i < order.size(); ++i) place[order[i]] = i;
  if (order.size() < nodes_.size()) {
    std::string stuck;
    for (size_t i = 0; i < nodes_.size(); ++i)
      if (place[i] == nodes_.size()) stuck += (stuck.empty() ? "" : ", ") + nodes_[i].info.id.text();
    return fail(ErrorKind::internal, "steps wait for each other in a circle",
                {.found = stuck, .advice = "this is a bug in Slipway"});
  }
  std::vector<Node> ordered(nodes_.size());
  for (size_t i = 0; i < nodes_.size(); ++i) {
    Node& node = ordered[place[i]];
    node = std::move(nodes_[i]);
    for (const size_t need : needs[i]) node.needs.push_back(place[need]);
    for (const size_t dependent : wanted_by[i]) node.wanted_by.push_back(place[dependent]);
  }
  nodes_ = std::move(ordered);
  for (size_t i = 0; i < nodes_.size(); ++i) index_[nodes_[i].info.id] = i;
  return {};
}

std::optional<size_t> Graph::find(const StepId& id) const {
  const auto found = index_.find(id);
  if (found == index_.end()) return std::nullopt;
  return found->second;
}

}  // namespace slipway
