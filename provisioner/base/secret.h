#pragma once
// Secrets: a string that does not print, and the redactor that keeps known secrets out of every text.

#include <string>
#include <string_view>

namespace slipway {

/// Holds a secret in memory. It has no operator<< and no conversion: `reveal()` is the one, greppable way out.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string text);  ///< Also registers the text with the redactor.
  const std::string& reveal() const { return text_; }
  bool empty() const { return text_.empty(); }
  bool operator==(const Secret&) const = default;

 private:
  std::string text_;
};

/// `text` with every secret of this process, of 6 characters or more, replaced by "(secret)"; for a secret of several
/// lines each of its lines counts. Every log, event, plan, report and error passes through here. Any thread.
std::string redact(std::string_view text);

}  // namespace slipway
