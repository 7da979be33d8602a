#include "base/schedule.h"

#include <algorithm>
#include <charconv>
#include <ctime>
#include <map>

#include "base/text.h"

namespace slipway {
namespace {

namespace chrono = std::chrono;

struct Field {
  const char* name;
  int first, last;
  std::vector<std::string> names;  ///< From `first` on.
};

const std::array<Field, 5> fields = {
    Field{"minute", 0, 59, {}}, Field{"hour", 0, 23, {}}, Field{"day of the month", 1, 31, {}},
    Field{"month", 1, 12, {"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}},
    Field{"day of the week", 0, 7, {"sun", "mon", "tue", "wed", "thu", "fri", "sat"}}};

std::optional<int> number(std::string_view text, const Field& field) {
  std::string word(text);
  std::transform(word.begin(), word.end(), word.begin(), [](unsigned char c) { return std::tolower(c); });
  for (size_t i = 0; i < field.names.size(); ++i)
    if (word == field.names[i]) return field.first + static_cast<int>(i);
  int value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc() || end != text.data() + text.size() || value < field.first || value > field.last)
    return std::nullopt;
  return value;
}

/// One element of a list: "*", "5", "1-5", "*/15", "10-50/20". False where it is none.
bool mark(std::string_view element, const Field& field, std::bitset<60>& marked) {
  int step = 1;
  bool stepped = false;
  if (const size_t slash = element.find('/'); slash != std::string_view::npos) {
    const std::string_view text = element.substr(slash + 1);
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), step);
    if (problem != std::errc() || end != text.data() + text.size() || step < 1) return false;
    element = element.substr(0, slash);
    stepped = true;
  }
  std::optional<int> from = field.first, to = field.last;
  if (element != "*") {
    const size_t dash = element.find('-');
    from = number(element.substr(0, dash), field);
    if (dash != std::string_view::npos)
      to = number(element.substr(dash + 1), field);
    else if (!stepped)
      to = from;
  }
  if (!from || !to || *from > *to) return false;
  for (int value = *from; value <= *to; value += step) marked.set(static_cast<size_t>(value));
  return true;
}

const std::map<std::string, std::string> short_names = {
    {"@hourly", "0 * * * *"},  {"@daily", "0 0 * * *"},  {"@midnight", "0 0 * * *"}, {"@weekly", "0 0 * * 0"},
    {"@monthly", "0 0 1 * *"}, {"@yearly", "0 0 1 1 *"}, {"@annually", "0 0 1 1 *"}};

template <size_t Size>
std::bitset<Size> narrowed(const std::bitset<60>& marked) {
  std::bitset<Size> out;
  for (size_t i = 0; i < std::min<size_t>(Size, 60); ++i) out[i] = marked[i];
  return out;
}

}  // namespace

Result<Schedule> Schedule::parse(const std::string& line) {
  const auto short_name = short_names.find(line);
  std::vector<std::string> words;
  for (const std::string& word : split(short_name == short_names.end() ? line : short_name->second, ' '))
    if (!word.empty()) words.push_back(word);
  if (words.size() != fields.size())
    return fail(ErrorKind::bad_input, "not a schedule",
                {.found = line, .expected = "five fields, as \"0 3 * * *\": minute hour day month weekday"});
  std::array<std::bitset<60>, 5> marked;
  for (size_t i = 0; i < fields.size(); ++i)
    for (const std::string& element : split(words[i], ','))
      if (!mark(element, fields[i], marked[i]))
        return fail(ErrorKind::bad_input, "not a schedule",
                    {.found = "'" + words[i] + "' as " + fields[i].name + " in '" + line + "'",
                     .expected = "numbers from " + std::to_string(fields[i].first) + " to " +
                                 std::to_string(fields[i].last) + ", *, ranges, lists, /step"});
  Schedule schedule;
  schedule.minutes_ = marked[0];
  schedule.hours_ = narrowed<24>(marked[1]);
  schedule.days_ = narrowed<32>(marked[2]);
  schedule.months_ = narrowed<13>(marked[3]);
  schedule.weekdays_ = narrowed<7>(marked[4]);
  if (marked[4][7]) schedule.weekdays_.set(0);  // Seven is Sunday, too.
  schedule.any_day_ = words[2].starts_with('*');
  schedule.any_weekday_ = words[4].starts_with('*');
  return schedule;
}

std::optional<WallTime> parse_time(std::string_view text) {
  std::tm parts{};
  const std::string whole(text);
  const char* end = strptime(whole.c_str(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  if (whole.empty() || end == nullptr || *end != '\0') return std::nullopt;
  return std::chrono::system_clock::from_time_t(timegm(&parts));
}

bool Schedule::has_day(int year, unsigned month, unsigned day) const {
  if (!months_[month]) return false;
  const chrono::weekday weekday{chrono::sys_days{chrono::year{year} / chrono::month{month} / chrono::day{day}}};
  const bool by_day = days_[day], by_weekday = weekdays_[weekday.c_encoding()];
  return any_day_ || any_weekday_ ? by_day && by_weekday : by_day || by_weekday;
}

std::optional<WallTime> Schedule::last(WallTime time) const {
  const auto minute = chrono::floor<chrono::minutes>(time);
  chrono::sys_days day = chrono::floor<chrono::days>(minute);
  int latest = static_cast<int>((minute - day).count());
  for (int looked = 0; looked < 8 * 366; ++looked, day -= chrono::days{1}, latest = 24 * 60 - 1) {
    const chrono::year_month_day date{day};
    if (!has_day(static_cast<int>(date.year()), static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day())))
      continue;
    for (int at = latest; at >= 0; --at)
      if (hours_[static_cast<size_t>(at / 60)] && minutes_[static_cast<size_t>(at % 60)])
        return day + chrono::minutes{at};
  }
  return std::nullopt;
}

}  // namespace slipway
