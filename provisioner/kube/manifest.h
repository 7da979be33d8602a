#pragma once
// An add-on is a folder: addon.yaml and Kubernetes objects beside it (docs/guides/adding-an-addon.md).

#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "kube/gates.h"

namespace slipway {

/// One add-on, its placeholders filled in.
struct AddOn {
  std::string name;
  std::string description;
  std::vector<std::string> needs;   ///< Add-ons that must be ready first.
  std::vector<std::string> images;  ///< Names of images that its pods use: keys of the variable `images`.
  bool adopt = false;               ///< It takes over objects that somebody else made.
  Value values;                     ///< Its settings, defaults filled in.
  std::vector<Gate> gates;          ///< In order.
  std::vector<Value> objects;       ///< In file order, files by name.
  std::string url;                  ///< Where a person finds it; or empty.
  std::string credentials;          ///< Where its credentials are: "Secret NAMESPACE/NAME"; or empty.
};

/// Reads the folder. `settings` is what the spec says under addons.NAME; addon.yaml's `values` says what it may hold.
/// Files see `variables`, and `values`: the settings with their defaults.
/// Errors: not_found (no addon.yaml); bad_input (all faults of a file at file:line:column; a setting as
/// "addons.NAME.KEY").
Result<AddOn> load_add_on(const std::string& folder, const Value& settings, const Value& variables);

/// `settings` checked against the rows of addon.yaml's `values` and completed by their defaults. A row:
///   storage: {type: size, default: 2Gi, about: "…"}     type: text (default), number, integer, flag, size, list, map
///   replicas: {type: integer, least: 1, most: 2, default: 1}       mode: {choices: [a, b], required: true}
/// The keys "enabled" and "ignore" belong to the spec and are let through. Errors: bad_input. Pure.
Result<Value> settle_values(const std::string& add_on, const Value& rows, const Value& settings);

}  // namespace slipway
