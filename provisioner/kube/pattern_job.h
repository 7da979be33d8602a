#pragma once
// A job made from a CronJob's template, now: what `kubectl create job --from=cronjob/NAME` does, waited for.

#include <functional>
#include <map>
#include <string>

#include "ports/clock.h"
#include "ports/cluster.h"

namespace slipway {

struct PatternJob {
  ObjectKey pattern;                                 ///< The CronJob; suspended or not.
  std::string name;                                  ///< Of the job; unique.
  std::map<std::string, std::string> environment{};  ///< Set in every container, over the template's.
  Instant until{};                                   ///< On `clock`.
  std::function<bool()> cancelled{};
};

struct JobOutcome {
  bool succeeded = false;
  std::string log;  ///< Of its newest pod; its end where it is very long.
};

/// Makes the job, waits for its end, reads its log and removes it, also where it failed or waiting was given up.
/// Errors: not_found (no such pattern), timeout (what its pod waits for), cancelled, and the ports'. A job that ran and
/// failed is an outcome.
Result<JobOutcome> run_pattern_job(ClusterReader& reader, ClusterWriter& writer, Clock& clock, const PatternJob& job);

}  // namespace slipway
