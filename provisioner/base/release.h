#pragma once
#include <compare>
#include <optional>
#include <string>

namespace slipway {

/// A full version: "1.36.4", also as "v1.36.4".
struct Release {
  int major = 0, minor = 0, patch = 0;
  auto operator<=>(const Release&) const = default;
};
/// Nothing where the text is no full version.
std::optional<Release> parse_release(const std::string& text);
/// "1.36.4"
std::string to_string(const Release& release);
/// "1.36"
std::string minor_of(const Release& release);

}  // namespace slipway
