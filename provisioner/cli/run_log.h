#pragma once
// The folder of one run: runs/ID/ with events.jsonl, summary.json and one log per step. spdlog writes here and nowhere
// else.

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/result.h"
#include "graph/event.h"

namespace slipway {

/// Threads: any.
class RunLog {
 public:
  /// Makes runs/ID below the state folder, 0700, and keeps the newest twenty runs. `extra_events`: a second file for
  /// the events, or empty. Errors: unavailable, quota.
  static Result<std::unique_ptr<RunLog>> open(const std::string& state_directory, const std::string& verb,
                                              const std::string& extra_events);
  ~RunLog();
  const RunId& id() const;
  const std::string& directory() const;
  /// What stands before the first step: report/run_record.h, run_header.
  void write_header(const Value& header);
  void write(const Event& event);
  void write_summary(const Value& summary);
  /// The log of one step, made when its first line comes.
  std::function<void(std::string_view)> step_log(const StepId& step);

 private:
  struct Files;
  explicit RunLog(std::unique_ptr<Files> files);
  std::unique_ptr<Files> files_;
};

}  // namespace slipway
