#include "providers/common/pace.h"

#include <algorithm>
#include <cmath>

namespace slipway {
namespace {

using DoubleSeconds = std::chrono::duration<double>;

/// What the rate is measured over.
constexpr Seconds window{10};
/// So long after a refusal the rate stays; then it grows by a hundredth each second.
constexpr double steady_seconds = 10, growth = 1.01;
constexpr double slowest = 0.2;
/// Where the API does not say how long.
constexpr Milliseconds usual_pause{500};

}  // namespace

double Pace::rate_at(Instant now) const {
  const double quiet = DoubleSeconds(now - slowed_).count() - steady_seconds;
  return quiet > 0 ? rate_ * std::pow(growth, std::min(quiet, 600.0)) : rate_;
}

std::optional<double> Pace::rate(Instant now) const {
  const std::lock_guard lock(mutex_);
  return rate_ > 0 ? std::optional(rate_at(now)) : std::nullopt;
}

Pace::Turn Pace::next(Instant now) {
  const std::lock_guard lock(mutex_);
  if (rate_ == 0) return {now, round_};
  const Instant at = std::max(now, next_);
  next_ = at + std::chrono::duration_cast<Instant::duration>(DoubleSeconds(1 / rate_at(at)));
  return {at, round_};
}

bool Pace::stands(const Turn& turn) const {
  const std::lock_guard lock(mutex_);
  return turn.round == round_;
}

void Pace::taken(Instant now) {
  const std::lock_guard lock(mutex_);
  taken_.push_back(now);
  while (taken_.front() < now - window) taken_.pop_front();
}

void Pace::refused(const Turn& turn, Instant now, std::optional<int> retry_after_seconds) {
  const std::lock_guard lock(mutex_);
  const Instant pause_ends =
      now + (retry_after_seconds ? Milliseconds(Seconds(std::max(0, *retry_after_seconds))) : usual_pause);
  if (turn.round == round_) {
    ++round_;
    while (!taken_.empty() && taken_.front() < now - window) taken_.pop_front();
    // At least a second, so that two calls in a burst do not count as a hundred a second.
    const double span = taken_.empty() ? 1 : std::max(1.0, DoubleSeconds(now - taken_.front()).count());
    rate_ = std::max(slowest, static_cast<double>(taken_.size()) / span);
    slowed_ = now;
    next_ = pause_ends;
  }
  next_ = std::max(next_, pause_ends);
}

}  // namespace slipway
