#include "spec/quantity.h"

#include <array>
#include <limits>

namespace slipway {
namespace {

struct Unit {
  std::string_view name;
  uint64_t bytes;
};

// Larger units first: bytes_text takes the first that divides evenly.
constexpr std::array<Unit, 13> units{{
    {"TiB", uint64_t{1} << 40},
    {"GiB", uint64_t{1} << 30},
    {"MiB", uint64_t{1} << 20},
    {"TB", 1'000'000'000'000},
    {"GB", 1'000'000'000},
    {"MB", 1'000'000},
    {"KiB", uint64_t{1} << 10},
    {"KB", 1'000},
    {"B", 1},
    {"Ti", uint64_t{1} << 40},
    {"Gi", uint64_t{1} << 30},
    {"Mi", uint64_t{1} << 20},
    {"Ki", uint64_t{1} << 10},
}};

Error not_a_quantity(std::string_view text, std::string advice) {
  return fail(ErrorKind::bad_input, "not a size",
              {.found = std::string(text),
               .expected = "a size with its unit, such as 2GiB, 500MiB, 2Gi or 20GB",
               .advice = std::move(advice)});
}

std::string advice_for(std::string_view number, std::string_view unit) {
  if (number.empty()) return {};
  const std::string amount(number);
  if (unit.empty()) return "add the unit: " + amount + "GiB or " + amount + "MiB";
  for (const std::string_view letter : {"K", "M", "G", "T"})
    if (unit.size() == 1 && (unit[0] == letter[0] || unit[0] == letter[0] + ('a' - 'A')))
      return "write " + amount + std::string(letter) + "iB (1024) or " + amount + std::string(letter) + "B (1000)";
  return {};
}

}  // namespace

Result<uint64_t> parse_bytes(std::string_view text) {
  size_t end = 0;
  while (end < text.size() && ((text[end] >= '0' && text[end] <= '9') || text[end] == '.')) ++end;
  const std::string_view number = text.substr(0, end);
  const std::string_view unit = text.substr(end);
  const size_t dot = number.find('.');
  const std::string_view whole = number.substr(0, dot);
  const std::string_view fraction = dot == std::string_view::npos ? std::string_view() : number.substr(dot + 1);
  const Unit* chosen = nullptr;
  for (const Unit& candidate : units)
    if (candidate.name == unit) chosen = &candidate;
  if (!chosen || whole.empty() || whole.size() > 12 || (dot != std::string_view::npos && fraction.empty()) ||
      fraction.size() > 3 || fraction.find('.') != std::string_view::npos)
    return not_a_quantity(text, advice_for(number, unit));

  unsigned __int128 thousandths = 0;
  for (const char digit : whole) thousandths = thousandths * 10 + static_cast<unsigned>(digit - '0');
  for (size_t i = 0; i < 3; ++i)
    thousandths = thousandths * 10 + (i < fraction.size() ? static_cast<unsigned>(fraction[i] - '0') : 0);
  const unsigned __int128 bytes = thousandths * chosen->bytes / 1000;
  if (bytes > static_cast<unsigned __int128>(std::numeric_limits<int64_t>::max())) return not_a_quantity(text, "");
  return static_cast<uint64_t>(bytes);
}

std::string bytes_text(uint64_t bytes) {
  for (const Unit& unit : units)
    if (bytes % unit.bytes == 0 && bytes != 0) return std::to_string(bytes / unit.bytes) + std::string(unit.name);
  return "0B";
}

}  // namespace slipway
