#include "cluster/removals.h"

#include <set>

namespace slipway {
namespace {

bool inside_the_cluster(const StepRecord& record) {
  return record.removal_kind == "node" || record.removal_kind == "objects";
}

/// For each record, the leaving steps that stand on it directly or through others: those must go first.
class Dependents {
 public:
  Dependents(const State& state, const std::set<StepId>& leaving) : leaving_(leaving) {
    for (const auto& [id, record] : state.steps)
      for (const StepId& need : record.needs) wanted_by_[need].push_back(id);
  }

  std::vector<StepId> of(const StepId& id) const {
    std::vector<StepId> found, open = {id};
    std::set<StepId> visited = {id};
    while (!open.empty()) {
      const StepId next = open.back();
      open.pop_back();
      const auto dependents = wanted_by_.find(next);
      if (dependents == wanted_by_.end()) continue;
      for (const StepId& dependent : dependents->second) {
        if (!visited.insert(dependent).second) continue;
        // A leaving step stands for all behind it: they wait for it in turn.
        if (leaving_.contains(dependent))
          found.push_back(dependent);
        else
          open.push_back(dependent);
      }
    }
    return found;
  }

 private:
  const std::set<StepId>& leaving_;
  std::map<StepId, std::vector<StepId>> wanted_by_;
};

}  // namespace

Result<void> add_removals(Graph& graph, const State& state, const RemovalScope& scope, const RemovalFactory& make) {
  std::set<StepId> leaving;
  for (const auto& [id, record] : state.steps) {
    if (graph.find(id) || record.removal_kind.empty()) continue;
    if (scope.cluster_goes_too && inside_the_cluster(record)) continue;
    leaving.insert(id);
  }
  const Dependents dependents(state, leaving);
  for (const StepId& id : leaving) {
    const StepRecord& record = state.steps.at(id);
    Result<std::unique_ptr<Step>> step = make(record);
    if (!step) return std::move(step).error().while_doing("preparing the removal of " + id.text());
    StepInfo info;
    info.id = id;
    info.machine = MachineName(record.machine);
    info.layer = record.layer == "cloud" ? Layer::cloud : record.layer == "host" ? Layer::host : Layer::cluster;
    // Order without data: what stands on a thing goes before it.
    info.after = dependents.of(id);
    info.leaving = true;
    info.protect = record.protect;
    info.removal = {record.removal_kind, record.removal_data};
    if (info.layer == Layer::cloud) info.lanes = {"cloud"};
    // etcd changes its members one at a time.
    if (record.removal_kind == "node" && state.steps.contains(StepId("host/" + record.machine + "/control-plane")))
      info.lanes = {"control-plane-join"};
    graph.add(std::move(info), std::move(*step));
  }
  return {};
}

std::vector<StepId> forgettable(const Graph& graph, const State& state) {
  std::vector<StepId> found;
  for (const auto& [id, record] : state.steps)
    if (!graph.find(id)) found.push_back(id);
  return found;
}

}  // namespace slipway
