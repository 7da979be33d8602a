#pragma once
#include <functional>
#include <string>

#include "base/ids.h"
#include "base/json.h"
#include "base/time.h"

namespace slipway {

/// One thing that happened in a run. The engine emits this one type; report/ renders it.
/// Types: run-started, run-done, observe-started, observe-done, observe-failed, step-observing, step-observed,
/// step-started, step-progress, step-done, step-failed, step-blocked, step-skipped, step-waiting, drift, log.
struct Event {
  WallTime time{};
  RunId run{};
  uint64_t sequence = 0;
  std::string type;
  StepId step{};
  MachineName machine{};
  std::string lane{};
  std::string action{};
  std::string kind{};  ///< The error kind of a failure.
  int64_t milliseconds = 0;
  std::string text{};  ///< For people; redacted.
  Value data{};        ///< Counts and details by type.
};

/// One JSON object as `--events` writes it, a line each.
Value to_json(const Event& event);

/// Where events go. Threads: called by one thread at a time.
using EventSink = std::function<void(const Event&)>;

}  // namespace slipway
