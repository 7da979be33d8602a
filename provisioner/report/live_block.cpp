#include "report/live_block.h"

#include <algorithm>

#include "base/text.h"
#include "report/columns.h"

namespace slipway {
/// The rows that the drawn lines take now: a terminal that became narrower has wrapped them.
size_t LiveBlock::rows(int width) const {
  const auto room = static_cast<size_t>(std::max(1, width));
  size_t count = 0;
  for (const std::string& line : lines_) count += std::max<size_t>(1, (columns(line) + room - 1) / room);
  return count;
}

void LiveBlock::draw(const std::string& above, std::vector<std::string> lines, int width) {
  if (above.empty() && lines == lines_ && (width == width_ || lines.empty())) return;
  // One frame for terminals that know synchronised output; the others ignore it.
  std::string out = "\033[?2026h";
  if (const size_t drawn = rows(width); drawn > 1) out += "\033[" + std::to_string(drawn - 1) + "A";
  if (!lines_.empty()) out += "\r";
  if (width != width_ && !lines_.empty()) out += "\033[J";  // What was wrapped lies anywhere below.
  out += replace_all(above, "\n", "\033[K\n");
  for (size_t i = 0; i < lines.size(); ++i) out += (i > 0 ? "\n" : "") + lines[i] + "\033[K";
  out += "\033[J\033[?2026l";
  std::fwrite(out.data(), 1, out.size(), out_);
  std::fflush(out_);
  lines_ = std::move(lines);
  width_ = width;
}

}  // namespace slipway
