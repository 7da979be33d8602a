#pragma once
// Reads known JSON in one pass, straight into our types. The state of 10,000 machines is 20 MB: building a tree first
// costs more than the whole time allowed for a load, and loses the place of a wrong field.
//
//   JsonReader reader(text);
//   reader.object([&](std::string_view key) {
//     if (key == "name") name = reader.text();
//     else reader.refuse_key(key, "name");
//   });
//   reader.end();
//   if (reader.fault()) …

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"

namespace slipway {

/// Strict RFC 8259 JSON: UTF-8, no duplicate keys in a Value. The first fault stops it: every later call returns at
/// once with an empty value. One thread; the text must outlive it.
class JsonReader {
 public:
  struct Fault {
    size_t at;  ///< Byte, from 0.
    std::string found, expected;
  };

  explicit JsonReader(std::string_view text) : text_(text) {}
  const std::optional<Fault>& fault() const { return fault_; }

  /// Calls `on_member(key)` for every member; it must read the value. The key is valid until then.
  template <class F>
  void object(F on_member) {
    if (!begin('{', "an object")) return;
    if (close('}')) return;
    do {
      const std::string_view name = key();
      if (fault_) return;
      on_member(name);
    } while (more('}'));
  }

  /// Calls `on_element()` for every element; it must read one value.
  template <class F>
  void array(F on_element) {
    if (!begin('[', "a list")) return;
    if (close(']')) return;
    do on_element();
    while (more(']'));
  }

  std::string text();
  /// The same without a copy, valid until the next call.
  std::string_view text_in_place();
  bool boolean();
  uint64_t natural();
  Value value();
  /// REQUIRES the end of the text.
  void end();

  /// Refuses the member whose key was read last.
  void refuse_key(std::string_view key, std::string_view expected);
  /// Refuses the value that was read last, or the member whose key was.
  void refuse(std::string found, std::string expected);

 private:
  void skip_blanks();
  char peek();  ///< The next significant byte, or NUL.
  bool begin(char bracket, std::string_view expected);
  bool close(char bracket);
  bool more(char bracket);
  std::string_view key();
  std::string_view quoted();  ///< A string; into the text, or into scratch_ where it had escapes.
  bool escape();
  bool utf8();
  bool hex4(unsigned& code);
  Value number();
  Value value_at(int depth);
  bool word(std::string_view expected);
  void fail_here(std::string_view expected);

  std::string_view text_;
  size_t at_ = 0;
  size_t token_ = 0;  ///< Where the last key or value began.
  std::string scratch_;
  std::optional<Fault> fault_;
};

}  // namespace slipway
