// The live view without a terminal: what a frame holds, and what is written for it. tests/people/terminal.py looks at
// the same on real terminals.

#include <gtest/gtest.h>

#include "report/columns.h"
#include "report/look_view.h"
#include "report/run_view.h"

namespace slipway {
namespace {

Plan plan_of(size_t machines) {
  Plan plan;
  const auto add = [&](const std::string& id, const std::string& machine, Layer layer) {
    PlannedStep step;
    step.id = StepId(id);
    step.machine = MachineName(machine);
    step.layer = layer;
    step.diff.action = Action::create;
    step.expected = Seconds(10);
    plan.steps.push_back(std::move(step));
  };
  for (size_t i = 0; i < machines; ++i) {
    const std::string name = "w-" + std::to_string(i);
    add("machine/" + name, name, Layer::cloud);
    add("host/" + name + "/base", name, Layer::host);
  }
  add("addon/flannel", "", Layer::cluster);
  plan.critical_time = Seconds(23);
  return plan;
}

Event event(const std::string& type, const std::string& step, const std::string& text = "") {
  return {.type = type, .step = StepId(step), .action = "create", .text = text};
}

Instant at(int seconds) { return Instant(Seconds(seconds)); }

std::string text_of(const std::vector<std::string>& lines) {
  std::string all;
  for (const std::string& line : lines) all += line + "\n";
  return all;
}

TEST(Columns, CountWhatATerminalShows) {
  EXPECT_EQ(columns("abc"), 3u);
  EXPECT_EQ(columns("─✓…"), 3u);
  EXPECT_EQ(columns("下载"), 4u);
  EXPECT_EQ(columns("e\u0301"), 1u);
  EXPECT_EQ(columns("\033[31mred\033[0m"), 3u);
}

TEST(Columns, TextIsCutToItsRoom) {
  EXPECT_EQ(fit("abcdef", 6), "abcdef");
  EXPECT_EQ(fit("abcdef", 4), "abc…");
  EXPECT_EQ(fit("下载中", 5), "下载…");
  EXPECT_EQ(fit("abc", 0), "");
  EXPECT_EQ(fit("first\nsecond", 20), "first");
  EXPECT_EQ(fill("ab", 4), "ab  ");
}

TEST(Columns, AHostsWordsCannotMoveTheCursor) {
  EXPECT_EQ(printable("a\033[2Jb\033[31mc\rd\be\nf"), "abc d e\nf");
  EXPECT_EQ(printable("\033[1"), "");
  EXPECT_EQ(printable("\xc2\x9b"
                      "31m"),
            " 31m");  // An 8-bit CSI.
  EXPECT_EQ(printable("\xff\xc3"), "  ");
}

TEST(RunProgress, CountsByLayerAndMachine) {
  RunProgress progress(plan_of(2), "repair demo");
  EXPECT_EQ(progress.all().total, 5u);
  progress.on_event(event("step-started", "machine/w-0"), at(0));
  progress.on_event(event("step-started", "machine/w-1"), at(0));
  progress.on_event(event("step-done", "machine/w-0"), at(4));
  progress.on_event(event("step-failed", "machine/w-1"), at(5));
  progress.on_event(event("step-blocked", "host/w-1/base"), at(5));
  progress.on_event(event("step-skipped", "addon/flannel"), at(5));
  EXPECT_EQ(progress.of(Layer::cloud).done, 1u);
  EXPECT_EQ(progress.of(Layer::cloud).failed, 1u);
  EXPECT_EQ(progress.of(Layer::host, MachineName("w-1")).blocked, 1u);
  EXPECT_EQ(progress.of(Layer::cluster).left(), 0u);
  EXPECT_EQ(progress.all().left(), 1u);
  EXPECT_TRUE(progress.running().empty());
}

TEST(RunProgress, AStepThatWasNotPlannedToActIsCountedOnceItDoes) {
  Plan plan = plan_of(1);
  plan.steps[1].diff.action = Action::none;
  RunProgress progress(plan, "");
  EXPECT_EQ(progress.all().total, 2u);
  progress.on_event(event("step-started", "host/w-0/base"), at(1));
  EXPECT_EQ(progress.all().total, 3u);
  progress.on_event(event("step-done", "host/w-0/base"), at(2));
  EXPECT_EQ(progress.of(Layer::host).done, 1u);
}

TEST(LiveScreen, FitsEveryTerminal) {
  RunProgress progress(plan_of(40), "bootstrap a-cluster-with-a-long-name");
  for (int i = 0; i < 40; ++i) progress.on_event(event("step-started", "machine/w-" + std::to_string(i)), at(i));
  for (int i = 0; i < 40; i += 3)
    progress.on_event(event("step-progress", "machine/w-" + std::to_string(i), std::string(300, 'x')), at(50));
  for (int width = 20; width < 240; ++width)
    for (const int height : {8, 24, 50}) {
      const std::vector<std::string> lines =
          live_screen(progress, {at(0), at(60), {.colour = true, .width = width}, height, width % 2 == 0});
      EXPECT_LE(lines.size(), std::max<size_t>(6, static_cast<size_t>(height) / 2)) << width << "x" << height;
      for (const std::string& line : lines) ASSERT_LT(columns(line), static_cast<size_t>(width)) << line;
    }
}

TEST(LiveScreen, WhereNotAllHasRoomTheSlowestIsShownAndTheOthersAreCounted) {
  RunProgress progress(plan_of(40), "bootstrap demo");
  for (int i = 0; i < 40; ++i)
    progress.on_event(event("step-started", "machine/w-" + std::to_string(i)), at(i == 33 ? 0 : 20));
  const std::string screen = text_of(live_screen(progress, {at(0), at(25), {.width = 80}, 24}));
  EXPECT_NE(screen.find("  w-33 0/1   machine  25 s, usually 10 s\n"), std::string::npos) << screen;
  EXPECT_NE(screen.find("  … and 34 more running\n"), std::string::npos) << screen;
}

TEST(LiveScreen, SaysHowLongItTakesAndWhatCtrlCDoes) {
  const RunProgress progress(plan_of(1), "bootstrap demo");
  const Style style{.width = 80};
  EXPECT_NE(text_of(live_screen(progress, {at(0), at(5), style, 24})).find("5 s of about 23 s\n"), std::string::npos);
  const std::string late = text_of(live_screen(progress, {at(0), at(150), style, 24, true}));
  EXPECT_NE(late.find("2 min 30 s, usually 23 s\n"), std::string::npos) << late;
  EXPECT_NE(late.find("Stopping: "), std::string::npos) << late;
}

/// What a block writes.
class Written {
 public:
  Written() : file_(std::tmpfile()) {}
  ~Written() { std::fclose(file_); }
  std::FILE* file() const { return file_; }
  std::string take() {
    const auto size = static_cast<size_t>(std::ftell(file_));
    std::string text(size, '\0');
    std::rewind(file_);
    text.resize(std::fread(text.data(), 1, size, file_));
    std::rewind(file_);
    return text;
  }

