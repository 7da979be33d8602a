#pragma once
// What type a scalar has. YAML 1.2's core schema, narrowed where its readings surprise: only true and false (also True,
// TRUE) are booleans, never yes, no, on, off; only decimal integers without sign '+' or leading zeros are numbers, so
// that 0644, 0x1f and 1e3 stay text; a float has digits on both sides of its dot.

#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"

namespace slipway {

/// The typed value of a scalar without quotes.
Value typed_scalar(std::string_view text);
/// The value of a scalar with an explicit tag ("!" is what quoted text carries); nullopt where the tag is unknown or
/// does not allow the text.
std::optional<Value> tagged_scalar(std::string_view tag, const std::string& text);

}  // namespace slipway
