#pragma once
// XML-RPC as OpenNebula speaks it (http://xmlrpc.com/spec.md, with i8 and nil): text in, text out, no I/O.

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

namespace slipway::opennebula {

/// A parameter. The type is part of the call: an int where a string is wanted is a fault.
using RpcParameter = std::variant<int, bool, std::string, std::vector<int>>;

/// A value of an answer. nil is an empty array.
struct RpcValue {
  std::variant<bool, int64_t, std::string, std::vector<RpcValue>> content = std::vector<RpcValue>{};

  const bool* as_bool() const { return std::get_if<bool>(&content); }
  const int64_t* as_int() const { return std::get_if<int64_t>(&content); }
  const std::string* as_string() const { return std::get_if<std::string>(&content); }
  const std::vector<RpcValue>* as_array() const { return std::get_if<std::vector<RpcValue>>(&content); }
};

/// The body of a call. Errors: bad_input (a string holds a character that XML cannot carry: control characters).
Result<std::string> encode_call(const std::string& method, const std::vector<RpcParameter>& parameters);

/// What came back: a value, or a fault.
struct RpcAnswer {
  RpcValue value;
  int fault_code = 0;  ///< 0: no fault.
  std::string fault_text;
};

/// `text` is used up. A document type declaration is refused, so that entities of its own cannot be declared.
/// Errors: corrupt.
Result<RpcAnswer> decode_answer(std::string text);

}  // namespace slipway::opennebula
