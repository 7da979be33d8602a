#pragma once
#include "graph/diff.h"
#include "state/state.h"

namespace slipway {

/// A thing whose create was announced and never completed, and which is broken, was never Ready: making it again is
/// part of that create and waits for no approval.
inline void finish_create(const StepRecord* record, Diff& diff) {
  if (!record || !record->intent_open || diff.action != Action::replace) return;
  diff.action = Action::create;
  if (diff.note.empty()) diff.note = "it never became ready and is made again";
}

}  // namespace slipway
