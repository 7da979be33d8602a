#pragma once
#include <cstdio>
#include <string>
#include <vector>

namespace slipway {

/// Some lines at the bottom of a terminal that are redrawn in place; what is printed goes above them and stays in the
/// scrollback. Each change is one write, and lines are overwritten rather than cleared first: nothing flickers. The
/// cursor stays visible, so that leaving at any moment leaves a sane terminal.
class LiveBlock {
 public:
  explicit LiveBlock(std::FILE* out) : out_(out) {}
  /// Puts `above` (whole lines, may be empty) into the scrollback and `lines` below it. `width`: the terminal's now.
  /// Writes nothing where nothing changed.
  void draw(const std::string& above, std::vector<std::string> lines, int width);
  /// Removes the lines.
  void clear(int width) { draw("", {}, width); }

 private:
  size_t rows(int width) const;

  std::FILE* out_;
  std::vector<std::string> lines_;  ///< As drawn last.
  int width_ = 0;
};

}  // namespace slipway
