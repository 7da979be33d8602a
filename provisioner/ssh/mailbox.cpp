#include "ssh/mailbox.h"

#include <utility>

namespace slipway::ssh {

void Mailbox::line(std::string_view text) {
  const std::lock_guard lock(mutex_);
  lines_.emplace_back(text);
  news_.notify_one();
}

void Mailbox::progress(uint64_t sent, uint64_t total) {
  const std::lock_guard lock(mutex_);
  progress_ = {sent, total};
  news_.notify_one();
}

void Mailbox::result(Result<ScriptOutcome> result) {
  const std::lock_guard lock(mutex_);
  result_ = std::move(result);
  news_.notify_one();
}

Result<ScriptOutcome> Mailbox::wait(const std::function<void(std::string_view)>& on_line,
                                    const std::function<void(uint64_t, uint64_t)>& on_progress) {
  std::unique_lock lock(mutex_);
  for (;;) {
    news_.wait(lock, [this] { return !lines_.empty() || progress_ || result_; });
    const std::deque<std::string> lines = std::exchange(lines_, {});
    const std::optional<Progress> progress = std::exchange(progress_, std::nullopt);
    std::optional<Result<ScriptOutcome>> result = std::exchange(result_, std::nullopt);
    lock.unlock();
    for (const std::string& line : lines) on_line(line);
    if (progress) on_progress(progress->sent, progress->total);
    if (result) return std::move(*result);
    lock.lock();
  }
}

}  // namespace slipway::ssh
