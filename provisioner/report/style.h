#pragma once
#include <string>
#include <string_view>

namespace slipway {

/// How text may look: colours only for a terminal, never under NO_COLOR (https://no-color.org).
struct Style {
  bool colour = false;
  int width = 100;  ///< Columns; longer lines are cut where they would wrap a live view.

  std::string bold(std::string_view text) const { return wrap("1", text); }
  std::string dim(std::string_view text) const { return wrap("2", text); }
  std::string red(std::string_view text) const { return wrap("31", text); }
  std::string green(std::string_view text) const { return wrap("32", text); }
  std::string yellow(std::string_view text) const { return wrap("33", text); }
  std::string cyan(std::string_view text) const { return wrap("36", text); }

 private:
  std::string wrap(const char* code, std::string_view text) const;
};

/// The style that suits a file descriptor.
Style style_for(int descriptor);

/// A terminal as it is now.
struct Terminal {
  Style style;
  int height = 24;
};
Terminal terminal_of(int descriptor);
/// Whether lines can be redrawn there: a terminal that moves its cursor (TERM is set and not "dumb").
bool can_redraw(int descriptor);

}  // namespace slipway
