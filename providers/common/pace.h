#pragma once
// How fast an API lets itself be called, learnt from its refusals.

#include <deque>
#include <mutex>
#include <optional>
#include <thread>

#include "base/result.h"
#include "base/time.h"

namespace slipway {

/// Calls leave at once until one is refused as too fast ("throttled"). From then on they leave at the rate at which the
/// API had taken them so far, after the pause that it asked for; and slowly faster again while none is refused. A
/// hundred callers who each wait and try again for themselves would spend their calls on being refused.
///
/// Pure: time is handed in, and who has to wait does so outside (see `paced`). Threads: any.
class Pace {
 public:
  struct Turn {
    Instant at{};        ///< When the call may leave.
    uint64_t round = 0;  ///< How often calls had been slowed down by then.
  };
  /// The next free turn, which is taken with this.
  Turn next(Instant now);
  /// False where calls were slowed down since: then the call needs another turn, if it has not left yet.
  bool stands(const Turn& turn) const;
  void taken(Instant now);
  /// Calls that left before the last slowing down say nothing new.
  void refused(const Turn& turn, Instant now, std::optional<int> retry_after_seconds);
  /// Calls a second; nothing while no call was refused yet.
  std::optional<double> rate(Instant now) const;

 private:
  double rate_at(Instant now) const;

  mutable std::mutex mutex_;
  std::deque<Instant> taken_;  ///< Of the last seconds.
  uint64_t round_ = 0;         ///< How often it was slowed down.
  double rate_ = 0;            ///< As it was set at `slowed_`; 0: no limit is known.
  Instant slowed_{}, next_{};
};

/// Makes the call in its turn, and again in a later one while it is refused as too fast and the deadline leaves room.
template <class Call>
auto paced(Pace& pace, Deadline deadline, const Call& call) -> decltype(call()) {
  while (true) {
    const Pace::Turn turn = pace.next(std::chrono::steady_clock::now());
    if (turn.at >= deadline.at) {
      Error error = fail(ErrorKind::throttled, "no turn for the call before its deadline",
                         {.found = "the API takes no more than it has taken so far"});
      return error;
    }
    std::this_thread::sleep_until(turn.at);
    if (!pace.stands(turn)) continue;
    auto answer = call();
    if (answer.ok() || answer.error().kind != ErrorKind::throttled) {
      pace.taken(std::chrono::steady_clock::now());
      return answer;
    }
    pace.refused(turn, std::chrono::steady_clock::now(), answer.error().retry_after_seconds);
    if (deadline.passed()) return answer;
  }
}

}  // namespace slipway
