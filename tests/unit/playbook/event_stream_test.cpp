#include "playbook/event_stream.h"

#include <gtest/gtest.h>

#include "base/digest.h"
#include "base/secret.h"

namespace slipway::playbook {
namespace {

class Events : public testing::Test {
 protected:
  Events() : events_(program_, [this](std::string_view text) { told_.emplace_back(text); }) {}

  static Program sample() {
    Program program;
    program.tasks.push_back({.number = 0, .name = "conf", .fields = {{.name = "conf/content"}, {.name = "conf/mode"}}});
    program.handlers.push_back({.number = 0, .name = "restart it", .handler = true});
    return program;
  }
  Error error() {
    const Result<EventStream::Ending> ending = events_.ending();
    return ending ? fail(ErrorKind::internal, "no error") : ending.error();
  }

  Program program_ = sample();
  std::vector<std::string> told_;
  EventStream events_;
};

TEST_F(Events, ADoneRunTellsWhatItDid) {
  for (const char* line : {"launch started", "started 0", "changed 0 1250", "handling 0", "handled 0 20", "end 0"})
    events_.take(line);
  ASSERT_TRUE(events_.ending());
  EXPECT_EQ(*events_.ending(), EventStream::Ending::done);
  EXPECT_EQ(told_, (std::vector<std::string>{"conf", "conf: changed (1.2 s)", "handler restart it",
                                             "handler restart it: done (0.0 s)"}));
}

TEST_F(Events, TheOffsetCountsEventsAndNotTheLauncher) {
  events_.take("launch started");
  events_.take("started 0");
  EXPECT_EQ(events_.offset(), 10u);
}

TEST_F(Events, WithoutALastEventThereIsNoEnding) {
  events_.take("started 0");
  ASSERT_TRUE(events_.ending());
  EXPECT_EQ(*events_.ending(), EventStream::Ending::none);
}

TEST_F(Events, AFailedTaskCarriesItsStatusAndLastOutput) {
  events_.take("failed 0 12 100 " + base64_encode("E: no such package\n"));
  events_.take("end 1");
  EXPECT_EQ(error().kind, ErrorKind::internal);
  EXPECT_EQ(error().summary, "task 'conf' failed on the host");
  EXPECT_EQ(error().found, "exit status 100");
  EXPECT_EQ(error().output, "E: no such package");
}

TEST_F(Events, SecretsAreKeptOutOfAFailedTasksOutput) {
  const Secret secret("correct-horse");
  events_.take("failed 0 12 1 " + base64_encode("login with correct-horse refused"));
  EXPECT_EQ(error().output, "login with (secret) refused");
}

TEST_F(Events, DriftBeyondTheApprovalIsWorldChanged) {
  events_.take("world 0 1 600");
  events_.take("end 4");
  EXPECT_EQ(error().kind, ErrorKind::world_changed);
  EXPECT_EQ(error().found, "conf/mode is '600'");
}

TEST_F(Events, AnUnverifiedTaskNamesTheField) {
  events_.take("left 0 1 600");
  events_.take("unverified 0 12 ");
  events_.take("end 1");
  EXPECT_EQ(error().kind, ErrorKind::verification);
  EXPECT_EQ(error().found, "conf/mode is '600'");
}

TEST_F(Events, AnotherApplyAtWorkIsAConflict) {
  events_.take("locked");
  events_.take("end 5");
  EXPECT_EQ(error().kind, ErrorKind::conflict);
}

TEST_F(Events, NonsenseIsSurvived) {
  for (const char* line : {"", "failed", "left", "world 7 9", "changed", "fact", "unverified", "launch"})
    events_.take(line);
  EXPECT_FALSE(events_.ending());
}

}  // namespace
}  // namespace slipway::playbook
