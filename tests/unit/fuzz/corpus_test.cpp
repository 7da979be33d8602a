// Every input that ever broke something, and the seeds, through every target: a finding does not come back unseen.

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>

#include "targets.h"

namespace slipway::fuzz {
namespace {

class Corpus : public ::testing::TestWithParam<Target> {};

TEST_P(Corpus, BreaksNoPromise) {
  size_t inputs = 0;
  for (const auto& entry : std::filesystem::directory_iterator(SLIPWAY_CORPUS "/" + GetParam().name)) {
    SCOPED_TRACE(entry.path().string());
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string bytes(std::istreambuf_iterator<char>(file), {});
    GetParam().run(bytes);
    // Cut short anywhere it must hold, too.
    for (size_t size = 0; size < bytes.size(); size += 1 + bytes.size() / 16)
      GetParam().run(std::string_view(bytes).substr(0, size));
    ++inputs;
  }
  EXPECT_GT(inputs, 0U);
}

INSTANTIATE_TEST_SUITE_P(Targets, Corpus, ::testing::ValuesIn(targets()),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace slipway::fuzz
