#include "report/run_view.h"

#include <algorithm>

#include "base/text.h"

namespace slipway {
namespace {

double seconds_since(Instant instant) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - instant).count();
}

std::string sized(const Event& event) {
  if (!event.data.is_object() || !event.data.contains("total")) return "";
  const auto done = event.data.value("done", uint64_t{0}), total = event.data.value("total", uint64_t{0});
  return " " + format_bytes(done) + " of " + format_bytes(total);
}

}  // namespace

RunView::RunView(std::FILE* out, Style style, bool live, size_t steps_to_do)
    : out_(out),
      style_(style),
      live_(live),
      to_do_(steps_to_do),
      begun_(std::chrono::steady_clock::now()),
      last_line_(begun_) {}

RunView::~RunView() {
  const std::lock_guard lock(mutex_);
  clear_live_line();
}

std::string RunView::stamp() const {
  char text[16];
  std::snprintf(text, sizeof text, "%6.1fs", seconds_since(begun_));
  return style_.dim(text);
}

void RunView::on_event(const Event& event) {
  const std::lock_guard lock(mutex_);
  const std::string& step = event.step.text();
  if (event.type == "step-started") {
    running_[event.step] = {std::chrono::steady_clock::now(), ""};
    to_do_ = std::max(to_do_, done_ + running_.size());
  } else if (event.type == "step-progress") {
    Running& running = running_.try_emplace(event.step, Running{std::chrono::steady_clock::now(), ""}).first->second;
    running.text = event.text + sized(event);
  } else if (event.type == "step-done") {
    running_.erase(event.step);
    ++done_;
    print_line(stamp() + " " + style_.green("✓") + " " + step + " " + event.action + "d" +
               style_.dim("  " + format_seconds(static_cast<double>(event.milliseconds) / 1000)));
  } else if (event.type == "step-failed") {
    running_.erase(event.step);
    print_line(stamp() + " " + style_.red("✗") + " " + step + " failed\n          " +
               replace_all(event.text, "\n", "\n          "));
  } else if (event.type == "step-blocked") {
    print_line(stamp() + " " + style_.yellow("·") + " " + step + " not done: " + event.text);
  }
  if (live_) draw_live_line();
}

void RunView::tick() {
  const std::lock_guard lock(mutex_);
  if (live_) {
    draw_live_line();
    return;
  }
  if (running_.empty() || seconds_since(last_line_) < 15) return;
  const auto slowest = std::min_element(running_.begin(), running_.end(),
                                        [](const auto& a, const auto& b) { return a.second.since < b.second.since; });
  print_line(stamp() + " … " + std::to_string(running_.size()) + " running; " + slowest->first.text() + " for " +
             format_seconds(seconds_since(slowest->second.since)) +
             (slowest->second.text.empty() ? "" : ": " + slowest->second.text));
}

void RunView::print_line(const std::string& line) {
  clear_live_line();
  std::fprintf(out_, "%s\n", line.c_str());
  std::fflush(out_);
  last_line_ = std::chrono::steady_clock::now();
}

void RunView::clear_live_line() {
  if (live_drawn_) std::fputs("\r\033[K", out_);
  live_drawn_ = false;
}

void RunView::draw_live_line() {
  clear_live_line();
  if (running_.empty()) return;
  std::string line =
      std::to_string(done_) + "/" + std::to_string(to_do_) + " " + format_seconds(seconds_since(begun_)) + "  ";
  std::vector<std::pair<Instant, std::string>> rows;
  for (const auto& [step, running] : running_)
    rows.emplace_back(running.since, step.text() + (running.text.empty() ? "" : " (" + running.text + ")"));
  std::sort(rows.begin(), rows.end());
  for (size_t i = 0; i < rows.size(); ++i) line += (i > 0 ? ", " : "") + rows[i].second;
  const auto room = static_cast<size_t>(std::max(20, style_.width - 1));
  if (line.size() > room) line = line.substr(0, room - 3) + "...";
  std::fputs(style_.dim(line).c_str(), out_);
  std::fflush(out_);
  live_drawn_ = true;
}

}  // namespace slipway
