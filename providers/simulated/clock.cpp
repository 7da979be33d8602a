#include "providers/simulated/clock.h"

namespace slipway::simulated {
namespace {

/// Where virtual time begins on the wall: 2026-01-01T00:00:00Z; and on the steady clock.
constexpr std::chrono::seconds wall_begin{1767225600};
constexpr std::chrono::hours steady_begin{1};
/// How long nothing must stir, in real time, before the clock jumps; and how long that is waited for at most.
constexpr std::chrono::microseconds quiet{300};
constexpr int looks_at_most = 100;

}  // namespace

Instant VirtualClock::now() const {
  return Instant(std::chrono::duration_cast<Instant::duration>(steady_begin + std::chrono::nanoseconds(elapsed())));
}

WallTime VirtualClock::wall() const {
  return WallTime(std::chrono::duration_cast<WallTime::duration>(
      wall_begin + std::chrono::nanoseconds(elapsed() + wall_shift_.load())));
}

void VirtualClock::jump(int64_t nanoseconds) {
  int64_t before = elapsed_.load();
  while (before < nanoseconds && !elapsed_.compare_exchange_weak(before, nanoseconds)) {
  }
}

void VirtualClock::sleep_until(Instant until) {
  const int64_t wanted =
      std::chrono::duration_cast<std::chrono::nanoseconds>(until.time_since_epoch() - steady_begin).count();
  std::unique_lock lock(mutex_);
  const auto place = sleepers_.insert(wanted);
  int looks = 0;
  for (uint64_t seen = stirred_.load(); elapsed() < wanted; ++looks) {
    jumped_.wait_for(lock, quiet);
    const uint64_t now = stirred_.load();
    // The earliest sleeper alone moves the clock.
    if (*sleepers_.begin() == wanted && (now == seen || looks >= looks_at_most)) jump(wanted);
    seen = now;
  }
  sleepers_.erase(place);
  stir();
  lock.unlock();
  jumped_.notify_all();
}

}  // namespace slipway::simulated
