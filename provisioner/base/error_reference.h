#pragma once
// What people read about the kinds of error: one table, from which docs/errors.md is made.

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace slipway {

/// Every kind, in the order of docs/errors.md.
const std::vector<ErrorKind>& error_kinds();
/// What the kind means, one or two sentences.
std::string_view meaning(ErrorKind kind);
/// What helps against any error of the kind; `describe` shows it where an error brings no advice of its own.
std::string_view general_advice(ErrorKind kind);
/// docs/errors.md.
std::string error_reference_markdown();

}  // namespace slipway
