#include "report/markup.h"

namespace slipway {

std::string escape_markup(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '"')
      out += "&quot;";
    else if (c == '\'')
      out += "&#39;";
    else
      out += c;
  }
  return out;
}

const std::string_view graph_style =
    ".graph text{font:12px system-ui,sans-serif;fill:#1b1f24}"
    ".graph rect{fill:#fff;stroke:#8c959f;stroke-width:1}"
    ".graph .cloud rect{stroke:#0969da}.graph .host rect{stroke:#8250df}.graph .cluster rect{stroke:#1a7f37}"
    ".graph .done rect{fill:#dafbe1}.graph .failed rect{fill:#ffebe9;stroke:#cf222e;stroke-width:2}"
    ".graph .blocked rect,.graph .waiting rect{fill:#fff8c5;stroke-dasharray:4 3}"
    ".graph .edge{fill:none;stroke:#afb8c1;stroke-width:1}"
    "@media (prefers-color-scheme:dark){"
    ".graph text{fill:#e6edf3}.graph rect{fill:#161b22;stroke:#6e7681}.graph .edge{stroke:#484f58}"
    ".graph .cloud rect{stroke:#58a6ff}.graph .host rect{stroke:#bc8cff}.graph .cluster rect{stroke:#3fb950}"
    ".graph .done rect{fill:#12261e}.graph .failed rect{fill:#2c1617;stroke:#f85149}"
    ".graph .blocked rect,.graph .waiting rect{fill:#272115}}";

}  // namespace slipway