 private:
  std::FILE* file_;
};

TEST(LiveBlock, WritesNothingWhereNothingChanged) {
  Written written;
  LiveBlock block(written.file());
  block.draw("", {"one", "two"}, 80);
  EXPECT_EQ(written.take(), "\033[?2026hone\033[K\ntwo\033[K\033[J\033[?2026l");
  block.draw("", {"one", "two"}, 80);
  EXPECT_EQ(written.take(), "");
}

TEST(LiveBlock, OverwritesInPlaceAndNeverClearsTheScreen) {
  Written written;
  LiveBlock block(written.file());
  block.draw("", {"one", "two"}, 80);
  (void)written.take();
  block.draw("told\n", {"three"}, 80);
  EXPECT_EQ(written.take(), "\033[?2026h\033[1A\rtold\033[K\nthree\033[K\033[J\033[?2026l");
  block.clear(80);
  EXPECT_EQ(written.take(), "\033[?2026h\r\033[J\033[?2026l");
}

TEST(LiveBlock, GoesUpOverWhatANarrowerTerminalHasWrapped) {
  Written written;
  LiveBlock block(written.file());
  block.draw("", {std::string(70, 'x'), "two"}, 80);
  (void)written.take();
  block.draw("", {"one"}, 40);
  EXPECT_EQ(written.take(), "\033[?2026h\033[2A\r\033[Jone\033[K\033[J\033[?2026l");
}

TEST(LookView, AQuickLookShowsNothing) {
  for (const bool live : {true, false}) {
    Written written;
    Instant now = at(0);
    {
      LookView view(
          "demo",
          {.out = written.file(), .live = live, .terminal = [] { return Terminal{}; }, .now = [&] { return now; }});
      view.on_event({.type = "step-observing", .step = StepId("host/w-0/base")});
      now += Milliseconds(600);
      view.tick();
    }
    EXPECT_EQ(written.take(), "") << live;
  }
}

TEST(LookView, ASlowOneSaysWhatItWaitsForAndLeavesNothing) {
  Written written;
  Instant now = at(0);
  std::atomic<bool> stopping{false};
  {
    LookView view("demo", {.out = written.file(),
                           .live = true,
                           .stopping = &stopping,
                           .terminal = [] { return Terminal{.style = {.width = 60}, .height = 24}; },
                           .now = [&] { return now; }});
    view.on_event({.type = "observe-started", .data = {{"steps", 9}}});
    for (int i = 0; i < 6; ++i) {
      now = at(i);
      view.on_event({.type = "step-observing", .step = StepId("host/w-" + std::to_string(i) + "/base")});
    }
    view.on_event({.type = "step-observed", .step = StepId("host/w-1/base")});
    now = at(12);
    view.tick();
    const std::string shown = written.take();
    EXPECT_NE(shown.find("Looking at demo  1 of 9 steps · 5 under way  12 s"), std::string::npos) << shown;
    EXPECT_NE(shown.find("  host/w-0/base  12 s"), std::string::npos) << shown;
    EXPECT_EQ(shown.find("w-1/base"), std::string::npos) << shown;
    EXPECT_NE(shown.find("  … and 1 more"), std::string::npos) << shown;
    stopping = true;
    view.tick();
    EXPECT_NE(written.take().find("Stopping; nothing was changed."), std::string::npos);
  }
  EXPECT_EQ(written.take(), "\033[?2026h\033[6A\r\033[J\033[?2026l");
}

TEST(LookView, WithoutATerminalItGivesASignOfLifeAtTimes) {
  Written written;
  Instant now = at(0);
  LookView view("demo", {.out = written.file(), .terminal = [] { return Terminal{}; }, .now = [&] { return now; }});
  view.on_event({.type = "log", .text = "waits for lists"});
  now = at(15);
  view.tick();
  EXPECT_EQ(written.take(), "15 s: looking at demo; waits for lists\n");
  view.on_event({.type = "observe-started", .data = {{"steps", 3}}});
  view.on_event({.type = "step-observing", .step = StepId("host/w-0/base")});
  now = at(20);
  view.tick();
  EXPECT_EQ(written.take(), "");
  now = at(30);
  view.tick();
  EXPECT_EQ(written.take(), "30 s: looking at demo, 0 of 3 steps · 1 under way; host/w-0/base for 15 s\n");
}

}  // namespace
}  // namespace slipway
