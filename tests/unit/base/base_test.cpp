#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <random>
#include <sys/stat.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/error_reference.h"
#include "base/file.h"
#include "base/ids.h"
#include "base/process.h"
#include "base/secret.h"
#include "base/text.h"

#include "tests/golden.h"

namespace slipway {
namespace {

struct TemporaryFolder {
  std::string path = (std::filesystem::temp_directory_path() / ("slipway-test-" + random_hex(6))).string();
  TemporaryFolder() { std::filesystem::create_directories(path); }
  ~TemporaryFolder() { std::filesystem::remove_all(path); }
};

TEST(Errors, EveryKindHasANameAndAnExitCodeAsTabled) {
  const std::map<std::string, int> expected = {
      {"bad input", 3}, {"approval needed", 4}, {"world changed", 4}, {"locked", 5},  {"cancelled", 130},
      {"not found", 1}, {"conflict", 1},        {"unauthorised", 1},  {"quota", 1},   {"unavailable", 1},
      {"throttled", 1}, {"timeout", 1},         {"verification", 1},  {"corrupt", 1}, {"internal", 1}};
  std::map<std::string, int> found;
  for (int i = 0; i < 15; ++i)
    found[std::string(name(static_cast<ErrorKind>(i)))] = exit_code(static_cast<ErrorKind>(i));
  EXPECT_EQ(found, expected);
}

TEST(Errors, OnlyWhatMayPassByItselfIsRetried) {
  std::set<std::string> retried;
  for (int i = 0; i < 15; ++i)
    if (retryable(static_cast<ErrorKind>(i))) retried.insert(std::string(name(static_cast<ErrorKind>(i))));
  EXPECT_EQ(retried, (std::set<std::string>{"conflict", "unavailable", "throttled", "timeout"}));
}

TEST(Errors, EveryKindHasAMeaningAndAdvice) {
  EXPECT_EQ(error_kinds().size(), 15u);
  for (const ErrorKind kind : error_kinds()) {
    EXPECT_GT(meaning(kind).size(), 20u) << name(kind);
    EXPECT_GT(general_advice(kind).size(), 20u) << name(kind);
    EXPECT_NE(describe(fail(kind, "something")).find("\n  try       "), std::string::npos) << name(kind);
  }
}

TEST(Errors, ReferencePageIsTheTable) {
  testing_support::expect_golden(SLIPWAY_SOURCE "/docs/errors.md", error_reference_markdown());
}

TEST(Errors, ReadAsWhereWhatFoundExpectedTry) {
  const Error error = fail(
      ErrorKind::bad_input, "unknown provider",
      {.found = "opennebulla", .expected = "local or existing", .advice = "did you mean it?", .where = "a.yaml:3:4"});
  EXPECT_EQ(describe(error),
            "a.yaml:3:4: unknown provider (bad input)\n"
            "  found     opennebulla\n"
            "  expected  local or existing\n"
            "  try       did you mean it?");
}

TEST(Digest, KnowsTheStandardsOwnExample) {
  EXPECT_EQ(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Digest, Base64GoesThereAndBackForAnyBytes) {
  std::mt19937 random(7);
  for (size_t size = 0; size < 200; ++size) {
    std::string bytes(size, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    const Result<std::string> back = base64_decode(base64_encode(bytes));
    ASSERT_TRUE(back.ok()) << size;
    EXPECT_EQ(*back, bytes);
  }
  EXPECT_FALSE(base64_decode("ab!").ok());
}

TEST(Files, AreReplacedAsAWholeWithTheModeAskedFor) {
  const TemporaryFolder folder;
  const std::string path = folder.path + "/file";
  ASSERT_TRUE(write_file_atomically(path, "first", 0600).ok());
  ASSERT_TRUE(write_file_atomically(path, "second", 0600).ok());
  EXPECT_EQ(*read_file(path), "second");
  struct stat status {};
  ASSERT_EQ(stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path), {}), 1) << "no temporary file stays";
  EXPECT_EQ(read_file(folder.path + "/none").error().kind, ErrorKind::not_found);
}

TEST(Text, ADurationOfAnySizeIsWrittenOut) {
  EXPECT_EQ(format_seconds(1.25), "1.2 s");
  EXPECT_EQ(format_seconds(119), "119 s");
  EXPECT_EQ(format_seconds(185.9), "3 min 5 s");
  EXPECT_TRUE(format_seconds(1e17).starts_with("1666666666666666 min ")) << format_seconds(1e17);
  EXPECT_FALSE(format_seconds(1e300).empty());
}

TEST(Processes, GiveOutputErrorsAndExitStatus) {
  const Result<CommandOutcome> outcome =
      run_command({.arguments = {"sh", "-c", "cat; echo oops >&2; exit 3"}, .input = "fed"});
  ASSERT_TRUE(outcome.ok());
  EXPECT_EQ(outcome->output, "fed");
  EXPECT_EQ(outcome->error_output, "oops\n");
  EXPECT_EQ(outcome->exit_status, 3);
}

TEST(Process, AProgramThatLeavesItsInputUnreadIsNoBrokenPipeForUs) {
  const Result<CommandOutcome> outcome =
      run_command({.arguments = {"sh", "-c", "exit 4"}, .input = std::string(1 << 20, 'x')});
  ASSERT_TRUE(outcome.ok()) << describe(outcome.error());
  EXPECT_EQ(outcome->exit_status, 4);
}

TEST(Processes, LargeInputAndOutputDoNotBlockEachOther) {
  const std::string large(3 << 20, 'x');
  const Result<CommandOutcome> outcome = run_command({.arguments = {"cat"}, .input = large});
  ASSERT_TRUE(outcome.ok());
  EXPECT_EQ(outcome->output.size(), large.size());
}

TEST(Processes, AreEndedWithTheirChildrenAtTheTimeout) {
  const Result<CommandOutcome> outcome =
      run_command({.arguments = {"sh", "-c", "sleep 60 & wait"}, .timeout = Milliseconds(100)});
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.error().kind, ErrorKind::timeout);
}

TEST(Processes, AMissingProgramSaysWhichToInstall) {
  const Result<CommandOutcome> outcome = run_command({.arguments = {"no-such-program-here"}});
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.error().kind, ErrorKind::not_found);
  EXPECT_NE(outcome.error().advice.find("no-such-program-here"), std::string::npos);
}

