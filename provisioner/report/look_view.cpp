#include "report/look_view.h"

#include <algorithm>

#include "base/text.h"
#include "report/columns.h"

namespace slipway {
namespace {

constexpr Milliseconds shown_after{700};
constexpr Seconds between_lines{15};
constexpr size_t steps_shown = 4;

Milliseconds between(Instant from, Instant to) { return std::chrono::duration_cast<Milliseconds>(to - from); }

}  // namespace

LookView::LookView(std::string title, RunViewOptions options)
    : title_(std::move(title)),
      options_(std::move(options)),
      block_(options_.out),
      begun_(options_.now()),
      last_line_(begun_) {}

LookView::~LookView() {
  const std::lock_guard lock(mutex_);
  if (options_.live) block_.clear(options_.terminal().style.width);
}

void LookView::on_event(const Event& event) {
  const std::lock_guard lock(mutex_);
  if (event.type == "log") waits_ = event.text;
  if (event.type == "observe-started") {
    waits_.clear();
    all_ = event.data.value("steps", size_t{0});
  }
  if (event.type == "step-observing") under_way_[event.step] = {event.machine, options_.now()};
  if (event.type == "step-observed") done_ += under_way_.erase(event.step);
}

void LookView::tick() {
  const std::lock_guard lock(mutex_);
  const Instant now = options_.now();
  if (options_.live) {
    const Terminal terminal = options_.terminal();
    if (between(begun_, now) >= shown_after) block_.draw("", frame(terminal), terminal.style.width);
    return;
  }
  if (now - last_line_ < between_lines) return;
  std::string line = whole_seconds(between(begun_, now)) + ": looking at " + title_ + (all_ > 0 ? ", " + counts() : "");
  for (const auto& [step, looking] : slowest(1))
    line += "; " + step.text() + " for " + whole_seconds(between(looking.since, now));
  if (!waits_.empty()) line += "; " + waits_;
  line += "\n";
  std::fwrite(line.data(), 1, line.size(), options_.out);
  std::fflush(options_.out);
  last_line_ = now;
}

std::vector<std::pair<StepId, LookView::Looking>> LookView::slowest(size_t most) const {
  std::vector<std::pair<StepId, Looking>> found(under_way_.begin(), under_way_.end());
  std::stable_sort(found.begin(), found.end(), [](auto& a, auto& b) { return a.second.since < b.second.since; });
  if (found.size() > most) found.erase(found.begin() + static_cast<std::ptrdiff_t>(most), found.end());
  return found;
}

std::string LookView::counts() const {
  return std::to_string(done_) + " of " + std::to_string(all_) + " steps" +
         (under_way_.empty() ? "" : " · " + std::to_string(under_way_.size()) + " under way");
}

std::vector<std::string> LookView::frame(const Terminal& terminal) const {
  const Style& style = terminal.style;
  const size_t width = static_cast<size_t>(std::max(10, style.width - 1));
  const Instant now = options_.now();
  std::vector<std::string> lines = {style.bold(fit(
      "Looking at " + title_ + "  " + (all_ > 0 ? counts() + "  " : "") + whole_seconds(between(begun_, now)), width))};
  if (!waits_.empty()) lines.push_back(style.dim(fit("  " + waits_, width)));
  const auto shown = slowest(steps_shown);
  for (const auto& [step, looking] : shown)
    lines.push_back(fit("  " + step.text() + "  " + whole_seconds(between(looking.since, now)), width));
  if (shown.size() < under_way_.size())
    lines.push_back(style.dim(fit("  … and " + std::to_string(under_way_.size() - shown.size()) + " more", width)));
  // Room for the "^C" that the terminal writes at the cursor.
  if (options_.stopping && options_.stopping->load())
    lines.push_back(style.yellow(fit("Stopping; nothing was changed. Ctrl-C again: at once.", width - 3)));
  else
    lines.push_back(style.dim(fit("Nothing is changed yet. Ctrl-C stops.", width - 3)));
  return lines;
}

}  // namespace slipway
