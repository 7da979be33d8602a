#include "ports/clock.h"

#include <algorithm>
#include <thread>

namespace slipway {

Instant SystemClock::now() const { return std::chrono::steady_clock::now(); }
WallTime SystemClock::wall() const { return std::chrono::system_clock::now(); }
void SystemClock::sleep_until(Instant until) { std::this_thread::sleep_until(until); }

bool pause(Clock& clock, Milliseconds span, const std::function<bool()>& cancelled) {
  constexpr Milliseconds slice{200};
  const Instant until = clock.now() + span;
  for (Instant now = clock.now(); now < until; now = clock.now()) {
    if (cancelled && cancelled()) return false;
    clock.sleep_until(std::min(until, now + slice));
  }
  return !(cancelled && cancelled());
}

}  // namespace slipway