TEST(Processes, LinesAreHandedOverAsTheyCome) {
  std::vector<std::string> lines;
  const Result<CommandOutcome> outcome =
      run_command({.arguments = {"sh", "-c", "printf 'a\\nb\\nc'"},
                   .on_line = [&](std::string_view line) { lines.emplace_back(line); }});
  ASSERT_TRUE(outcome.ok());
  EXPECT_EQ(lines, (std::vector<std::string>{"a", "b", "c"}));
}

TEST(Secrets, AreTakenOutOfEveryText) {
  const Secret secret("correct horse battery");
  EXPECT_EQ(redact("password is correct horse battery!"), "password is (secret)!");
  const Secret key("-----BEGIN KEY-----\nMIIBVgIBADANBgkqhkiG\n-----END KEY-----\n");
  EXPECT_EQ(redact("got MIIBVgIBADANBgkqhkiG here"), "got (secret) here");
  const Secret alike("correct horse cart");
  EXPECT_EQ(redact("correct horse battery, correct horse cart, correct horse"), "(secret), (secret), correct horse");
  const Secret first("winter-spring"), second("spring-summer");
  EXPECT_EQ(redact("winter-spring-summer spring-summerwinter-spring spring-"), "(secret) (secret)(secret) spring-");
}

TEST(Text, QuotingMeansWhatWasMeantForAnyBytes) {
  std::mt19937 random(42);
  std::string script, expected;
  for (int i = 0; i < 200; ++i) {
    std::string word(random() % 12, '\0');
    for (char& byte : word) byte = static_cast<char>(1 + random() % 255);
    script += "printf '%s\\036' " + shell_quote(word) + "\n";
    expected += word + "\036";
  }
  const Result<CommandOutcome> outcome = run_command({.arguments = {"sh"}, .input = script});
  ASSERT_TRUE(outcome.ok());
  EXPECT_EQ(outcome->output, expected);
}

TEST(Text, NearestFindsASlipOfTheHandOnly) {
  const std::vector<std::string> names = {"local", "openstack", "opennebula", "existing"};
  EXPECT_EQ(nearest("opennebulla", names), "opennebula");
  EXPECT_EQ(nearest("locall", names), "local");
  EXPECT_EQ(nearest("kubernetes", names), std::nullopt);
}

TEST(Text, GlobsMatchAsInAShell) {
  EXPECT_TRUE(glob_match("workers-*", "workers-12"));
  EXPECT_TRUE(glob_match("host/*/base", "host/w-1/base"));
  EXPECT_TRUE(glob_match("w-?", "w-1"));
  EXPECT_FALSE(glob_match("w-?", "w-12"));
  EXPECT_TRUE(glob_match("*", ""));
  EXPECT_FALSE(glob_match("", "x"));
}

}  // namespace
}  // namespace slipway
