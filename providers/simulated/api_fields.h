#pragma once
// Server-side apply as the API server does it, small: field sets, merging, and giving up what is no longer set.
// Checked against a real API server by api_contract_test.

#include <string>

#include "base/json.h"

namespace slipway::simulated {

/// The fields that `value` sets, as a fieldsV1 tree. `name` is the key it stands under.
Value fields_of(const Value& value, const std::string& name = "");
/// `live` with `applied` laid over it: maps and keyed lists are merged, other lists are taken as a whole.
Value merged(const Value& live, const Value& applied, const std::string& name = "");
/// Takes out of `live` what `old_fields` holds, and neither `new_fields` nor `kept_fields` (of other managers) does.
void give_up(Value& live, const Value& old_fields, const Value& new_fields, const Value& kept_fields,
             const std::string& name = "");
/// What both trees own.
bool overlap(const Value& a, const Value& b);
/// `fields` without the leaves that `taken` owns.
Value without(const Value& fields, const Value& taken);
/// The tree of what differs between two objects.
Value changed_fields(const Value& before, const Value& after, const std::string& name = "");
/// Both trees in one.
Value united(Value a, const Value& b);

}  // namespace slipway::simulated
