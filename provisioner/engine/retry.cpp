#include "engine/retry.h"

#include <algorithm>
#include <random>

namespace slipway {

Milliseconds pause_before(int attempt, const Error& error, const RetryRules& rules) {
  if (error.retry_after_seconds) return Seconds(*error.retry_after_seconds);
  Milliseconds pause = rules.first_pause;
  for (int i = 1; i < attempt && pause < rules.longest_pause; ++i) pause *= 2;
  pause = std::min(pause, rules.longest_pause);
  thread_local std::mt19937 generator{std::random_device{}()};
  return pause + Milliseconds(std::uniform_int_distribution<int64_t>(0, pause.count() / 4)(generator));
}

}  // namespace slipway
