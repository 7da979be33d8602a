#pragma once
// Who owns which field of an object, as server-side apply records it in metadata.managedFields.
// https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management
//
// An entry's fieldsV1 is a tree: "f:NAME" a member of a map, "k:{KEYS}" the element of a list with these key fields,
// "v:VALUE" the element of a set with this value, "." the item itself; an empty tree owns all below it.

#include <string>
#include <vector>

#include "base/json.h"
#include "kube/compare.h"

namespace slipway {

/// Whether our last apply set exactly the fields that `wanted` sets: then applying `wanted` gives up no field, and
/// nobody has taken one from us.
bool owned_exactly(const Value& live, const Value& wanted);

/// Whether any of our applies wrote to the object.
bool applied_by_us(const Value& live);

/// Whether we own the field, or what holds it.
bool owned_by_us(const Value& live, const FieldPath& path);

/// The other managers that own the field, what holds it, or a part of it: "kubectl-edit", "kubectl (scale)".
std::vector<std::string> other_owners(const Value& live, const FieldPath& path);

/// Whether another manager wrote to the object (its status aside) since our last apply.
bool touched_since_our_apply(const Value& live);

}  // namespace slipway
