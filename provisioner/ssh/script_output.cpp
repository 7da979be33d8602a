#include "ssh/script_output.h"

namespace slipway::ssh {

ScriptOutput::ScriptOutput(std::string begin_line, std::function<void(std::string_view)> on_line)
    : begin_line_(std::move(begin_line)), on_line_(std::move(on_line)) {}

void ScriptOutput::add(std::string_view piece) {
  text_.append(piece);
  if (!begun_) {
    const size_t at = text_.find(begin_line_);
    if (at == std::string::npos) return;
    text_.erase(0, at + begin_line_.size());
    begun_ = true;
  }
  tell_lines();
}

void ScriptOutput::tell_lines() {
  if (!on_line_) return;
  size_t end = 0;
  while ((end = text_.find('\n', scanned_)) != std::string::npos) {
    on_line_(std::string_view(text_).substr(told_, end - told_));
    told_ = scanned_ = end + 1;
  }
  scanned_ = text_.size();
}

void ScriptOutput::finish() {
  if (!begun_ || !on_line_ || told_ == text_.size()) return;
  on_line_(std::string_view(text_).substr(told_));
  told_ = text_.size();
}

}  // namespace slipway::ssh
