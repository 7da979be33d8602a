#pragma once
// Time that moves when everybody waits.

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <set>

#include "base/time.h"
#include "ports/clock.h"

namespace slipway::simulated {

/// Sleeping costs no time: once nothing has stirred for a moment, the clock jumps to the earliest instant that somebody
/// waits for. Deadlines are real: a call that lets one pass sleeps for what is left of it. Whoever works without
/// sleeping keeps it still, so that no deadline passes while another thread computes. Threads: any.
class VirtualClock final : public Clock {
 public:
  /// `nanoseconds`: how far the world's time has come.
  explicit VirtualClock(int64_t nanoseconds = 0) : elapsed_(nanoseconds) {}

  Instant now() const override;
  WallTime wall() const override;
  void sleep_until(Instant until) override;
  void sleep_for(Milliseconds span) { sleep_until(now() + span); }

  /// Says that somebody is at work: the clock waits a little longer.
  void stir() { stirred_.fetch_add(1, std::memory_order_relaxed); }
  int64_t elapsed() const { return elapsed_.load(std::memory_order_acquire); }
  /// Moves the wall clock alone, as a wrongly set one is moved.
  void shift_wall(Seconds span) { wall_shift_ += std::chrono::nanoseconds(span).count(); }

 private:
  void jump(int64_t nanoseconds);

  std::atomic<int64_t> elapsed_;
  std::atomic<int64_t> wall_shift_{0};
  std::atomic<uint64_t> stirred_{0};
  std::mutex mutex_;
  std::condition_variable jumped_;
  std::multiset<int64_t> sleepers_;
};

}  // namespace slipway::simulated
