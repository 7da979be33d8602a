#pragma once
#include <functional>

#include "base/result.h"
#include "base/time.h"
#include "ports/clock.h"

namespace slipway {

struct RetryRules {
  Milliseconds first_pause{500};  ///< Doubles each time, with up to a quarter of jitter.
  Milliseconds longest_pause{15000};
  Instant until{};  ///< No try starts after this.
  int tries = 0;    ///< No more tries than this; 0: as many as fit.
  std::function<bool()> cancelled{};
  std::function<void(const Error& error, Milliseconds pause)> on_retry{};
};

/// How long to pause before try number `attempt` (from 1); the other side's Retry-After rules where it named one.
Milliseconds pause_before(int attempt, const Error& error, const RetryRules& rules);

/// Calls until success, an error that `retryable` refuses, cancellation (which cuts a pause short), or the end of the
/// time given. Reads may always be retried; a create only where the callee looks first for what the last try left
/// (every Step does).
template <class T>
Result<T> with_retries(Clock& clock, const RetryRules& rules, const std::function<Result<T>()>& call) {
  for (int attempt = 1;; ++attempt) {
    Result<T> result = call();
    if (result.ok() || !retryable(result.error().kind)) return result;
    if (attempt == rules.tries) return result;
    const Milliseconds span = pause_before(attempt, result.error(), rules);
    if (clock.now() + span >= rules.until || (rules.cancelled && rules.cancelled())) return result;
    if (rules.on_retry) rules.on_retry(result.error(), span);
    if (!pause(clock, span, rules.cancelled)) return result;
  }
}

}  // namespace slipway
