#include "providers/common/pace.h"

#include <gtest/gtest.h>
#include <queue>

namespace slipway {
namespace {

const Instant begin{};
Instant after(Milliseconds span) { return begin + span; }

TEST(Pace, CallsAreNotHeldBackBeforeOneWasRefused) {
  Pace pace;
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(pace.next(begin).at, begin);
  EXPECT_FALSE(pace.rate(begin));
}

TEST(Pace, AfterARefusalTheyWaitAndLeaveAsFastAsWasTaken) {
  Pace pace;
  const Pace::Turn turn = pace.next(begin);
  for (int i = 1; i <= 20; ++i) pace.taken(after(Milliseconds(100 * i)));
  pace.refused(turn, after(Seconds(2)), 3);
  EXPECT_NEAR(*pace.rate(after(Seconds(2))), 20 / 1.9, 0.01);
  EXPECT_EQ(pace.next(after(Seconds(2))).at, after(Seconds(5)));
  const Instant second = pace.next(after(Seconds(2))).at;
  EXPECT_NEAR(std::chrono::duration<double>(second - after(Seconds(5))).count(), 1.9 / 20, 0.001);
}

TEST(Pace, RefusalsOfCallsThatLeftBeforeSayNothingNew) {
  Pace pace;
  const Pace::Turn first = pace.next(begin), second = pace.next(begin);
  for (int i = 0; i < 50; ++i) pace.taken(after(Milliseconds(20 * i)));
  pace.refused(first, after(Seconds(1)), 1);
  const double rate = *pace.rate(after(Seconds(1)));
  pace.refused(second, after(Seconds(4)), 1);
  EXPECT_EQ(*pace.rate(after(Seconds(4))), rate);
  EXPECT_EQ(pace.next(after(Seconds(4))).at, after(Seconds(5)));
}

TEST(Pace, GrowsAgainWhileNothingIsRefused) {
  Pace pace;
  pace.refused(pace.next(begin), begin, {});
  const double rate = *pace.rate(begin);
  EXPECT_EQ(*pace.rate(after(Seconds(10))), rate);
  EXPECT_GT(*pace.rate(after(Seconds(80))), 1.9 * rate);
}

TEST(Pace, ACallWithoutATurnBeforeItsDeadlineIsNotMade) {
  Pace pace;
  pace.refused(pace.next(std::chrono::steady_clock::now()), std::chrono::steady_clock::now(), 3600);
  bool called = false;
  const Result<int> answer = paced(pace, Deadline::in(Seconds(10)), [&]() -> Result<int> {
    called = true;
    return 1;
  });
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().kind, ErrorKind::throttled);
  EXPECT_FALSE(called);
}

TEST(Pace, ARefusedCallIsMadeAgain) {
  Pace pace;
  int calls = 0;
  const Result<int> answer = paced(pace, Deadline::in(Seconds(10)), [&]() -> Result<int> {
    if (++calls > 1) return calls;
    Error slower = fail(ErrorKind::throttled, "slower");
    slower.retry_after_seconds = 0;
    return slower;
  });
  ASSERT_TRUE(answer.ok()) << describe(answer.error());
  EXPECT_EQ(*answer, 2);
}

/// An API that takes `rate` calls a second, as many at once after a rest, and sixty callers who have always one more.
struct Api {
  double rate;
  Milliseconds latency;

  struct Counts {
    int taken = 0, refused = 0;
  };
  Counts serve(Pace& pace, Seconds span) const {
    struct Call {
      Instant at;
      Pace::Turn turn;
      bool left = false;  ///< It arrives at `at`; else its turn comes then.
      bool operator>(const Call& other) const { return at > other.at; }
    };
    std::priority_queue<Call, std::vector<Call>, std::greater<>> coming;
    const auto wait = [&](Instant now) {
      const Pace::Turn turn = pace.next(now);
      coming.push({turn.at, turn});
    };
    for (int caller = 0; caller < 60; ++caller) wait(begin);
    Counts counts;
    double room = rate;
    Instant filled = begin;
    while (coming.top().at < after(span)) {
      const Call call = coming.top();
      coming.pop();
      if (!call.left) {
        if (pace.stands(call.turn))
          coming.push({call.at + latency, call.turn, true});
        else
          wait(call.at);
        continue;
      }
      room = std::min(rate, room + rate * std::chrono::duration<double>(call.at - filled).count());
      filled = call.at;
      if (room >= 1) {
        room -= 1;
        ++counts.taken;
        pace.taken(call.at);
      } else {
        ++counts.refused;
        pace.refused(call.turn, call.at, 1);
      }
      wait(call.at);
    }
    return counts;
  }
};

class PaceAgainst : public ::testing::TestWithParam<double> {};

TEST_P(PaceAgainst, AnApiWithALimitUsesItAndIsHardlyEverRefused) {
  Pace pace;
  const Api api{.rate = GetParam(), .latency = Milliseconds(50)};
  const Api::Counts counts = api.serve(pace, Seconds(120));
  EXPECT_GT(counts.taken, 0.9 * 120 * api.rate);
  EXPECT_LT(counts.refused, 60 + 0.05 * counts.taken);
}

INSTANTIATE_TEST_SUITE_P(Rates, PaceAgainst, ::testing::Values(2.0, 20.0, 200.0),
                         [](const auto& info) { return "Of" + std::to_string(static_cast<int>(info.param)); });

}  // namespace
}  // namespace slipway
