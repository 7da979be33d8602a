#include "report/style.h"

#include <cstdlib>
#include <sys/ioctl.h>
#include <unistd.h>

namespace slipway {

std::string Style::wrap(const char* code, std::string_view text) const {
  if (!colour) return std::string(text);
  return "\033[" + std::string(code) + "m" + std::string(text) + "\033[0m";
}

Style style_for(int descriptor) {
  Style style;
  const char* no_colour = std::getenv("NO_COLOR");
  style.colour = isatty(descriptor) && !(no_colour && *no_colour);
  winsize size{};
  if (ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) style.width = size.ws_col;
  return style;
}

}  // namespace slipway
