#pragma once
// The table of the spec's keys (keys.cpp) and the tree made of it. The checker, the JSON Schema and the reference page
// all read this one table.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "spec/formats.h"

namespace slipway {

inline constexpr int64_t gibibyte = 1024 * 1024 * 1024;

/// One row. Paths: "network.pods"; "pools.<pool>" is each entry of a map; "pools.<pool>.hosts[]" each item of a list.
struct Key {
  std::string_view path;
  Type type = Type::text;
  bool required = false;
  std::string_view fallback{};              ///< Default as JSON; empty: none.
  std::string_view fallback_note{};         ///< The default in words, where the spec's other keys decide it.
  std::vector<std::string_view> choices{};  ///< Of a choice; of a map: the only names it may hold.
  std::string_view open_with{};             ///< Of a map with choices: an entry that has this key may have any name.
  std::optional<int64_t> least{}, most{};   ///< Inclusive; of a size in bytes, of text its length.
  Type key_type = Type::name;               ///< Of a map: what its names are.
  std::string_view about{};                 ///< One or two sentences for users.
};

/// All rows, parents before their children, in the order of the reference page.
const std::vector<Key>& spec_keys();

struct SchemaNode {
  const Key* key = nullptr;                           ///< nullptr: the file itself.
  std::string name;                                   ///< Last part of the path.
  std::vector<std::unique_ptr<SchemaNode>> children;  ///< Of an object.
  std::unique_ptr<SchemaNode> each;                   ///< Of a map's entries or a list's items.

  Type type() const { return key ? key->type : Type::object; }
  const SchemaNode* child(std::string_view name) const;
};

/// The root of the tree. Made once; any thread.
const SchemaNode& spec_schema();

}  // namespace slipway
