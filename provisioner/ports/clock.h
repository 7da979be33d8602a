#pragma once
#include <functional>

#include "base/time.h"

namespace slipway {

/// Time as the engine sees it; tests and the simulated provider tick it by hand.
/// Threads: any.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Instant now() const = 0;
  virtual WallTime wall() const = 0;
  /// Returns at `until`, not earlier: what may be cancelled while it waits calls `pause`.
  virtual void sleep_until(Instant until) = 0;
};

/// Sleeps for `span`, or until `cancelled` (may be null) says so, which is asked every 200 ms.
/// False: cancelled.
bool pause(Clock& clock, Milliseconds span, const std::function<bool()>& cancelled);

/// The machine's own clock.
class SystemClock final : public Clock {
 public:
  Instant now() const override;
  WallTime wall() const override;
  void sleep_until(Instant until) override;
};

}  // namespace slipway
