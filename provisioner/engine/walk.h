#pragma once
// Walks a graph in dependency order: one thread decides, workers act. A node starts the moment everything it needs has
// concluded and its lanes have room.

#include <functional>
#include <string>
#include <vector>

#include "graph/graph.h"

namespace slipway {

/// Runs on the deciding thread after a job: takes in the job's result.
using Conclusion = std::function<void()>;
/// Ends a job. Called once, by the job or, after it has returned, by any thread; not after walk() has returned.
using EndJob = std::function<void(Conclusion)>;
/// Runs on a worker thread, which is free once it returns; the node concludes when `end` is called.
using Job = std::function<void(const EndJob& end)>;

struct WalkRules {
  /// Deciding thread: the node's turn has come. Answers its job, or an empty one if there is nothing to run.
  std::function<Job(size_t node)> start;
  /// The lanes that the node holds while its job runs.
  std::function<const std::vector<std::string>&(size_t node)> lanes;
  /// Room in a lane; at least 1.
  std::function<size_t(const std::string& lane)> room;
  /// Deciding thread: called when a node has its turn but waits for this lane. Optional.
  std::function<void(size_t node, const std::string& lane)> waiting{};
  size_t workers = 16;  ///< Jobs at once at most.
};

/// Returns when every node has concluded. Cost per node is constant; nodes without a job never see a worker.
void walk(const Graph& graph, const WalkRules& rules);

}  // namespace slipway
