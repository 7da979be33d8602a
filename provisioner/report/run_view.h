#pragma once
// A run as it goes, for the person who watches: one line per finished step, and on a terminal one live line below.

#include <cstdio>
#include <map>
#include <mutex>
#include <string>

#include "graph/event.h"
#include "report/style.h"

namespace slipway {

/// Threads: on_event by one thread at a time; `tick` by any.
class RunView {
 public:
  /// `live`: rewrite a status line in place (a terminal); otherwise plain lines only, with a sign of life every 15 s.
  RunView(std::FILE* out, Style style, bool live, size_t steps_to_do);
  ~RunView();
  RunView(const RunView&) = delete;
  RunView& operator=(const RunView&) = delete;
  void on_event(const Event& event);
  /// Redraws the live line, or gives a sign of life where nothing was printed for long.
  void tick();

 private:
  struct Running {
    Instant since;
    std::string text;
  };
  void print_line(const std::string& line);
  void clear_live_line();
  void draw_live_line();
  std::string stamp() const;

  std::FILE* out_;
  Style style_;
  bool live_;
  size_t to_do_;
  size_t done_ = 0;
  bool live_drawn_ = false;
  Instant begun_, last_line_;
  std::map<StepId, Running> running_;
  std::mutex mutex_;
};

}  // namespace slipway
