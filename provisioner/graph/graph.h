#pragma once
#include <deque>
#include <memory>
#include <unordered_map>
#include <vector>

#include "graph/step.h"

namespace slipway {

/// One step with its place in the graph. Indices are positions in Graph::nodes().
struct Node {
  StepInfo info;
  std::unique_ptr<Step> step;
  std::vector<size_t> needs{};      ///< Edges to the steps it waits for; filled by Graph::finish.
  std::vector<size_t> wanted_by{};  ///< The reverse, likewise.
};

/// The steps of one run. Built once by one thread, then read by many.
class Graph {
 public:
  /// About so many steps will be added: nothing but speed.
  void expect(size_t steps) { index_.reserve(steps); }
  /// Adds a step. REQUIRES: finish() was not called; ids are unique (a twin is our bug and asserts).
  StepId add(StepInfo info, std::unique_ptr<Step> step);
  /// Resolves the edges and orders the nodes so that each comes after what it needs.
  /// Errors: internal: an edge to no step, or a cycle, named in full.
  Result<void> finish();
  /// In dependency order after finish().
  const std::deque<Node>& nodes() const { return nodes_; }
  /// The node's index, or nothing.
  std::optional<size_t> find(const StepId& id) const;

 private:
  std::deque<Node> nodes_;  ///< Grows without moving what it holds.
  std::unordered_map<StepId, size_t> index_;
};

}  // namespace slipway
