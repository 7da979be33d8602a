#include "report/run_view.h"

#include <algorithm>

#include "base/text.h"
#include "report/columns.h"

namespace slipway {
namespace {

constexpr Milliseconds between_frames{50};
constexpr size_t longest_text = 200;

double seconds_between(Instant from, Instant to) { return std::chrono::duration<double>(to - from).count(); }

}  // namespace

RunView::RunView(RunProgress progress, RunViewOptions options)
    : progress_(std::move(progress)),
      options_(std::move(options)),
      block_(options_.out),
      begun_(options_.now()),
      last_line_(begun_) {}

RunView::~RunView() {
  const std::lock_guard lock(mutex_);
  if (options_.live) block_.draw(unprinted_, {}, options_.terminal().style.width);
}

std::string RunView::stamp(const Style& style) const {
  char text[16];
  std::snprintf(text, sizeof text, "%6.1fs", seconds_between(begun_, options_.now()));
  return style.dim(text);
}

std::string RunView::told(const Event& event, const Style& style) const {
  const std::string& step = event.step.text();
  if (event.type == "step-done")
    return stamp(style) + " " + style.green("✓") + " " + step + " " + event.action + "d" +
           style.dim("  " + format_seconds(static_cast<double>(event.milliseconds) / 1000)) + "\n";
  if (event.type == "step-failed")
    return stamp(style) + " " + style.red("✗") + " " + step + " failed\n          " +
           replace_all(printable(event.text), "\n", "\n          ") + "\n";
  if (event.type == "step-blocked")
    return stamp(style) + " " + style.yellow("·") + " " + step + " not done: " + printable(event.text) + "\n";
  return "";
}

void RunView::on_event(const Event& event) {
  const std::lock_guard lock(mutex_);
  progress_.on_event(event, options_.now());
  const std::string text = told(event, options_.terminal().style);
  if (!options_.live) {
    if (!text.empty()) print(text);
    return;
  }
  unprinted_ += text;
  // Many events at once are one frame; the next tick shows what is left.
  if (options_.now() - last_draw_ >= between_frames) draw(std::exchange(unprinted_, ""));
}

void RunView::tick() {
  const std::lock_guard lock(mutex_);
  if (options_.live) return draw(std::exchange(unprinted_, ""));
  const std::vector<RunProgress::Running> running = progress_.running();
  if (running.empty() || seconds_between(last_line_, options_.now()) < 15) return;
  const RunProgress::Running& slowest =
      *std::min_element(running.begin(), running.end(), [](auto& a, auto& b) { return a.since < b.since; });
  print(stamp(options_.terminal().style) + " … " + std::to_string(running.size()) + " running; " + slowest.step.text() +
        " for " + format_seconds(seconds_between(slowest.since, options_.now())) +
        (slowest.text.empty() ? "" : ": " + fit(slowest.text, longest_text)) + "\n");
}

void RunView::print(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), options_.out);
  std::fflush(options_.out);
  last_line_ = options_.now();
}

void RunView::draw(const std::string& above) {
  last_draw_ = options_.now();
  const Terminal terminal = options_.terminal();
  const Frame frame{.begun = begun_,
                    .now = last_draw_,
                    .style = terminal.style,
                    .height = terminal.height,
                    .stopping = options_.stopping && options_.stopping->load()};
  block_.draw(above, live_screen(progress_, frame), terminal.style.width);
}

}  // namespace slipway
