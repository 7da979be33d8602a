#include "report/style.h"

#include <cstdlib>
#include <sys/ioctl.h>
#include <unistd.h>

namespace slipway {

std::string Style::wrap(const char* code, std::string_view text) const {
  if (!colour) return std::string(text);
  return "\033[" + std::string(code) + "m" + std::string(text) + "\033[0m";
}

Style style_for(int descriptor) { return terminal_of(descriptor).style; }

Terminal terminal_of(int descriptor) {
  Terminal terminal;
  const char* no_colour = std::getenv("NO_COLOR");
  terminal.style.colour = can_redraw(descriptor) && !(no_colour && *no_colour);
  winsize size{};
  if (ioctl(descriptor, TIOCGWINSZ, &size) == 0) {
    if (size.ws_col > 0) terminal.style.width = size.ws_col;
    if (size.ws_row > 0) terminal.height = size.ws_row;
  }
  return terminal;
}

bool can_redraw(int descriptor) {
  const char* kind = std::getenv("TERM");
  return isatty(descriptor) && kind && *kind && std::string_view(kind) != "dumb";
}

}  // namespace slipway
