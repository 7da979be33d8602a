#pragma once
// A run as it goes, for the person who watches: one line per finished step, and on a terminal a live tree below.

#include <atomic>
#include <cstdio>
#include <functional>
#include <mutex>
#include <string>

#include "report/live_block.h"
#include "report/live_screen.h"

namespace slipway {

struct RunViewOptions {
  std::FILE* out = stderr;
  /// A terminal whose lines can be redrawn; otherwise plain lines only, with a sign of life every 15 s.
  bool live = false;
  const std::atomic<bool>* stopping = nullptr;  ///< Ctrl-C was pressed: the live view says what happens now.
  /// The terminal as it is now; asked at each draw, so that a resize needs no signal.
  std::function<Terminal()> terminal;
  std::function<Instant()> now = [] { return std::chrono::steady_clock::now(); };
};

/// Threads: on_event by one thread at a time; `tick` by any.
class RunView {
 public:
  RunView(RunProgress progress, RunViewOptions options);
  ~RunView();
  RunView(const RunView&) = delete;
  RunView& operator=(const RunView&) = delete;
  void on_event(const Event& event);
  /// Redraws, or gives a sign of life where nothing was printed for long.
  void tick();

 private:
  /// The finished step's line(s), or "".
  std::string told(const Event& event, const Style& style) const;
  std::string stamp(const Style& style) const;
  void print(const std::string& text);
  void draw(const std::string& above);

  RunProgress progress_;
  RunViewOptions options_;
  LiveBlock block_;
  Instant begun_, last_line_, last_draw_{};
  std::string unprinted_;  ///< Lines that wait for the next frame.
  std::mutex mutex_;
};

}  // namespace slipway
