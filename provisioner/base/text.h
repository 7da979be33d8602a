#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace slipway {

std::vector<std::string> split(std::string_view text, char separator);
std::string join(const std::vector<std::string>& parts, std::string_view separator);
std::string_view trim(std::string_view text);
/// `text` with every `from` replaced by `to`.
std::string replace_all(std::string_view text, std::string_view from, std::string_view to);
/// The candidate with the smallest edit distance to `word`, where that is small enough to be a slip of the hand.
std::optional<std::string> nearest(std::string_view word, const std::vector<std::string>& candidates);
/// `text` as one word of a POSIX shell, whatever bytes it holds (a NUL byte cannot be passed and is dropped).
/// The only quoting function; fuzzed.
std::string shell_quote(std::string_view text);
/// Shell-style match: `*` any run of characters, `?` one character.
bool glob_match(std::string_view pattern, std::string_view text);
/// "1.2 GiB", "340 MiB", "12 KiB".
std::string format_bytes(uint64_t bytes);
/// "0.4 s", "12 s", "3 min 20 s".
std::string format_seconds(double seconds);

}  // namespace slipway
