#include "base/release.h"

#include <charconv>

#include "base/text.h"

namespace slipway {

std::optional<Release> parse_release(const std::string& text) {
  const std::vector<std::string> parts = split(text.starts_with("v") ? text.substr(1) : text, '.');
  if (parts.size() != 3) return std::nullopt;
  Release release;
  int* const numbers[] = {&release.major, &release.minor, &release.patch};
  for (size_t i = 0; i < 3; ++i) {
    const char* const end = parts[i].data() + parts[i].size();
    const auto [rest, problem] = std::from_chars(parts[i].data(), end, *numbers[i]);
    if (problem != std::errc() || rest != end || *numbers[i] < 0) return std::nullopt;
  }
  return release;
}

std::string to_string(const Release& release) { return minor_of(release) + "." + std::to_string(release.patch); }

std::string minor_of(const Release& release) {
  return std::to_string(release.major) + "." + std::to_string(release.minor);
}

}  // namespace slipway
