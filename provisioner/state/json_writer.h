#pragma once
// Writes readable JSON of our own types without a tree in between. Text that is not UTF-8 is written with U+FFFD in
// place of the bad bytes: what a host answered must not keep a record from being written.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/json.h"

namespace slipway {

/// Bytes of the UTF-8 character that `text` begins with (1 to 4); 0 where that is none (also for empty text).
size_t utf8_length(std::string_view text);

void append_json(std::string& out, std::string_view text);
void append_json(std::string& out, const Value& value);

/// One object on one line: `{"name": "w", "count": 2}`. The destructor writes the closing brace.
class ObjectWriter {
 public:
  explicit ObjectWriter(std::string& out) : out_(out) { out_ += '{'; }
  ~ObjectWriter() { out_ += '}'; }
  ObjectWriter(const ObjectWriter&) = delete;
  ObjectWriter& operator=(const ObjectWriter&) = delete;

  /// Writes the key; the caller appends the value to `out`.
  std::string& key(std::string_view name);
  void field(std::string_view name, std::string_view text) { append_json(key(name), text); }
  void field(std::string_view name, const std::string& text) { field(name, std::string_view(text)); }
  void field(std::string_view name, const char* text) { field(name, std::string_view(text)); }
  void field(std::string_view name, bool value) { key(name) += value ? "true" : "false"; }
  void field(std::string_view name, uint64_t value) { key(name) += std::to_string(value); }
  void value(std::string_view name, const Value& value) { append_json(key(name), value); }

 private:
  std::string& out_;
  bool first_ = true;
};

}  // namespace slipway
