#pragma once
// What is fuzzed: each function takes any bytes and aborts where a promise is broken. libFuzzer drives one of them a
// program (entry.cpp); the unit tests feed all of them with the corpus, so that no finding comes back.

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace slipway::fuzz {

struct Target {
  std::string name;  ///< Also its folder of the corpus.
  void (*run)(std::string_view bytes);
};
const std::vector<Target>& targets();

void fuzz_spec(std::string_view bytes);
void fuzz_state(std::string_view bytes);
void fuzz_plan(std::string_view bytes);
void fuzz_replies(std::string_view bytes);
void fuzz_host(std::string_view bytes);
void fuzz_quoting(std::string_view bytes);
void fuzz_xml(std::string_view bytes);

/// Ends the program with `promise`, unless it was kept.
void require(bool kept, const char* promise);

/// The first byte as a choice, and the rest.
struct Choice {
  size_t number = 0;
  std::string_view rest;
};
Choice choose(std::string_view bytes, size_t choices);

}  // namespace slipway::fuzz
