#pragma once
#include <chrono>
#include <string>

namespace slipway {

using Milliseconds = std::chrono::milliseconds;
using Seconds = std::chrono::seconds;
/// Monotonic instant: for deadlines and durations.
using Instant = std::chrono::steady_clock::time_point;
/// Wall-clock instant: for records that people read.
using WallTime = std::chrono::system_clock::time_point;

/// The instant after which a call must have answered.
struct Deadline {
  Instant at;
  static Deadline in(Milliseconds span) { return {std::chrono::steady_clock::now() + span}; }
  bool passed() const { return std::chrono::steady_clock::now() >= at; }
  /// Never negative.
  Milliseconds left() const {
    const auto span = std::chrono::duration_cast<Milliseconds>(at - std::chrono::steady_clock::now());
    return span.count() > 0 ? span : Milliseconds(0);
  }
};

/// "2026-11-21T09:30:00Z"
std::string format_time(WallTime time);

}  // namespace slipway
