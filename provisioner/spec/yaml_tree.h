#pragma once
// A YAML document as a tree in which every key and value knows its place. Inside this room only; others use
// spec/yaml.h.

#include <compare>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "spec/fault.h"

namespace slipway {

struct Mark {
  int line = 1, column = 1;
  const std::string* file = nullptr;  ///< Where it is not the file that is being read: its base. Outlives the tree.
  auto operator<=>(const Mark&) const = default;
};

struct YamlEntry;

struct YamlNode {
  enum class Kind { scalar, list, map };
  Kind kind = Kind::scalar;
  Mark mark;                       ///< Of an alias: where its anchor stands.
  Value scalar;                    ///< Typed: null, boolean, integer, float or string.
  std::string text;                ///< A scalar as written, without quotes.
  bool plain = false;              ///< A scalar without quotes, anchor, tag or alias.
  size_t offset = 0;               ///< Byte at which the node begins.
  std::vector<YamlEntry> entries;  ///< Of a map, in file order.
  std::vector<YamlNode> items;     ///< Of a list.

  bool is_null() const { return kind == Kind::scalar && scalar.is_null(); }
  /// The entry of that key, or nullptr; also where this is no map.
  const YamlEntry* find(std::string_view key) const;
};

struct YamlEntry {
  std::string key;
  Mark mark;
  YamlNode node;
};

/// What could be read of a file.
struct YamlReading {
  std::vector<YamlNode> documents;  ///< An empty one is a null scalar.
  bool complete = false;            ///< False after a syntax error: the documents before it remain.
};

/// All documents of the text. Faults are added to `faults`: a syntax error ends the reading, others (duplicate keys,
/// unknown tags, …) leave the rest readable. Never throws, whatever the bytes.
YamlReading read_yaml_trees(const std::string& text, std::vector<SpecFault>& faults);

/// As read_yaml_trees for a file of one document: a second one is a fault. A file without any holds a null scalar.
YamlReading read_yaml_tree(const std::string& text, std::vector<SpecFault>& faults);

/// The node's data without places.
Value to_value(const YamlNode& node);

/// How messages name what was found: "text 'abc'", "number 5", "a list", "nothing".
std::string describe(const YamlNode& node);

}  // namespace slipway
