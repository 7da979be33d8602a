#pragma once
// Desired against observed: the one thing that plans print, approvals hold and applies carry out.

#include <string>
#include <vector>

#include "base/json.h"

namespace slipway {

/// Ordered: a higher action is a stronger one.
enum class Action { none, create, update, replace, remove };
/// "none", "create", "update", "replace", "delete"
std::string_view name(Action action);

struct FieldChange {
  std::string field;       ///< Path within the step: "forwarding/net.ipv4.ip_forward", "runtime: /etc/x.toml mode".
  Value old_value{};       ///< null: absent.
  Value new_value{};       ///< null: absent, or not known yet.
  bool unknown = false;    ///< The new value is known after an earlier step's apply.
  bool sensitive = false;  ///< Shown as "changed" only.
  bool operator==(const FieldChange&) const = default;
};

/// Why a step acts, as plans show it.
enum class Reason { none, missing, drift, spec_changed, not_in_spec, version };
/// "", "missing", "drift", "spec changed", "not in spec", "version"
std::string_view name(Reason reason);

struct Diff {
  Action action = Action::none;
  Reason reason = Reason::none;
  std::vector<FieldChange> fields{};
  std::string note{};  ///< One sentence more for the reader: "the machine never became Ready and is made again".
  bool empty() const { return action == Action::none; }
};

/// True if `approved` permits `actual`: same or weaker action on a subset of the approved fields with the same new
/// values. A field approved as unknown permits any value, the field "*" approved as unknown any field,
/// and a create. An approved
/// create permits creating, adopting or updating our own object.
bool permits(const Diff& approved, const Diff& actual);
/// The first field of `actual` that `approved` lacks, for the error "the world changed since the plan"; empty if none.
std::string first_excess(const Diff& approved, const Diff& actual);

/// Fields of `desired` that differ in `observed`, by name, at the top level of two objects.
std::vector<FieldChange> compare_fields(const Value& observed, const Value& desired);

}  // namespace slipway
