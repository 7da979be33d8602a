#include "base/secret.h"

#include <mutex>
#include <set>

#include "base/text.h"

namespace slipway {
namespace {

// Shorter words would blot out ordinary text.
constexpr size_t shortest_redacted = 6;

struct Known {
  std::mutex mutex;
  std::set<std::string, std::greater<>> words;  // Longer alternatives of a common start come first.
};

Known& known() {
  static Known instance;
  return instance;
}

void remember(std::string_view word) {
  const std::string_view trimmed = trim(word);
  if (trimmed.size() < shortest_redacted || trimmed.substr(0, 5) == "-----") return;
  known().words.emplace(trimmed);
}

}  // namespace

Secret::Secret(std::string text) : text_(std::move(text)) {
  const std::lock_guard lock(known().mutex);
  for (const std::string& line : split(text_, '\n')) remember(line);
}

std::string redact(std::string_view text) {
  const std::lock_guard lock(known().mutex);
  std::string out(text);
  for (const std::string& word : known().words)
    if (out.find(word) != std::string::npos) out = replace_all(out, word, "(secret)");
  return out;
}

}  // namespace slipway
