#include "base/schedule.h"

#include <gtest/gtest.h>

namespace slipway {
namespace {

/// The newest time of `line` not after `now`; "none".
std::string last(const std::string& line, const std::string& now) {
  const Result<Schedule> schedule = Schedule::parse(line);
  EXPECT_TRUE(schedule.ok()) << describe(schedule.error());
  const std::optional<WallTime> found = schedule.ok() ? schedule->last(*parse_time(now)) : std::nullopt;
  return found ? format_time(*found) : "none";
}

TEST(Schedule, FindsTheNewestTimeThatIsNotLater) {
  // A Wednesday.
  const std::string now = "2026-11-25T08:31:10Z";
  EXPECT_EQ(last("0 3 * * *", now), "2026-11-25T03:00:00Z");
  EXPECT_EQ(last("31 8 * * *", now), "2026-11-25T08:31:00Z");
  EXPECT_EQ(last("32 8 * * *", now), "2026-11-24T08:32:00Z");
  EXPECT_EQ(last("30 * * * *", now), "2026-11-25T08:30:00Z");
  EXPECT_EQ(last("*/20 * * * *", now), "2026-11-25T08:20:00Z");
  EXPECT_EQ(last("10-50/20 * * * *", now), "2026-11-25T08:30:00Z");
  EXPECT_EQ(last("5/25 * * * *", now), "2026-11-25T08:30:00Z");
  EXPECT_EQ(last("0 5 * * 0", now), "2026-11-22T05:00:00Z");
  EXPECT_EQ(last("0 5 * * 7", now), "2026-11-22T05:00:00Z");
  EXPECT_EQ(last("0 5 * * mon,TUE", now), "2026-11-24T05:00:00Z");
  EXPECT_EQ(last("0 0 29 feb *", now), "2024-02-29T00:00:00Z");
  EXPECT_EQ(last("@monthly", now), "2026-11-01T00:00:00Z");
  EXPECT_EQ(last("0 0 1 1 *", "2026-01-01T00:00:00Z"), "2026-01-01T00:00:00Z");
}

TEST(Schedule, TwoKindsOfDayMeanEither) {
  EXPECT_EQ(last("0 0 20 * 2", "2026-11-25T08:00:00Z"), "2026-11-24T00:00:00Z");
  EXPECT_EQ(last("0 0 20 * 2", "2026-11-23T08:00:00Z"), "2026-11-20T00:00:00Z");
  // One of them is open: both must hold.
  EXPECT_EQ(last("0 0 */2 * 2", "2026-11-25T08:00:00Z"), "2026-11-17T00:00:00Z");
}

TEST(Schedule, ADayThatNeverComesHasNoTime) { EXPECT_EQ(last("0 0 31 2 *", "2026-11-25T08:00:00Z"), "none"); }

class MalformedSchedule : public ::testing::TestWithParam<const char*> {};
TEST_P(MalformedSchedule, IsRefused) {
  const Result<Schedule> schedule = Schedule::parse(GetParam());
  ASSERT_FALSE(schedule.ok());
  EXPECT_EQ(schedule.error().kind, ErrorKind::bad_input);
}
INSTANTIATE_TEST_SUITE_P(Lines, MalformedSchedule,
                         ::testing::Values("", "0 3 * *", "0 3 * * * *", "60 3 * * *", "0 24 * * *", "0 3 0 * *",
                                           "0 3 * 13 *", "0 3 * * 8", "x 3 * * *", "0 3 * * *,", "*/0 * * * *",
                                           "5-2 * * * *", "1- * * * *", "@often"));

TEST(Time, IsReadAsItIsWritten) {
  EXPECT_EQ(format_time(*parse_time("2026-11-25T08:31:10Z")), "2026-11-25T08:31:10Z");
  EXPECT_FALSE(parse_time(""));
  EXPECT_FALSE(parse_time("2026-11-25 08:31:10"));
  EXPECT_FALSE(parse_time("2026-11-25T08:31:10Z and more"));
}

}  // namespace
}  // namespace slipway
