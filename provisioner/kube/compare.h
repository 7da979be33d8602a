#pragma once
// Two versions of one object, field by field.

#include <string>
#include <vector>

#include "base/json.h"

namespace slipway {

/// One step of the way into an object: a member of a map, or an element of a list.
struct PathPart {
  std::string name;      ///< The member's key, or how people see the element: its name, or its index.
  bool element = false;  ///< An element of a list;
  Value value{};         ///< then the element itself, since list elements are known by their content.
};
using FieldPath = std::vector<PathPart>;

/// "spec.template.spec.containers[web].image", "metadata.labels[app.kubernetes.io/name]"
std::string text_of(const FieldPath& path);

struct ObjectChange {
  FieldPath path;
  Value old_value;  ///< null: absent.
  Value new_value;  ///< null: absent.
};

/// Every field that differs. What the API server keeps itself does not count: status, metadata.managedFields,
/// resourceVersion, generation, uid, creationTimestamp. Elements of lists are matched by "name" where all have one,
/// else by position; lists of different length without names are one change.
std::vector<ObjectChange> changes_between(const Value& live, const Value& next);

/// Whether `wanted` sets the field, a part of it, or what holds it.
bool sets_field(const Value& wanted, const FieldPath& path);

/// What `live` would become if `wanted` were laid over it: our own forecast, for where the API cannot make one.
Value overlaid(const Value& live, const Value& wanted);

/// Whether `live` holds every field that `wanted` sets, so that applying it would change no value. Errs on the side of
/// "no". Quantities are equal by amount; what is empty or zero equals what is absent.
bool holds_all_of(const Value& live, const Value& wanted);

}  // namespace slipway
