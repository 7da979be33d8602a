#include "playbook/check_report.h"

#include <gtest/gtest.h>

#include "base/digest.h"

namespace slipway::playbook {
namespace {

Program sample() {
  Program program;
  program.tasks.push_back({.number = 2,
                           .name = "conf",
                           .fields = {{.name = "conf", .wanted = "present", .existence = true},
                                      {.name = "conf/content", .wanted = "sha256:aaaaaaaaaaaa", .piece = 1},
                                      {.name = "conf/mode", .wanted = "0644"},
                                      {.name = "conf/key", .sensitive = true}},
                           .owes = {"restart-it"}});
  program.handlers.push_back({.name = "restart it", .handler = true});
  program.pieces = {"one\ntwo\n"};
  return program;
}

Result<CheckReport> read(const std::string& output) { return read_check_report(sample(), {0, output, ""}); }

TEST(CheckReport, DriftNamesFieldsWithOldAndNewAndTheHandlersItWouldRun) {
  const Result<CheckReport> report = read("slipway 1\nfact os debian\ndrift 2 0 absent\ndrift 2 2 600\ndone\n");
  ASSERT_TRUE(report) << describe(report.error());
  EXPECT_EQ(report->facts.at("os"), "debian");
  ASSERT_EQ(report->drift.size(), 3u);
  EXPECT_EQ(report->drift[0], (FieldChange{.field = "conf", .new_value = "present"}));
  EXPECT_EQ(report->drift[1], (FieldChange{.field = "conf/mode", .old_value = "0600", .new_value = "0644"}));
  EXPECT_EQ(report->drift[2], (FieldChange{.field = "handler/restart it", .new_value = "run"}));
}

TEST(CheckReport, WhatAHostSaysIsAlwaysTextThatADocumentHolds) {
  // A line of two-byte letters, which an even cut would halve, and a fact whose name is no UTF-8.
  std::string line = "x";
  for (int i = 0; i < 60; ++i) line += "\xc3\xa4";
  const Result<CheckReport> report =
      read("slipway 1\nfact o\xffs debian\ntext 2 1 " + base64_encode("one\n" + line + "\n") + "\ndone\n");
  ASSERT_TRUE(report) << describe(report.error());
  EXPECT_NO_THROW(report->facts.dump());
  EXPECT_NO_THROW(Value(report->note).dump());
  EXPECT_NE(report->note.find("..."), std::string::npos);
}

TEST(CheckReport, TheFirstDifferingLineIsTold) {
  // base64 of "one\nzwei\n"
  const Result<CheckReport> report = read("slipway 1\ndrift 2 1 sha256:bb\ntext 2 1 b25lCnp3ZWkK\ndone\n");
  ASSERT_TRUE(report) << describe(report.error());
  EXPECT_EQ(report->note, "conf: line 2 is 'zwei', wanted 'two'");
}

TEST(CheckReport, ASecretFieldShowsNeitherValue) {
  const Result<CheckReport> report = read("slipway 1\ndrift 2 3 sha256:bb\ndone\n");
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->drift[0].sensitive);
  EXPECT_TRUE(report->drift[0].old_value.is_null());
  EXPECT_TRUE(report->drift[0].new_value.is_null());
}

TEST(CheckReport, AnOwedHandlerIsDriftByItself) {
  const Result<CheckReport> report = read("slipway 1\npending restart-it\ndone\n");
  ASSERT_TRUE(report);
  ASSERT_EQ(report->drift.size(), 1u);
  EXPECT_EQ(report->drift[0].field, "handler/restart it");
}

TEST(CheckReport, ABannerBeforeTheAnswerIsPassedOver) {
  const Result<CheckReport> report = read("Welcome!\ndrift 2 0 absent\nslipway 1\ndone\n");
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->drift.empty());
}

TEST(CheckReport, AnAnswerWithoutItsLastLineIsNoAnswer) {
  const Result<CheckReport> report = read("slipway 1\nfact os debian\n");
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().kind, ErrorKind::unavailable);
}

TEST(CheckReport, NumbersOutOfRangeAreIgnored) {
  const Result<CheckReport> report = read("slipway 1\ndrift 9 0 x\ndrift 2 77 x\ndrift x y z\ndrift\ndone\n");
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->drift.empty());
}

TEST(CheckReport, WithoutRootItSaysWhatToSet) {
  const Result<CheckReport> report = read("slipway 1\nrefused root\n");
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().kind, ErrorKind::unauthorised);
  EXPECT_NE(report.error().advice.find("sudo: true"), std::string::npos);
}

TEST(CheckReport, BytesThatAreNoTextBecomeQuestionMarks) {
  EXPECT_EQ(clean_text("a\xff\xc3\xa9\xe2\x82z\xed\xa0\x80"), "a?\xc3\xa9??z???");
  EXPECT_NO_THROW((void)Value(clean_text("\xf0\x80\x80\x80\xfe")).dump());
}

}  // namespace
}  // namespace slipway::playbook
