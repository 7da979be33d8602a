#pragma once
#include <string>
#include <vector>

#include "report/run_progress.h"
#include "report/style.h"

namespace slipway {

/// "12 s", "3 min 5 s", "1 h 2 min": a frame that shows it changes once a second and not at every draw.
std::string whole_seconds(Milliseconds span);

/// What a frame of the live view depends on beside the progress.
struct Frame {
  Instant begun, now;
  Style style;
  int height = 24;        ///< Rows of the terminal; a frame takes at most half of them.
  bool stopping = false;  ///< Ctrl-C was pressed.
};

/// The frame's lines, top to bottom; none is wider than style.width - 1. A tree: each layer with its count, below it
/// what runs now, by machine, with its time and the last line that it said. Pure.
std::vector<std::string> live_screen(const RunProgress& progress, const Frame& frame);

}  // namespace slipway
