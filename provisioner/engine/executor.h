#pragma once
// Carries out a plan: starts each step the moment its inputs are there and its lanes have room, records every intent
// and every result, and never does more than the plan permits.

#include <atomic>
#include <functional>
#include <map>
#include <string>

#include "engine/planner.h"
#include "graph/event.h"
#include "graph/graph.h"
#include "graph/plan.h"
#include "state/store.h"

namespace slipway {

struct RunOptions {
  bool approve = false;            ///< Permits replace and delete.
  bool approve_data_loss = false;  ///< Permits making again, empty, what carried data. No saved plan implies it.
  const Plan* ceiling = nullptr;   ///< A saved, approved plan; null: `plan` itself is the ceiling.
  size_t parallelism = usual_parallelism;
  std::function<size_t(const std::string& lane)> lane_room;  ///< Null: 1 everywhere.
  const std::atomic<bool>* cancelled = nullptr;
  /// Opens the log of one step; what it returns is called with each line. May be null.
  std::function<std::function<void(std::string_view)>(const StepId&)> step_log;
};

struct StepFailure {
  StepId step;
  Error error;
};

struct RunSummary {
  size_t applied = 0;
  size_t failed = 0;
  size_t blocked = 0;  ///< Not tried, because something they need failed or waits.
  size_t waiting_approval = 0;
  bool cancelled = false;
  double seconds = 0;
  double critical_path_seconds = 0;  ///< The longest chain of this run's own steps.
  std::vector<StepFailure> failures;
  std::vector<StepId> beyond_scope;   ///< The run's scope leaves them out, though steps within it wait for them.
  std::vector<StepId> waiting;        ///< The steps that wait for approval.
  std::vector<StepFailure> refusals;  ///< Of those the ones that wait for more than --approve: what was on them.
  /// 0; 1 (or the first failure's code; or what was wanted waits for what is beyond the scope); 4; 130.
  int exit_code() const;
};

/// REQUIRES: `plan` was made from `graph` in this process. The store records as the run goes; its errors end the run,
/// since what cannot be recorded must not be done.
RunSummary execute(const Graph& graph, const Plan& plan, Reader& reader, Writer& writer, StateStore& store,
                   const RunOptions& options, const EventSink& events);

}  // namespace slipway
