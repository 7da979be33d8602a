#pragma once
// One run as reports tell it: what was planned, what happened when, and what came of it.

#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "graph/graph.h"
#include "graph/plan.h"

namespace slipway {

/// The facts of a run that stand before its first step; runs/ID/run.json. Steps with nothing to do are in it, too.
Value run_header(const Graph& graph, const Plan& plan, const Value& facts);

struct RunStep {
  std::string id, machine, layer, title, action, reason;
  std::string outcome = "unchanged";  ///< unchanged, done, failed, blocked, waiting, running (cut off in the middle).
  std::string text;                   ///< Of a failure or a block: why.
  std::vector<size_t> needs;          ///< Positions in RunRecord::steps.
  std::vector<FieldChange> fields;
  std::optional<int64_t> begun_ms, ended_ms;  ///< Since the run began.
};

struct RunRecord {
  Value facts;              ///< "run", "verb", "cluster", "spec", "version", "kubernetes", "user", "host", "started".
  Value summary;            ///< As Session::run_document; null where the run was cut off.
  Value artifacts;          ///< List of {name, version, sha256, source, size}.
  std::vector<RunStep> steps;
  int64_t length_ms = 0;
  std::vector<size_t> critical_path;  ///< The chain of this run's steps that took longest.
};

/// Out of a run's folder: run.json, events.jsonl (a torn last line is left out), summary.json (may be missing).
/// Errors: not_found, corrupt.
Result<RunRecord> read_run(const std::string& folder);

}  // namespace slipway
