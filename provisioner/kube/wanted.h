#pragma once
// The objects that a step keeps, made ready to be compared and applied: checked, cleaned, marked as ours, in order.

#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "ports/cluster.h"

namespace slipway {

inline constexpr const char* managed_by_label = "app.kubernetes.io/managed-by";
inline constexpr const char* cluster_label = "slipway.dev/cluster";
inline constexpr const char* step_label = "slipway.dev/step";
/// Annotation on what somebody else made and we took over: it is never deleted by us.
inline constexpr const char* adopted_annotation = "slipway.dev/adopted";

/// Whose an object is.
struct ObjectOwner {
  std::string cluster;  ///< The spec's name.
  StepId step;
};

/// A step's id as a label's value: other characters become '.', what is too long ends in a digest.
std::string label_value(const std::string& text);

/// Checks and completes objects as they come out of manifests: lists (`kind: List`) are taken apart; nulls, status and
/// what the server keeps itself are dropped; a Secret's stringData becomes data; the ownership labels are added; the
/// result is in the order of applying.
/// Errors: bad_input (no apiVersion, kind or metadata.name; two objects of one name).
Result<std::vector<Value>> prepare_objects(const std::vector<Value>& objects, const ObjectOwner& owner);

/// Whether the object carries the labels of this cluster (of any step).
bool carries_our_label(const Value& live, const std::string& cluster);
bool is_adopted(const Value& live);

/// "Deployment/kube-system/coredns", "Namespace/metallb-system": how diffs name an object.
std::string short_name(const ObjectKey& key);

Value to_value(const ObjectKey& key);
/// A list of keys as `to_value` made them. Errors: corrupt.
Result<std::vector<ObjectKey>> object_keys_from(const Value& list);

}  // namespace slipway
