#pragma once
// The one data type for what is not known at compile time: outputs, observations, API objects, state records.

#include <nlohmann/json.hpp>

namespace slipway {

/// JSON value; keys sorted, so that equal values print equally.
using Value = nlohmann::json;

/// `object[key]` as a string, or `otherwise` where the key is absent or not a string.
inline std::string text_at(const Value& object, const char* key, std::string otherwise = {}) {
  const auto it = object.is_object() ? object.find(key) : object.end();
  return it != object.end() && it->is_string() ? it->get<std::string>() : otherwise;
}

}  // namespace slipway
