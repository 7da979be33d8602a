#pragma once
// A playbook, a host to throw away, and the step between them.

#include <algorithm>
#include <gtest/gtest.h>
#include <memory>
#include <mutex>

#include "base/text.h"
#include "playbook/playbook_step.h"

#include "throw_away_host.h"

namespace slipway::testing {

class Notes final : public Recorder {
 public:
  Result<void> intent(const std::string&) override { return {}; }
  void progress(std::string_view text, uint64_t, uint64_t) override {
    const std::lock_guard lock(mutex_);
    lines_.emplace_back(text);
  }
  void log(std::string_view) override {}
  bool cancelled() const override { return false; }
  size_t changed() const {
    return static_cast<size_t>(std::count_if(lines_.begin(), lines_.end(), [](const std::string& line) {
      return line.find(": changed") != std::string::npos;
    }));
  }
  std::string text() const { return join(lines_, "\n"); }

 private:
  std::mutex mutex_;
  std::vector<std::string> lines_;
};

class Rig {
 public:
  /// REQUIRES: ThrowAwayHost::possible.
  explicit Rig(const std::string& text, playbook::PlaybookWish wish = {}) : ports_(host) { use(text, std::move(wish)); }

  void use(const std::string& text, playbook::PlaybookWish wish = {}) {
    Result<playbook::Playbook> book =
        playbook::parse_playbook("lab/sample.yaml", text, [this](const std::string& name) -> Result<std::string> {
          const auto file = files.find(name);
          if (file == files.end()) return fail(ErrorKind::not_found, "no such file");
          return file->second;
        });
    ASSERT_TRUE(book) << describe(book.error());
    if (wish.cluster.empty()) wish.cluster = "lab";
    if (wish.role.empty()) wish.role = "worker";
    wish.limit = std::chrono::seconds(30);
    inputs.set("access", to_value(access_of_test_host()));
    step = std::make_unique<playbook::PlaybookStep>(std::make_shared<playbook::Playbook>(std::move(*book)),
                                                    std::move(wish));
  }

  Result<Observation> observe() { return step->observe(ports_.reader(), inputs); }
  /// What a plan would show; a failure fails the test.
  Diff plan() {
    const Result<Observation> seen = observe();
    EXPECT_TRUE(seen) << describe(seen.error());
    return seen ? step->diff(*seen, inputs) : Diff{};
  }
  Result<Outputs> apply(const Diff& diff) {
    notes = std::make_unique<Notes>();
    return step->apply(ports_.writer(), diff, inputs, *notes);
  }
  /// Plans and applies until nothing is left; a failure fails the test.
  void repair() {
    const Result<Outputs> done = apply(plan());
    ASSERT_TRUE(done) << describe(done.error());
    ASSERT_EQ(fields(plan()), "");
  }
  static std::string fields(const Diff& diff) {
    std::vector<std::string> names;
    for (const FieldChange& change : diff.fields) names.push_back(change.field);
    return join(names, ", ");
  }

  std::map<std::string, std::string> files;  ///< Of files/; to be filled before `use`.
  ThrowAwayHost host;
  Inputs inputs;
  std::unique_ptr<playbook::PlaybookStep> step;
  std::unique_ptr<Notes> notes;

 private:
  HostPorts ports_;
};

#define SLIPWAY_NEEDS_A_HOST() \
  std::string why_not;         \
  if (!::slipway::testing::ThrowAwayHost::possible(why_not)) GTEST_SKIP() << why_not

}  // namespace slipway::testing
