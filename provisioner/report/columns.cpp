#include "report/columns.h"

#include <cstdint>

namespace slipway {
namespace {

struct Glyph {
  size_t bytes = 1;
  size_t columns = 1;
  bool control = false;
};

bool wide(uint32_t point) {
  return (point >= 0x1100 && point <= 0x115f) || (point >= 0x2e80 && point <= 0xa4cf) ||
         (point >= 0xac00 && point <= 0xd7a3) || (point >= 0xf900 && point <= 0xfaff) ||
         (point >= 0xfe30 && point <= 0xfe6f) || (point >= 0xff00 && point <= 0xff60) ||
         (point >= 0xffe0 && point <= 0xffe6) || (point >= 0x1f300 && point <= 0x1faff) || point >= 0x20000;
}

bool combining(uint32_t point) {
  return (point >= 0x300 && point <= 0x36f) || (point >= 0x200b && point <= 0x200f) ||
         (point >= 0xfe00 && point <= 0xfe0f);
}

/// The bytes of the escape sequence that `text` begins with.
size_t escape_length(std::string_view text) {
  if (text.size() < 2) return text.size();
  if (text[1] != '[') return 2;
  size_t end = 2;
  while (end < text.size() && static_cast<unsigned char>(text[end]) >= 0x20 && text[end] < 0x40) ++end;
  return end < text.size() ? end + 1 : end;
}

/// The first glyph of `text`. REQUIRES: not empty. A byte that is no UTF-8 counts as a control character.
Glyph first_glyph(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  if (lead == 0x1b) return {escape_length(text), 0, true};
  if (lead < 0x80) return {1, 1, lead < 0x20 || lead == 0x7f};
  const size_t bytes = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < bytes) return {1, 1, true};
  uint32_t point = lead & (0xffU >> (bytes + 1));
  for (size_t i = 1; i < bytes; ++i) {
    const auto next = static_cast<unsigned char>(text[i]);
    if ((next & 0xc0U) != 0x80) return {1, 1, true};
    point = (point << 6U) | (next & 0x3fU);
  }
  // Between 0x80 and 0x9f lie control characters again.
  return {bytes, combining(point) ? size_t{0} : wide(point) ? size_t{2} : size_t{1}, point < 0xa0};
}

/// Calls visit(glyph, its bytes) until that answers false.
template <class Visitor>
void each_glyph(std::string_view text, Visitor&& visit) {
  while (!text.empty()) {
    const Glyph glyph = first_glyph(text);
    if (!visit(glyph, text.substr(0, glyph.bytes))) return;
    text.remove_prefix(glyph.bytes);
  }
}

}  // namespace

size_t columns(std::string_view text) {
  size_t count = 0;
  each_glyph(text, [&](const Glyph& glyph, std::string_view) {
    count += glyph.columns;
    return true;
  });
  return count;
}

std::string printable(std::string_view text) {
  std::string shown;
  each_glyph(text, [&](const Glyph& glyph, std::string_view bytes) {
    if (!glyph.control || bytes == "\n")
      shown += bytes;
    else if (glyph.columns > 0)
      shown += ' ';
    return true;
  });
  return shown;
}

std::string fit(std::string_view text, size_t room) {
  std::string shown;
  size_t used = 0, kept = 0;  // kept: the bytes of `shown` that leave a column for "…".
  bool cut = false;
  const std::string clean = printable(text.substr(0, text.find('\n')));
  each_glyph(clean, [&](const Glyph& glyph, std::string_view bytes) {
    cut = used + glyph.columns > room;
    if (cut) return false;
    shown += bytes;
    used += glyph.columns;
    if (used < room) kept = shown.size();
    return true;
  });
  if (!cut) return shown;
  shown.resize(kept);
  return room > 0 ? shown + "…" : "";
}

std::string fill(std::string_view text, size_t room) {
  std::string shown = fit(text, room);
  shown.append(room - columns(shown), ' ');
  return shown;
}

}  // namespace slipway
