#include "targets.h"

#include <cstdio>
#include <cstdlib>

namespace slipway::fuzz {

const std::vector<Target>& targets() {
  static const std::vector<Target> all = {{"spec", fuzz_spec},       {"state", fuzz_state}, {"plan", fuzz_plan},
                                          {"replies", fuzz_replies}, {"host", fuzz_host},   {"quoting", fuzz_quoting},
                                          {"xml", fuzz_xml}};
  return all;
}

void require(bool kept, const char* promise) {
  if (kept) return;
  std::fprintf(stderr, "broken promise: %s\n", promise);
  std::abort();
}

Choice choose(std::string_view bytes, size_t choices) {
  if (bytes.empty()) return {};
  return {static_cast<unsigned char>(bytes[0]) % choices, bytes.substr(1)};
}

}  // namespace slipway::fuzz
