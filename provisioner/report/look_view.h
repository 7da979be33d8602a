#pragma once
// The look at the world before a plan, for the person who watches. A quick one shows nothing at all.

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "report/live_screen.h"
#include "report/run_view.h"

namespace slipway {

/// What has been looked at, and what it waits for. On a terminal some lines that go when it ends; elsewhere a line
/// every 15 s. Threads: on_event by one thread at a time; `tick` by any.
class LookView {
 public:
  /// `title`: "demo".
  LookView(std::string title, RunViewOptions options);
  ~LookView();
  LookView(const LookView&) = delete;
  LookView& operator=(const LookView&) = delete;
  void on_event(const Event& event);
  /// Redraws, or gives a sign of life where nothing was printed for long.
  void tick();

 private:
  struct Looking {
    MachineName machine;
    Instant since{};
  };
  /// Those that take longest, at most `most`.
  std::vector<std::pair<StepId, Looking>> slowest(size_t most) const;
  std::string counts() const;
  std::vector<std::string> frame(const Terminal& terminal) const;

  std::string title_;
  RunViewOptions options_;
  LiveBlock block_;
  Instant begun_, last_line_;
  size_t all_ = 0, done_ = 0;
  std::string waits_;  ///< What it waits for before it looks at anything.
  std::map<StepId, Looking> under_way_;
  std::mutex mutex_;
};

}  // namespace slipway
