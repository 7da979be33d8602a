// The page about a run, from the files that a run leaves.

#include "report/report_html.h"

#include <filesystem>
#include <gtest/gtest.h>

#include "base/file.h"
#include "base/ids.h"
#include "base/secret.h"

namespace slipway {
namespace {

class RunFolder {
 public:
  RunFolder() { std::filesystem::create_directories(path); }
  ~RunFolder() { std::filesystem::remove_all(path); }
  void write(const std::string& name, const std::string& text) const {
    ASSERT_TRUE(write_file_atomically(path + "/" + name, text));
  }
  std::string path = (std::filesystem::temp_directory_path() / ("slipway-report-" + random_hex(6))).string();
};

Value step(const std::string& id, const std::string& machine, const std::string& action, std::vector<size_t> needs) {
  return {{"id", id},         {"machine", machine}, {"layer", "host"}, {"title", id},
          {"action", action}, {"reason", "drift"},  {"needs", needs},  {"diff", Value::array()}};
}

Value event(const std::string& time, const std::string& type, const std::string& id, const std::string& text = "") {
  return {{"time", "2026-11-21T09:30:" + time + "Z"}, {"type", type}, {"step", id}, {"text", text}};
}

/// Four steps: one after the other but the last, which fails.
void write_run(const RunFolder& folder) {
  Value base = step("host/workers-1/base", "workers-1", "update", {0});
  base["diff"] = {{{"field", "net.ipv4.ip_forward"}, {"old", "0"}, {"new", "1"}}};
  const Value header = {
      {"facts", {{"verb", "repair"}, {"cluster", "demo"}, {"run", "r-1"}, {"version", "9.9"}}},
      {"steps",
       {step("machine/workers-1", "workers-1", "none", {}), base, step("node/workers-1", "workers-1", "update", {1}),
        step("host/workers-2/base", "workers-2", "update", {})}}};
  folder.write("run.json", header.dump());
  std::string lines;
  for (const Value& line :
       {event("00.000", "run-started", ""), event("00.100", "step-started", "host/workers-1/base"),
        event("00.200", "step-started", "host/workers-2/base"), event("02.100", "step-done", "host/workers-1/base"),
        event("02.200", "step-started", "node/workers-1"), event("03.000", "step-done", "node/workers-1"),
        event("03.500", "step-failed", "host/workers-2/base", "disk <full> (quota)\n  try       free some room")})
    lines += line.dump() + "\n";
  folder.write("events.jsonl", lines + "{\"time\":\"2026-11-");
}

TEST(RunRecord, TellsWhatHappenedWhen) {
  const RunFolder folder;
  write_run(folder);
  const Result<RunRecord> run = read_run(folder.path);
  ASSERT_TRUE(run) << describe(run.error());
  ASSERT_EQ(run->steps.size(), 4u);
  EXPECT_EQ(run->steps[0].outcome, "unchanged");
  EXPECT_EQ(run->steps[1].outcome, "done");
  EXPECT_EQ(run->steps[1].begun_ms, 100);
  EXPECT_EQ(run->steps[1].ended_ms, 2100);
  EXPECT_EQ(run->steps[3].outcome, "failed");
  EXPECT_EQ(run->length_ms, 3500);
}

TEST(RunRecord, TheLongestChainIsByTimeNotByNumberOfSteps) {
  const RunFolder folder;
  write_run(folder);
  const Result<RunRecord> run = read_run(folder.path);
  ASSERT_TRUE(run);
  // 2.0 s and 0.8 s one after the other are less than 3.3 s alone.
  EXPECT_EQ(run->critical_path, (std::vector<size_t>{3}));
}

TEST(RunRecord, AStepThatNeverEndedWasCutOff) {
  const RunFolder folder;
  write_run(folder);
  folder.write("events.jsonl", event("00.000", "run-started", "").dump() + "\n" +
                                   event("01.000", "step-started", "node/workers-1").dump() + "\n");
  const Result<RunRecord> run = read_run(folder.path);
  ASSERT_TRUE(run);
  EXPECT_EQ(run->steps[2].outcome, "running");
  EXPECT_NE(report_html(*run).find("was cut off"), std::string::npos);
}

TEST(RunRecord, AMissingFolderIsNotFound) {
  const Result<RunRecord> run = read_run("/nonexistent/run");
  ASSERT_FALSE(run);
  EXPECT_EQ(run.error().kind, ErrorKind::not_found);
}

TEST(ReportHtml, ShowsFailureChangeAndChain) {
  const RunFolder folder;
  write_run(folder);
  const Result<RunRecord> run = read_run(folder.path);
  ASSERT_TRUE(run);
  const std::string page = report_html(*run);
  EXPECT_NE(page.find("repair of demo <span class=\"bad\">failed</span>"), std::string::npos);
  EXPECT_NE(page.find("disk &lt;full&gt; (quota)"), std::string::npos);
  EXPECT_NE(page.find("<code>net.ipv4.ip_forward</code> 0 → 1"), std::string::npos);
  EXPECT_NE(page.find("bar path failed"), std::string::npos);
}

TEST(ReportHtml, WhatWasNotTriedIsALineEachWithItsReason) {
  const RunFolder folder;
  write_run(folder);
  folder.write("events.jsonl",
               event("00.000", "run-started", "").dump() + "\n" +
                   event("01.000", "step-blocked", "node/workers-1", "waits for host/workers-1/base").dump() + "\n");
  const Result<RunRecord> run = read_run(folder.path);
  ASSERT_TRUE(run);
  const std::string page = report_html(*run);
  EXPECT_NE(page.find("<tr><td><code>node/workers-1</code></td><td>waits for host/workers-1/base</td></tr>"),
            std::string::npos);
  EXPECT_EQ(page.find("What did not succeed"), std::string::npos);
}

TEST(ReportHtml, LoadsNothingFromOutside) {
  const RunFolder folder;
  write_run(folder);
  const Result<RunRecord> run = read_run(folder.path);
  ASSERT_TRUE(run);
  const std::string page = report_html(*run);
  for (const char* outside : {"src=", "href=", "url(", "@import", "fetch("})
    EXPECT_EQ(page.find(outside), std::string::npos) << outside;
}

TEST(ReportHtml, KnownSecretsAreNotInIt) {
  const Secret secret("hunter2-hunter2");
  const RunFolder folder;
  write_run(folder);
  folder.write("events.jsonl", event("00.000", "run-started", "").dump() + "\n" +
                                   event("01.000", "step-failed", "node/workers-1", "login hunter2-hunter2").dump() +
                                   "\n");
  const Result<RunRecord> run = read_run(folder.path);
  ASSERT_TRUE(run);
  EXPECT_EQ(report_html(*run).find("hunter2"), std::string::npos);
}

}  // namespace
}  // namespace slipway
