#pragma once
// Two environments from one spec: a file with `extends: base.yaml` says only what differs from that file.

#include <string>

#include "spec/checker.h"

namespace slipway {

struct BaseReading {
  bool complete = true;  ///< False: the base is missing or cannot be read; there is nothing whole to check.
  std::string text{};    ///< The base's; empty where there is none.
};

/// Where the draft's tree names a base: makes draft.tree both files as one. Maps are merged key by key; anything else
/// takes the place of the base's, and a key with nothing after it takes the base's away. Faults of the base name its
/// path. `path`: of the file itself.
BaseReading take_in_base(SpecDraft& draft, const std::string& path);

}  // namespace slipway
