#pragma once
// Placeholders: the one way in which a YAML file of ours takes values from elsewhere. No expressions, by design.
//
//   image: ${images.flannel}              text
//   replicas: ${addons.ingress.replicas}  typed: alone in its scalar it becomes the value itself, also a list or a map
//   args: ["--subnet=${network.pods}"]    inside text; in { } and [ ] YAML wants the quotes
//   price: "$${literal}"                  `$$` is one `$`; a `$` before anything but `{` and `$` stands for itself
//   backends:
//     - $each: {in: "${nodes}", as: node, do: {host: "${node.name}", port: 80}}
//
// `$each` is an element of a list and stands for as many elements as `in` has: `in` is a list, or a map (then each
// element is {key, value}); `as` names the element inside `do`; where `do` is itself a list, its elements are taken one
// by one. With `having: key` only elements count that are maps and give the key a value. Keys of maps may hold
// placeholders that give text. What a placeholder brings in is not expanded again.
// Threads: any.

#include "base/json.h"
#include "base/result.h"
#include "spec/yaml.h"

namespace slipway {

/// `tree` with every placeholder replaced. Errors: bad_input (unknown path, naming the nearest known one; a list or map
/// inside text; `${` without its end; a malformed `$each`), its `where` a JSON pointer into `tree`.
Result<Value> expand(const Value& tree, const Value& variables);
/// As above; `where` is file:line:column.
Result<Value> expand(const YamlDocument& document, const Value& variables);

}  // namespace slipway
