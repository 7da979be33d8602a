#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace slipway {

/// How many columns of a terminal `text` takes (UTF-8; colours take none).
size_t columns(std::string_view text);
/// `text` without what could move the cursor or hide what follows: it may be a host's own words. Escape sequences are
/// left out, other control characters become blanks; line ends stay.
std::string printable(std::string_view text);
/// The first line of printable(`text`) in at most `room` columns, "…" at its end where it was cut.
std::string fit(std::string_view text, size_t room);
/// As fit(), filled with blanks up to `room`.
std::string fill(std::string_view text, size_t room);

}  // namespace slipway
