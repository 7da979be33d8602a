// The one quoting function, put before the shell that reads its work.
#include <gtest/gtest.h>
#include <random>

#include "base/process.h"
#include "base/text.h"

namespace slipway {
namespace {

std::string random_bytes(std::mt19937& random) {
  // Half of all bytes are ones that a shell minds.
  static const std::string minded = "'\"\\$`*?[]{}()<>|&;~#!\n\t =%^\x7f\x80\xff\x01";
  std::string text;
  for (size_t length = random() % 24; length > 0; --length)
    text += random() % 2 ? minded[random() % minded.size()] : static_cast<char>(1 + random() % 255);
  return text;
}

TEST(ShellQuote, AnyBytesComeOutOfTheShellAsTheyWentIn) {
  const auto seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (int round = 0; round < 20; ++round) {
    std::string script = "printf '%s\\000'", expected;
    for (int word = 0; word < 100; ++word) {
      const std::string text = random_bytes(random);
      script += " " + shell_quote(text);
      expected += text + '\0';
    }
    const Result<CommandOutcome> outcome = run_command({.arguments = {"/bin/sh"}, .input = script + "\n"});
    ASSERT_TRUE(outcome) << describe(outcome.error());
    ASSERT_EQ(outcome->output, expected);
    ASSERT_EQ(outcome->error_output, "");
  }
}

TEST(ShellQuote, NulBytesAreDroppedSinceNoWordCanHoldThem) {
  EXPECT_EQ(shell_quote(std::string("a\0b'", 4)), "'ab'\\'''");
}

TEST(ShellQuote, AnEmptyTextIsAWordOfItsOwn) { EXPECT_EQ(shell_quote(""), "''"); }

}  // namespace
}  // namespace slipway
