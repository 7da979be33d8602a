#pragma once
#include "spec/checker.h"
#include "spec/spec.h"

namespace slipway {

/// The typed spec of a draft without faults. Path and digest are left to the caller, except that relative paths start
/// at `path`'s folder. REQUIRES: draft.faults is empty.
Spec build_spec(const SpecDraft& draft, const std::string& path);

}  // namespace slipway
