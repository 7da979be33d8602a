#include "ports/clock.h"

#include <thread>

namespace slipway {

Instant SystemClock::now() const { return std::chrono::steady_clock::now(); }
WallTime SystemClock::wall() const { return std::chrono::system_clock::now(); }
void SystemClock::sleep_until(Instant until) { std::this_thread::sleep_until(until); }

}  // namespace slipway
