#pragma once
#include <functional>
#include <string>
#include <string_view>

namespace slipway::ssh {

/// Standard output of a script as it comes in pieces: drops what precedes the begin line, tells each line once it is
/// whole, keeps all of it.
class ScriptOutput {
 public:
  ScriptOutput(std::string begin_line, std::function<void(std::string_view)> on_line);

  void add(std::string_view piece);
  /// Tells a last line that has no end.
  void finish();

  bool begun() const { return begun_; }
  const std::string& text() const { return text_; }
  std::string take_text() { return std::move(text_); }

 private:
  void tell_lines();

  std::string begin_line_;
  std::function<void(std::string_view)> on_line_;
  bool begun_ = false;
  std::string text_;
  size_t told_ = 0;     ///< Up to here lines were told.
  size_t scanned_ = 0;  ///< Up to here there is no further end of line.
};

}  // namespace slipway::ssh
