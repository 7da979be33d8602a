#pragma once
#include "base/time.h"

namespace slipway {

/// Time as the engine sees it; tests and the simulated provider tick it by hand.
/// Threads: any.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Instant now() const = 0;
  virtual WallTime wall() const = 0;
  /// Returns at `until`, or earlier when the run is cancelled.
  virtual void sleep_until(Instant until) = 0;
};

/// The machine's own clock.
class SystemClock final : public Clock {
 public:
  Instant now() const override;
  WallTime wall() const override;
  void sleep_until(Instant until) override;
};

}  // namespace slipway
