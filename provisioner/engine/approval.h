#pragma once
#include "graph/diff.h"
#include "graph/step.h"

namespace slipway {

/// Whether an action waits for --approve: every replace and delete, and making again what carried data. A step that was
/// never applied may be made freely: nothing is lost with it.
inline bool needs_approval(const StepInfo& info, bool applied_before, const Diff& diff) {
  if (diff.action == Action::replace || diff.action == Action::remove) return true;
  return info.carries_data && applied_before && diff.action == Action::create;
}

}  // namespace slipway
