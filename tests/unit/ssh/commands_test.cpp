#include <gtest/gtest.h>

#include "base/process.h"
#include "base/text.h"
#include "ssh/remote_command.h"
#include "ssh/script_output.h"

#include "test_sshd.h"

namespace slipway::ssh {
namespace {

CommandOutcome in_shell(const std::string& shell, const RemoteCommand& command, const std::string& input) {
  const Result<CommandOutcome> outcome = run_command({.arguments = {shell, "-c", command.command}, .input = input});
  EXPECT_TRUE(outcome.ok());
  return *outcome;
}

class RemoteShell : public testing::TestWithParam<const char*> {
 protected:
  CommandOutcome run(const std::string& script, const std::string& input) {
    const RemoteCommand command = remote_command(script, false);
    CommandOutcome outcome = in_shell(GetParam(), command, command.preamble + input);
    const size_t at = outcome.output.find(command.begin_line);
    EXPECT_NE(at, std::string::npos);
    outcome.output.erase(0, at + command.begin_line.size());
    return outcome;
  }
};

TEST_P(RemoteShell, TheScriptFindsItsInputUntouched) {
  std::string bytes;
  for (int i = 0; i < 100'000; ++i) bytes += static_cast<char>(i * 7 % 256);
  EXPECT_EQ(run("cat", bytes).output, bytes);
  EXPECT_EQ(run("cat", "\n\nx\n\n").output, "\n\nx\n\n");
  EXPECT_EQ(run("cat", "").output, "");
}

TEST_P(RemoteShell, AMebibyteOfScriptRunsToItsEnd) {
  std::string script;
  while (script.size() < 1024 * 1024) script += ": a line of a long script\n";
  EXPECT_EQ(run(script + "wc -c\n", "12345").output, "5\n");
}

TEST_P(RemoteShell, ExitStatusQuotesAndHereDocumentsSurvive) {
  EXPECT_EQ(run("exit 7", "").exit_status, 7);
  EXPECT_EQ(run("false", "").exit_status, 1);
  EXPECT_EQ(run("echo 'it'\"'\"'s' \"$(echo \\\\)\"", "").output, "it's \\\n");
  EXPECT_EQ(run("cat <<EOF\na\n\nEOF", "").output, "a\n\n");
  EXPECT_EQ(run("set -e\nfalse\necho not here", "").output, "");
  EXPECT_EQ(run("trap 'echo bye' EXIT\nexit 3", "").output, "bye\n");
}

TEST_P(RemoteShell, AScriptCutShortIsNotRun) {
  const RemoteCommand command = remote_command("echo begun\necho more\n", false);
  const CommandOutcome outcome = in_shell(GetParam(), command, command.preamble.substr(0, 12));
  EXPECT_EQ(outcome.exit_status, cut_short_status);
  EXPECT_EQ(outcome.output, "");
}

INSTANTIATE_TEST_SUITE_P(Shells, RemoteShell, testing::Values("/bin/dash", "/bin/bash"), [](const auto& info) {
  return std::string(info.param).substr(std::string(info.param).rfind('/') + 1);
});

TEST(RemoteCommand, NothingOfTheScriptIsInTheCommandLine) {
  const RemoteCommand command = remote_command("echo private words", true);
  EXPECT_EQ(command.command.find("private"), std::string::npos);
  EXPECT_TRUE(command.command.starts_with("exec sudo -n /bin/sh -c '")) << command.command;
}

class PutScript : public testing::Test {
 protected:
  CommandOutcome put(const std::string& path, const std::string& content, uint64_t said_size, int mode = 0640) {
    const Result<CommandOutcome> outcome =
        run_command({.arguments = {"/bin/sh", "-c", put_script(path, said_size, mode)}, .input = content});
    EXPECT_TRUE(outcome.ok());
    return *outcome;
  }
  size_t files_in(const std::string& folder) {
    return static_cast<size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
  }
  test::Folder folder_;
};

TEST_F(PutScript, WritesContentModeAndFolders) {
  const std::string path = folder_.file("a/b c/it's");
  const CommandOutcome outcome = put(path, std::string("a\0b\n", 4), 4);
  ASSERT_EQ(outcome.exit_status, put_done) << outcome.error_output;
  EXPECT_EQ(read_file(path).value(), std::string("a\0b\n", 4));
  struct stat status {};
  ASSERT_EQ(stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0640u);
  EXPECT_EQ(files_in(folder_.file("a/b c")), 1u);
}

TEST_F(PutScript, ACutStreamLeavesTheOldFileAndNoOther) {
  const std::string path = folder_.write("file", "old");
  const CommandOutcome outcome = put(path, "half", 8);
  EXPECT_EQ(outcome.exit_status, put_cut_short);
  EXPECT_EQ(read_file(path).value(), "old");
  EXPECT_EQ(files_in(folder_.file("")), 1u);
}

TEST_F(PutScript, AFolderInThePlaceIsAnErrorAndStays) {
  std::filesystem::create_directory(folder_.file("here"));
  EXPECT_EQ(put(folder_.file("here"), "x", 1).exit_status, put_not_renamed);
  EXPECT_EQ(files_in(folder_.file("")), 1u);
  EXPECT_EQ(files_in(folder_.file("here")), 0u);
}

TEST_F(PutScript, AFileInPlaceOfAFolderIsAnError) {
  folder_.write("file", "x");
  EXPECT_EQ(put(folder_.file("file/below"), "x", 1).exit_status, put_no_folder);
}

TEST(ScriptOutput, TellsWholeLinesAndDropsTheLoginShellsNoise) {
  std::vector<std::string> lines;
  ScriptOutput output("#mark\n", [&](std::string_view line) { lines.emplace_back(line); });
  for (const char c : std::string("welcome to this host\nno newline#mark\none\n\ntwo")) output.add({&c, 1});
  EXPECT_EQ(lines, (std::vector<std::string>{"one", ""}));
  output.finish();
  EXPECT_EQ(lines, (std::vector<std::string>{"one", "", "two"}));
  EXPECT_EQ(output.text(), "one\n\ntwo");
}

TEST(ScriptOutput, WithoutTheMarkNothingBegan) {
  ScriptOutput output("#mark\n", [](std::string_view) { FAIL(); });
  output.add("This account is closed.\n");
  output.finish();
  EXPECT_FALSE(output.begun());
}

}  // namespace
}  // namespace slipway::ssh
