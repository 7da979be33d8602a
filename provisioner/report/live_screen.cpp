#include "report/live_screen.h"

#include <algorithm>

#include "base/text.h"
#include "report/columns.h"

namespace slipway {
namespace {

using Running = RunProgress::Running;

constexpr int wide_terminal = 110;
constexpr size_t bar_columns = 20;

Milliseconds between(Instant from, Instant to) { return std::chrono::duration_cast<Milliseconds>(to - from); }

bool is_slow(const Running& step, Instant now) {
  return between(step.since, now) > std::max<Milliseconds>(Seconds(10), 2 * step.expected);
}

/// "host/workers-1/base" below workers-1 is "base".
std::string name_below(const Running& step) {
  std::string name;
  for (const std::string& part : split(step.step.text(), '/'))
    if (part != step.machine.text() && part != "host") name += (name.empty() ? "" : "/") + part;
  return name;
}

/// REQUIRES: longest first. The last one is cut where even that does not fit.
std::string longest_that_fits(std::initializer_list<const char*> texts, size_t room) {
  for (const char* text : texts)
    if (columns(text) <= room) return text;
  return fit(*(texts.end() - 1), room);
}

class Screen {
 public:
  Screen(const RunProgress& progress, const Frame& frame)
      : progress_(progress),
        frame_(frame),
        width_(static_cast<size_t>(std::max(10, frame.style.width - 1))),
        running_(progress.running()) {}

  std::vector<std::string> draw() {
    choose();
    head();
    for (const Layer layer : {Layer::cloud, Layer::host, Layer::cluster})
      if (progress_.of(layer).total > 0) draw_layer(layer);
    foot();
    return std::move(lines_);
  }

 private:
  /// What has room, where not all of it has: the steps that have run longest, told in the plan's order.
  void choose() {
    const size_t rows = std::max<size_t>(3, static_cast<size_t>(std::max(frame_.height, 0)) / 2);
    const size_t fixed = 2 + layers_shown();
    size_t left = rows > fixed ? rows - fixed : 0;
    std::vector<const Running*> order;
    for (const Running& step : running_) {
      order.push_back(&step);
      widest_ = std::max(widest_, std::min<size_t>(24, columns(label(step))));
    }
    std::stable_sort(order.begin(), order.end(), [](auto* a, auto* b) { return a->since < b->since; });
    size_t needed = 0;
    for (const Running* step : order) needed += rows_of(*step);
    if (needed > left && left > 0) --left;  // For the line that tells of the others.
    for (const Running* step : order) {
      if (rows_of(*step) > left) break;
      left -= rows_of(*step);
      shown_.push_back(step->place);
    }
  }

  size_t layers_shown() const {
    size_t count = 0;
    for (const Layer layer : {Layer::cloud, Layer::host, Layer::cluster})
      if (progress_.of(layer).total > 0) ++count;
    return count;
  }

  bool wide() const { return frame_.style.width >= wide_terminal; }
  /// A slow step of a narrow terminal has its last line on a row of its own.
  size_t rows_of(const Running& step) const {
    return !wide() && is_slow(step, frame_.now) && !step.text.empty() ? 2 : 1;
  }
  static std::string label(const Running& step) {
    return step.machine.empty() ? step.step.text() : step.machine.text();
  }

  void head() {
    const StepCounts& all = progress_.all();
    const Milliseconds passed = between(frame_.begun, frame_.now), expected = progress_.expected();
    std::string time = whole_seconds(passed);
    if (expected >= Seconds(1)) time += (passed <= expected ? " of about " : ", usually ") + whole_seconds(expected);
    std::string counts = std::to_string(all.done) + " of " + std::to_string(all.total) + " done";
    if (all.running > 0) counts += " · " + std::to_string(all.running) + " running";
    if (all.blocked > 0) counts += " · " + std::to_string(all.blocked) + " held up";
    const std::string failed = all.failed > 0 ? " · " + std::to_string(all.failed) + " failed" : "";
    const size_t needed = columns(progress_.title() + counts + failed + time) + 7;
    if (needed > width_) {
      // The title can be read above; the numbers stand nowhere else.
      lines_.push_back(frame_.style.bold(fit(counts + failed + "  " + time, width_)));
      return;
    }
    std::string rule;
    for (size_t i = needed; i < width_; ++i) rule += "─";
    lines_.push_back(frame_.style.dim("─ ") + frame_.style.bold(progress_.title()) + "  " + counts +
                     frame_.style.red(failed) + " " + frame_.style.dim(rule) + "  " + time);
  }

