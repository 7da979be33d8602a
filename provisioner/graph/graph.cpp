#include "graph/graph.h"

#include <algorithm>
#include <cassert>
#include <utility>

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

/// Moves to each place the node that `order` names for it, without a second list of all of them: circle by circle,
/// the first of which is held aside.
void put_in_order(std::deque<Node>& nodes, std::vector<size_t> order) {
  for (size_t i = 0; i < nodes.size(); ++i) {
    if (order[i] == i) continue;
    Node first = std::move(nodes[i]);
    size_t hole = i;
    while (order[hole] != i) {
      nodes[hole] = std::move(nodes[order[hole]]);
      hole = std::exchange(order[hole], hole);
    }
    nodes[hole] = std::move(first);
    order[hole] = hole;
  }
}

}  // namespace

StepId Graph::add(StepInfo info, std::unique_ptr<Step> step) {
  const StepId id = info.id;
  const bool fresh = index_.emplace(id, nodes_.size()).second;
  assert(fresh && "two steps with one id");
  (void)fresh;
  nodes_.push_back({.info = std::move(info), .step = std::move(step)});
  return id;
}

Result<void> Graph::finish() {
  std::vector<std::vector<size_t>> needs(nodes_.size()), wanted_by(nodes_.size());
  for (size_t i = 0; i < nodes_.size(); ++i) {
    StepInfo& info = nodes_[i].info;
    const auto need = [&](StepId& id) -> Result<size_t> {
      const auto found = index_.find(id);
      if (found == index_.end())
        return fail(ErrorKind::internal, "a step needs a step that is not in the graph",
                    {.found = info.id.text() + " needs " + id.text(), .advice = "this is a bug in Slipway"});
      needs[i].push_back(found->second);
      id = found->first;  // One text for all who name it.
      return found->second;
    };
    needs[i].reserve(info.inputs.size() + info.after.size());
    for (auto& [input, reference] : info.inputs) {
      const Result<size_t> producer = need(reference.step);
      if (!producer) return producer.error();
      reference.place = *producer;
    }
    for (StepId& id : info.after)
      if (Result<size_t> edge = need(id); !edge) return std::move(edge).error();
    std::sort(needs[i].begin(), needs[i].end());
    needs[i].erase(std::unique(needs[i].begin(), needs[i].end()), needs[i].end());
    for (const size_t need : needs[i]) wanted_by[need].push_back(i);
  }
  std::vector<size_t> order = dependency_order(needs, wanted_by);
  std::vector<size_t> place(nodes_.size(), nodes_.size());
  for (size_t i = 0; i < order.size(); ++i) place[order[i]] = i;
  if (order.size() < nodes_.size()) {
    std::string stuck;
    for (size_t i = 0; i < nodes_.size(); ++i)
      if (place[i] == nodes_.size()) stuck += (stuck.empty() ? "" : ", ") + nodes_[i].info.id.text();
    return fail(ErrorKind::internal, "steps wait for each other in a circle",
                {.found = stuck, .advice = "this is a bug in Slipway"});
  }
  for (size_t i = 0; i < nodes_.size(); ++i) {
    Node& node = nodes_[i];
    node.needs = std::move(needs[i]);
    node.wanted_by = std::move(wanted_by[i]);
    for (std::vector<size_t>* edges : {&node.needs, &node.wanted_by})
      for (size_t& edge : *edges) edge = place[edge];
    for (auto& [input, reference] : node.info.inputs) reference.place = place[reference.place];
  }
  for (auto& [id, index] : index_) index = place[index];
  put_in_order(nodes_, std::move(order));
  return {};
}

std::optional<size_t> Graph::find(const StepId& id) const {
  const auto found = index_.find(id);
  if (found == index_.end()) return std::nullopt;
  return found->second;
}

}  // namespace slipway
