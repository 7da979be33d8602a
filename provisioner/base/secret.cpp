#include "base/secret.h"

#include <algorithm>
#include <bitset>
#include <cstdint>
#include <mutex>
#include <set>
#include <unordered_map>

#include "base/text.h"

namespace slipway {
namespace {

// Shorter words would blot out ordinary text.
constexpr size_t shortest_redacted = 6;

/// The first bytes of a word as a number. REQUIRES: text has that many.
uint64_t start_of(std::string_view text) {
  uint64_t start = 0;
  for (size_t i = 0; i < shortest_redacted; ++i) start = start << 8 | static_cast<unsigned char>(text[i]);
  return start;
}

/// The words by how they start, so that a text is looked through once, however many there are: a cluster of ten
/// thousand machines has as many private keys.
class Words {
 public:
  void add(std::string_view word) {
    by_start_[start_of(word)].emplace(word);
    starts_.set(bit_of(start_of(word)));
  }

  /// The length of the longest word that `text` begins with, or 0.
  size_t longest_at(std::string_view text) const {
    if (text.size() < shortest_redacted) return 0;
    const uint64_t start = start_of(text);
    if (!starts_.test(bit_of(start))) return 0;
    const auto alike = by_start_.find(start);
    size_t longest = 0;
    if (alike != by_start_.end())
      for (const std::string& word : alike->second)
        if (text.starts_with(word)) longest = std::max(longest, word.size());
    return longest;
  }

 private:
  static constexpr size_t filter_bits = 20;
  /// Fibonacci hashing: the upper bits of a product with 2^64 divided by the golden ratio.
  static size_t bit_of(uint64_t start) { return start * 0x9E3779B97F4A7C15U >> (64 - filter_bits); }

  std::unordered_map<uint64_t, std::set<std::string>> by_start_;
  std::bitset<size_t{1} << filter_bits> starts_;  ///< Most places of a text end here, without a look into the map.
};

struct Known {
  std::mutex mutex;
  Words words;
};

Known& known() {
  static Known instance;
  return instance;
}

void remember(std::string_view word) {
  const std::string_view trimmed = trim(word);
  if (trimmed.size() < shortest_redacted || trimmed.substr(0, 5) == "-----") return;
  known().words.add(trimmed);
}

}  // namespace

Secret::Secret(std::string text) : text_(std::move(text)) {
  const std::lock_guard lock(known().mutex);
  for (const std::string& line : split(text_, '\n')) remember(line);
}

std::string redact(std::string_view text) {
  const std::lock_guard lock(known().mutex);
  std::string out;
  size_t shown = 0;  // Everything before is in `out`, or is left out of it.
  for (size_t at = 0; at < text.size(); ++at) {
    const size_t length = known().words.longest_at(text.substr(at));
    if (length == 0) continue;
    if (at >= shown) out.append(text, shown, at - shown).append("(secret)");
    // One that begins inside another ends the same gap.
    shown = std::max(shown, at + length);
  }
  return shown < text.size() ? out.append(text, shown) : out;
}

}  // namespace slipway