  void draw_layer(Layer layer) {
    const StepCounts& counts = progress_.of(layer);
    std::string bar, rest;
    const size_t full = counts.done * bar_columns / counts.total;
    for (size_t i = 0; i < bar_columns; ++i) (i < full ? bar : rest) += i < full ? "█" : "░";
    std::string tail = " " + std::to_string(counts.done) + "/" + std::to_string(counts.total);
    if (counts.failed > 0) tail += ", " + std::to_string(counts.failed) + " failed";
    const std::string name = fill(slipway::name(layer), 8);
    if (width_ < 48)
      lines_.push_back(fit(name + tail, width_));
    else
      lines_.push_back(name + " " + (counts.failed > 0 ? frame_.style.red(bar) : frame_.style.green(bar)) +
                       frame_.style.dim(rest) + tail + (counts.done == counts.total ? frame_.style.green(" ✓") : ""));
    size_t hidden = 0;
    for (const Running& step : running_) {
      if (step.layer != layer) continue;
      if (std::find(shown_.begin(), shown_.end(), step.place) == shown_.end())
        ++hidden;
      else
        draw_step(step);
    }
    hidden_ += hidden;
  }

  void draw_step(const Running& step) {
    const bool slow = is_slow(step, frame_.now);
    std::string time = whole_seconds(between(step.since, frame_.now));
    if (step.expected >= Seconds(1)) time += (slow ? ", usually " : " of ") + whole_seconds(step.expected);
    std::string line = "  " + (step.machine.empty() ? "" : fill(step.machine.text(), widest_) + " ");
    if (!step.machine.empty()) {
      const StepCounts counts = progress_.of(step.layer, step.machine);
      line += fill(std::to_string(counts.done) + "/" + std::to_string(counts.total), 6) + name_below(step);
    } else {
      line += step.step.text();
    }
    line += "  ";
    const size_t used = columns(line);
    if (used + columns(time) > width_) {
      lines_.push_back(fit(line, width_));
      return;
    }
    const size_t room = width_ - used - columns(time);
    const bool beside = !step.text.empty() && room > 12 && (wide() || !slow);
    lines_.push_back(line + (slow ? frame_.style.yellow(time) : time) +
                     (beside ? frame_.style.dim("  " + fit(step.text, room - 2)) : ""));
    if (rows_of(step) == 2) lines_.push_back(frame_.style.dim("    └ " + fit(step.text, width_ - 6)));
  }

  void foot() {
    if (hidden_ > 0)
      lines_.push_back(frame_.style.dim(fit("  … and " + std::to_string(hidden_) + " more running", width_)));
    // Room for the "^C" that the terminal writes at the cursor.
    const size_t room = width_ - 3;
    if (frame_.stopping)
      lines_.push_back(frame_.style.yellow(longest_that_fits(
          {"Stopping: running steps finish and are recorded. Ctrl-C again leaves at once, also safely.",
           "Stopping: what runs ends and is recorded. Ctrl-C: leave now, safely.",
           "Stopping. Ctrl-C: leave now, safely."},
          room)));
    else
      lines_.push_back(frame_.style.dim(longest_that_fits(
          {"Ctrl-C: running steps finish and are recorded, then it stops; the same command goes on later.",
           "Ctrl-C: ends what runs and stops; the same command goes on.", "Ctrl-C: stops after what runs."},
          room)));
  }

  const RunProgress& progress_;
  const Frame& frame_;
  const size_t width_;
  const std::vector<Running> running_;
  std::vector<size_t> shown_;
  std::vector<std::string> lines_;
  size_t widest_ = 0, hidden_ = 0;
};

}  // namespace

std::string whole_seconds(Milliseconds span) {
  const auto seconds = std::chrono::duration_cast<Seconds>(span).count();
  if (seconds < 120) return std::to_string(seconds) + " s";
  if (seconds < 7200) return std::to_string(seconds / 60) + " min " + std::to_string(seconds % 60) + " s";
  return std::to_string(seconds / 3600) + " h " + std::to_string(seconds / 60 % 60) + " min";
}

std::vector<std::string> live_screen(const RunProgress& progress, const Frame& frame) {
  return Screen(progress, frame).draw();
}

}  // namespace slipway
