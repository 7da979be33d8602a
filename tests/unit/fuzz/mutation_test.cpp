// Random changes of the corpus through every target, no fuzzer needed. An ordinary run has the same inputs each time;
// SLIPWAY_FUZZ_SEED and SLIPWAY_FUZZ_ROUNDS give others, and more.

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <random>

#include "targets.h"

namespace slipway::fuzz {
namespace {

std::vector<std::string> corpus_of(const std::string& target) {
  std::vector<std::string> inputs;
  for (const auto& entry : std::filesystem::directory_iterator(SLIPWAY_CORPUS "/" + target)) {
    std::ifstream file(entry.path(), std::ios::binary);
    inputs.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  return inputs;
}

class Mutator {
 public:
  Mutator(std::vector<std::string> corpus, unsigned seed) : corpus_(std::move(corpus)), random_(seed) {}

  std::string next() {
    std::string text = corpus_[random_() % corpus_.size()];
    for (int changes = 1 + static_cast<int>(random_() % 4); changes > 0; --changes) change(text);
    return text;
  }

 private:
  size_t place(const std::string& text) { return text.empty() ? 0 : random_() % text.size(); }

  void change(std::string& text) {
    // What parsers mind: brackets, quotes, escapes, numbers at their edges, bytes that are no UTF-8.
    static const std::vector<std::string> words = {"{",
                                                   "}",
                                                   "[",
                                                   "]",
                                                   "\"",
                                                   "\\",
                                                   "\n",
                                                   "\t",
                                                   ":",
                                                   ",",
                                                   "null",
                                                   "true",
                                                   "-1",
                                                   "1e99",
                                                   "0",
                                                   "&a",
                                                   "*a",
                                                   "<<: ",
                                                   "- ",
                                                   "!!",
                                                   "\xff",
                                                   "\xc3",
                                                   "%",
                                                   "${x",
                                                   "}}",
                                                   "{{",
                                                   "#",
                                                   "|",
                                                   "? ",
                                                   "'",
                                                   "\r\n",
                                                   "\\u0000",
                                                   "18446744073709551616",
                                                   std::string("\0", 1),
                                                   "\xed\xa0\x80",
                                                   "9223372036854775808"};
    const size_t at = place(text), length = std::min<size_t>(text.size() - at, random_() % 32);
    switch (random_() % 6) {
      case 0:
        if (!text.empty()) text[at] = static_cast<char>(random_());
        break;
      case 1:
        text.erase(at, length);
        break;
      case 2:
        text.insert(at, words[random_() % words.size()]);
        break;
      case 3:
        text.insert(at, text.substr(at, length));
        break;
      case 4: {
        const std::string& other = corpus_[random_() % corpus_.size()];
        text = text.substr(0, at) + other.substr(place(other));
        break;
      }
      case 5:
        text.replace(at, length, words[random_() % words.size()]);
        break;
    }
  }

  std::vector<std::string> corpus_;
  std::mt19937 random_;
};

unsigned number_from(const char* variable, unsigned otherwise) {
  const char* text = std::getenv(variable);
  return text && *text ? static_cast<unsigned>(std::strtoul(text, nullptr, 10)) : otherwise;
}

class Mutations : public ::testing::TestWithParam<Target> {};

TEST_P(Mutations, BreakNoPromise) {
  const unsigned seed = number_from("SLIPWAY_FUZZ_SEED", 1);
  const unsigned rounds = number_from("SLIPWAY_FUZZ_ROUNDS", 300);
  // A broken promise ends the program, so that what it was must stand there before.
  std::printf("seed %u, %u rounds\n", seed, rounds);
  std::fflush(stdout);
  Mutator mutator(corpus_of(GetParam().name), seed);
  for (unsigned round = 0; round < rounds; ++round) GetParam().run(mutator.next());
}

INSTANTIATE_TEST_SUITE_P(Targets, Mutations, ::testing::ValuesIn(targets()),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace slipway::fuzz
