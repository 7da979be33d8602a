#include "base/quantity.h"

#include <cctype>
#include <charconv>

namespace slipway {
namespace {

constexpr __int128 limit = static_cast<__int128>(1) << 120;

bool multiply(__int128& value, __int128 factor) {
  if (value > limit / factor || value < -(limit / factor)) return false;
  value *= factor;
  return true;
}

/// Times 10^power; what falls below 1e-9 is no quantity that we can compare.
bool shift(__int128& value, int power) {
  for (; power > 0; --power)
    if (!multiply(value, 10)) return false;
  for (; power < 0; ++power) {
    if (value % 10 != 0) return false;
    value /= 10;
  }
  return true;
}

}  // namespace

std::optional<__int128> parse_quantity(std::string_view text) {
  bool negative = false;
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    negative = text[0] == '-';
    text.remove_prefix(1);
  }
  __int128 value = 0;
  int decimals = 0, digits = 0;
  bool after_point = false;
  size_t i = 0;
  for (; i < text.size(); ++i) {
    if (text[i] == '.' && !after_point) {
      after_point = true;
    } else if (std::isdigit(static_cast<unsigned char>(text[i]))) {
      if (!multiply(value, 10)) return std::nullopt;
      value += text[i] - '0';
      decimals += after_point;
      ++digits;
    } else {
      break;
    }
  }
  if (digits == 0) return std::nullopt;
  const std::string_view suffix = text.substr(i);
  int power = 9 - decimals;
  if (suffix.size() == 2 && suffix[1] == 'i') {
    const size_t step = std::string_view("KMGTPE").find(suffix[0]);
    if (step == std::string_view::npos) return std::nullopt;
    for (size_t n = 0; n <= step; ++n)
      if (!multiply(value, 1024)) return std::nullopt;
  } else if (suffix.size() == 1) {
    constexpr std::string_view units = "numkMGTPE";
    constexpr int powers[] = {-9, -6, -3, 3, 6, 9, 12, 15, 18};
    const size_t unit = units.find(suffix[0]);
    if (unit == std::string_view::npos) return std::nullopt;
    power += powers[unit];
  } else if (!suffix.empty()) {
    if (suffix[0] != 'e' && suffix[0] != 'E') return std::nullopt;
    std::string_view exponent = suffix.substr(1);
    if (exponent.starts_with('+')) exponent.remove_prefix(1);
    int number = 0;
    const auto [end, failed] = std::from_chars(exponent.data(), exponent.data() + exponent.size(), number);
    if (failed != std::errc() || end != exponent.data() + exponent.size() || number > 40 || number < -40)
      return std::nullopt;
    power += number;
  }
  if (!shift(value, power)) return std::nullopt;
  return negative ? -value : value;
}

}  // namespace slipway
