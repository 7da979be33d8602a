#pragma once
// The text of a YAML file: turns the parser's byte positions into places that an editor shows, and its messages into
// ones that say what to do.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "spec/fault.h"
#include "spec/yaml_tree.h"

namespace slipway {

/// Refers to the text, which must outlive it. One thread.
class YamlSource {
 public:
  explicit YamlSource(const std::string& text);

  /// The first byte that no YAML file may hold: invalid UTF-8 or a control character.
  std::optional<SpecFault> unreadable_byte();
  /// From the parser's line and byte column, both from 0. Cheap where calls go forward through the text.
  Mark place(int line, int byte_column);
  /// The byte of `text` at the parser's position, which does not count a byte order mark.
  size_t offset(int position) const;
  /// False if the node at the position opens quotes that nothing closes: the parser takes the rest of the file then.
  bool quotes_closed(int position) const;
  /// The parser's complaint in words for users.
  SpecFault syntax_fault(int line, int byte_column, const std::string& complaint);

 private:
  std::string_view line_text(int line) const;

  const std::string& text_;
  size_t mark_bytes_ = 0;            ///< Length of the byte order mark.
  std::vector<size_t> line_starts_;  ///< Byte of each line's first character.
  int last_line_ = 0, last_byte_ = 0, last_character_ = 0;
};

}  // namespace slipway
