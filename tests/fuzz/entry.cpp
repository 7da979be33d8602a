// libFuzzer's way in; SLIPWAY_FUZZ_TARGET names the target that this program drives.
#include <cstddef>
#include <cstdint>

#include "targets.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const slipway::fuzz::Target* const target = [] {
    for (const slipway::fuzz::Target& candidate : slipway::fuzz::targets())
      if (candidate.name == SLIPWAY_FUZZ_TARGET) return &candidate;
    return static_cast<const slipway::fuzz::Target*>(nullptr);
  }();
  slipway::fuzz::require(target != nullptr, "the target exists");
  target->run({reinterpret_cast<const char*>(data), size});
  return 0;
}
