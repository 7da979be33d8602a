#pragma once
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>

#include "ports/hosts.h"

namespace slipway::ssh {

/// What the loop's thread has to tell a thread that waits for a result: lines and progress first, the result last. So
/// a slow callback of the waiting thread holds up nobody else.
class Mailbox {
 public:
  void line(std::string_view text);
  void progress(uint64_t sent, uint64_t total);
  void result(Result<ScriptOutcome> result);

  /// Calls the callbacks as their news come in; returns with the result.
  Result<ScriptOutcome> wait(const std::function<void(std::string_view)>& on_line,
                             const std::function<void(uint64_t, uint64_t)>& on_progress);

 private:
  struct Progress {
    uint64_t sent;
    uint64_t total;
  };
  std::mutex mutex_;
  std::condition_variable news_;
  std::deque<std::string> lines_;
  std::optional<Progress> progress_;  ///< Only the newest counts.
  std::optional<Result<ScriptOutcome>> result_;
};

}  // namespace slipway::ssh
