#include "graph/diff.h"

#include <algorithm>
#include <set>

namespace slipway {

std::string_view name(Action action) {
  switch (action) {
    case Action::none:
      return "none";
    case Action::create:
      return "create";
    case Action::update:
      return "update";
    case Action::replace:
      return "replace";
    case Action::remove:
      return "delete";
  }
  return "none";
}

std::string_view name(Reason reason) {
  switch (reason) {
    case Reason::none:
      return "";
    case Reason::missing:
      return "missing";
    case Reason::drift:
      return "drift";
    case Reason::spec_changed:
      return "spec changed";
    case Reason::not_in_spec:
      return "not in spec";
    case Reason::version:
      return "version";
  }
  return "";
}

namespace {

bool open_ended(const Diff& approved) {
  return std::any_of(approved.fields.begin(), approved.fields.end(),
                     [](const FieldChange& field) { return field.field == "*" && field.unknown; });
}

bool allows_action(const Diff& diff, Action actual) {
  const Action approved = diff.action;
  if (actual == Action::none || approved == actual) return true;
  if (approved == Action::update && actual == Action::create) return open_ended(diff);
  // A create may turn out to be an adoption or an update of what carries our mark.
  if (approved == Action::create) return actual == Action::update;
  if (approved == Action::replace) return actual == Action::create || actual == Action::update;
  return false;
}

bool allows_field(const Diff& approved, const FieldChange& change) {
  const auto same_field = std::find_if(approved.fields.begin(), approved.fields.end(), [&](const FieldChange& field) {
    return field.field == change.field || (field.field == "*" && field.unknown);
  });
  if (same_field == approved.fields.end()) return false;
  return same_field->unknown || same_field->sensitive || change.sensitive || same_field->new_value == change.new_value;
}

}  // namespace

std::string first_excess(const Diff& approved, const Diff& actual) {
  if (!allows_action(approved, actual.action)) return std::string(name(actual.action));
  if (approved.action == Action::create || approved.action == Action::replace) return {};
  for (const FieldChange& change : actual.fields)
    if (!allows_field(approved, change)) return change.field;
  return {};
}

bool permits(const Diff& approved, const Diff& actual) { return first_excess(approved, actual).empty(); }

std::vector<FieldChange> compare_fields(const Value& observed, const Value& desired) {
  std::vector<FieldChange> changes;
  for (const auto& [field, wanted] : desired.items()) {
    const Value seen = observed.is_object() && observed.contains(field) ? observed.at(field) : Value();
    if (seen != wanted) changes.push_back({.field = field, .old_value = seen, .new_value = wanted});
  }
  return changes;
}

}  // namespace slipway
