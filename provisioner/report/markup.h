#pragma once
#include <string>
#include <string_view>

namespace slipway {

/// Text inside HTML or SVG: & < > and quotes are escaped; what is not UTF-8 must be gone already.
std::string escape_markup(std::string_view text);

/// The style of SVG graphs, light and dark; used by the report as well.
extern const std::string_view graph_style;

}  // namespace slipway
