#pragma once
#include <array>
#include <bitset>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace slipway {

/// A cron line, in UTC: minute, hour, day of the month, month, day of the week; each `*`, numbers, ranges, `/step`,
/// lists, names such as `mon`; or `@hourly`, `@daily`, `@weekly`, `@monthly`, `@yearly`. As in cron, where both kinds
/// of day are given, either will do. A value; any thread.
class Schedule {
 public:
  /// Errors: bad_input, with the field.
  static Result<Schedule> parse(const std::string& line);
  /// The newest of its times that is not after `time`; nothing where none lies within the eight years before.
  std::optional<WallTime> last(WallTime time) const;

 private:
  bool has_day(int year, unsigned month, unsigned day) const;
  std::bitset<60> minutes_;
  std::bitset<24> hours_;
  std::bitset<32> days_;
  std::bitset<13> months_;
  std::bitset<7> weekdays_;
  bool any_day_ = false, any_weekday_ = false;
};

/// What format_time writes, read back; nothing where the text is no such time.
std::optional<WallTime> parse_time(std::string_view text);

}  // namespace slipway
