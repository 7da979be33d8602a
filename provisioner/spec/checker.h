#pragma once
// First half of the spec's checks: each key by itself, as the table of keys says. The second half, how keys fit
// together, is in network_checks.cpp and pool_checks.cpp.

#include <memory>
#include <string>
#include <vector>

#include "base/json.h"
#include "spec/fault.h"
#include "spec/schema.h"
#include "spec/yaml_tree.h"

namespace slipway {

/// A spec on its way: the file's tree and what is good of it. Values that are at fault are left out of `value`, so that
/// later checks pass over them instead of complaining twice.
struct SpecDraft {
  YamlNode tree;                            ///< With a base: both files as one.
  std::shared_ptr<const std::string> base;  ///< The base's path, which marks of the tree point to. Null: no base.
  Value value;                              ///< Defaults filled in; sizes as bytes.
  std::vector<SpecFault> faults;

  /// Adds a fault at the value that the path leads to, or at the deepest part of the path that the file holds.
  void add(const std::vector<std::string>& path, std::string message, std::string found = {}, std::string expected = {},
           std::string advice = {});
  /// As `add`, at the key instead of its value.
  void add_at_key(const std::vector<std::string>& path, std::string message, std::string found = {},
                  std::string expected = {}, std::string advice = {});
  /// True if the file itself holds the path (no default does).
  bool written(const std::vector<std::string>& path) const;
  /// The good value at a path, or nullptr.
  const Value* at(const std::vector<std::string>& path) const;
  /// The good text at a path, or "".
  std::string text(const std::vector<std::string>& path) const;
};

/// Checks the tree against the table: unknown and missing keys, types, formats, limits.
void check_keys(SpecDraft& draft);

}  // namespace slipway
