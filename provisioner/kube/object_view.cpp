#include "kube/object_view.h"

#include <algorithm>

#include "base/text.h"
#include "kube/compare.h"
#include "kube/managed_fields.h"
#include "kube/status.h"
#include "kube/wanted.h"

namespace slipway {
namespace {

constexpr size_t owners_named = 3;

/// Ours by its label; or recorded and applied by us, where somebody took the label off.
bool is_ours(const Value& live, const ViewRules& rules) {
  return carries_our_label(live, rules.cluster) || (rules.recorded.contains(key_of(live)) && applied_by_us(live));
}

FieldChange field_change(const ObjectKey& key, const ObjectChange& change) {
  FieldChange field{.field = short_name(key) + " " + text_of(change.path),
                    .old_value = change.old_value,
                    .new_value = change.new_value};
  if (key.kind == "Secret" && !change.path.empty() && change.path[0].name == "data") {
    field.sensitive = true;
    field.old_value = field.new_value = Value();
  }
  return field;
}

/// Drift, where somebody else wrote the field or took it away; else it is our wish that changed.
Reason reason_of(const Value& live, const ObjectChange& change) {
  if (owned_by_us(live, change.path)) return Reason::spec_changed;
  return touched_since_our_apply(live) ? Reason::drift : Reason::spec_changed;
}

void take_changes(ObjectView& view, const Value& live, const std::vector<ObjectChange>& changes) {
  std::vector<std::string> owners;
  for (const ObjectChange& change : changes) {
    // Between our list and the dry run a controller may have written fields of its own.
    if (!sets_field(view.wanted, change.path) && !owned_by_us(live, change.path)) continue;
    view.changes.push_back(field_change(view.key, change));
    if (view.reason != Reason::drift) view.reason = reason_of(live, change);
    for (const std::string& owner : other_owners(live, change.path)) {
      const std::string text = text_of(change.path) + " by " + owner;
      if (std::find(owners.begin(), owners.end(), text) == owners.end()) owners.push_back(text);
    }
  }
  view.standing = view.changes.empty() ? Standing::same : Standing::changed;
  if (owners.empty()) return;
  const size_t more = owners.size() > owners_named ? owners.size() - owners_named : 0;
  owners.resize(owners.size() - more);
  view.note = short_name(view.key) + " is also managed elsewhere: " + join(owners, ", ") +
              (more ? " and " + std::to_string(more) + " more" : "");
}

}  // namespace

bool is_ours_to_delete(const Value& live, const ViewRules& rules) { return is_ours(live, rules) && !is_adopted(live); }

Result<ObjectView> view_object(ClusterReader& reader, const Value& wanted, const std::optional<Value>& live,
                               const ViewRules& rules, Deadline deadline) {
  ObjectView view{.key = key_of(wanted), .wanted = wanted};
  if (!live) return view;
  if (!text_at((*live)["metadata"], "deletionTimestamp").empty()) {
    view.leaving = true;
    view.note = short_name(view.key) + " is being deleted and will be made again";
    return view;
  }
  const bool ours = is_ours(*live, rules);
  if (!ours && !rules.adopt) {
    view.standing = Standing::foreign;
    view.note = short_name(view.key) + " exists and is not ours: left alone";
    return view;
  }
  view.adopted = !ours || is_adopted(*live);
  if (view.adopted) view.wanted["metadata"]["annotations"][adopted_annotation] = "true";
  if (holds_all_of(*live, view.wanted) && owned_exactly(*live, view.wanted)) {
    view.standing = Standing::same;
    return view;
  }
  Result<Value> preview = reader.preview(view.wanted, deadline);
  if (preview) {
    take_changes(view, *live, changes_between(*live, *preview));
    return view;
  }
  if (cannot_preview(preview.error())) {
    take_changes(view, *live, changes_between(*live, overlaid(*live, view.wanted)));
    return view;
  }
  if (!asks_for_new_object(preview.error())) return std::move(preview).error();
  take_changes(view, *live, changes_between(*live, overlaid(*live, view.wanted)));
  view.standing = Standing::remade;
  view.note = short_name(view.key) + " must be deleted and made again: " + preview.error().found;
  return view;
}

}  // namespace slipway
