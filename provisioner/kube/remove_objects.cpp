#include "kube/remove_objects.h"

#include <algorithm>

#include "base/text.h"
#include "kube/order.h"
#include "kube/readiness.h"
#include "kube/status.h"
#include "kube/wanted.h"

namespace slipway {
namespace {

constexpr Seconds observe_limit{60};
constexpr std::chrono::minutes removal_limit{5};

}  // namespace

Result<std::unique_ptr<RemoveObjectsStep>> RemoveObjectsStep::make(const Value& data, bool delete_data) {
  if (!data.is_object() || !data.contains("objects"))
    return fail(ErrorKind::corrupt, "the state does not say which objects to delete", {.found = data.dump()});
  Result<std::vector<ObjectKey>> keys = object_keys_from(data["objects"]);
  if (!keys) return std::move(keys).error();
  sort_for_delete(*keys);
  ViewRules rules{.cluster = text_at(data, "cluster")};
  rules.recorded.insert(keys->begin(), keys->end());
  return std::unique_ptr<RemoveObjectsStep>(new RemoveObjectsStep(std::move(*keys), std::move(rules), delete_data));
}

Result<std::string> RemoveObjectsStep::foreign_instances(ClusterReader& reader, const Value& definition,
                                                         Deadline deadline) const {
  const Value& spec = definition.at("spec");
  for (const Value& version : spec.value("versions", Value::array())) {
    if (version.value("served", false) == false) continue;
    const ObjectKey kind{text_at(spec, "group") + "/" + text_at(version, "name"),
                         text_at(spec.value("names", Value::object()), "kind"), "", ""};
    const Result<std::vector<Value>> items = reader.list(kind, "", deadline);
    if (!items && is_unknown_kind(items.error()) && readiness_of(definition).ready)
      return fail(ErrorKind::unavailable, "the API does not serve a kind whose definition is established",
                  {.found = kind.kind + " of " + kind.api_version});
    if (!items && items.error().kind == ErrorKind::not_found) return std::string();
    if (!items) return items.error();
    const auto others = std::count_if(items->begin(), items->end(),
                                      [&](const Value& item) { return !carries_our_label(item, rules_.cluster); });
    if (others > 0) return std::to_string(others) + " objects of this kind are not ours";
    return std::string();
  }
  return std::string();
}

Result<std::string> RemoveObjectsStep::reason_to_keep(ClusterReader& reader, const Value& live,
                                                      Deadline deadline) const {
  if (!is_ours_to_delete(live, rules_)) return std::string("is not ours");
  const ObjectKey key = key_of(live);
  if (delete_data_ || !holds_data(key)) return std::string();
  if (key.kind == "CustomResourceDefinition") return foreign_instances(reader, live, deadline);
  return key.kind == "Namespace" ? inhabitants(reader, key.name, deadline) : std::string("holds data");
}

Result<std::string> RemoveObjectsStep::inhabitants(ClusterReader& reader, const std::string& name_space,
                                                   Deadline deadline) const {
  for (const ObjectKey& kind :
       {ObjectKey{"v1", "PersistentVolumeClaim", "", ""}, ObjectKey{"apps/v1", "Deployment", "", ""},
        ObjectKey{"apps/v1", "StatefulSet", "", ""}, ObjectKey{"apps/v1", "DaemonSet", "", ""}}) {
    const Result<std::vector<Value>> items = reader.list(kind, "", deadline);
    if (!items) return items.error();
    for (const Value& item : *items) {
      if (key_of(item).name_space != name_space) continue;
      if (kind.kind == "PersistentVolumeClaim") return "holds volumes: " + key_of(item).name;
      // What a controller made of our objects is ours, too.
      if (!carries_our_label(item, rules_.cluster) && !item["metadata"].contains("ownerReferences"))
        return "holds what is not ours: " + short_name(key_of(item));
    }
  }
  return std::string();
}

Result<Observation> RemoveObjectsStep::observe(Reader& reader, const Inputs&) const {
  const Deadline deadline = Deadline::in(observe_limit);
  Observation seen;
  Value present = Value::array(), kept = Value::array();
  for (const ObjectKey& key : keys_) {
    const Result<std::optional<Value>> live = reader.cluster.listed(key, deadline);
    if (!live) return Error(live.error()).while_doing("looking at " + describe(key));
    if (!*live) continue;
    const Result<std::string> reason = reason_to_keep(reader.cluster, **live, deadline);
    if (!reason) return Error(reason.error()).while_doing("looking at " + describe(key));
    if (reason->empty())
      present.push_back(short_name(key));
    else
      kept.push_back(short_name(key) + " (" + *reason + ")");
  }
  seen.exists = !present.empty();
  seen.facts = {{"present", std::move(present)}, {"kept", std::move(kept)}};
  return seen;
}

Diff RemoveObjectsStep::diff(const Observation& seen, const Inputs&) const {
  Diff diff;
  for (const Value& name : seen.facts.at("present")) diff.fields.push_back({.field = name, .old_value = "present"});
  std::vector<std::string> kept;
  for (const Value& text : seen.facts.at("kept")) kept.push_back(text);
  if (!kept.empty()) diff.note = "stays: " + join(kept, ", ");
  if (diff.fields.empty()) return diff;
  diff.action = Action::remove;
  diff.reason = Reason::not_in_spec;
  return diff;
}

Result<Outputs> RemoveObjectsStep::apply(Writer& writer, const Diff& diff, const Inputs&, Recorder& recorder) const {
  const Deadline deadline = Deadline::in(removal_limit);
  size_t done = 0;
  for (const ObjectKey& key : keys_) {
    if (recorder.cancelled()) return fail(ErrorKind::cancelled, "stopped between two objects");
    const bool approved = std::any_of(diff.fields.begin(), diff.fields.end(),
                                      [&](const FieldChange& change) { return change.field == short_name(key); });
    if (!approved) continue;
    const Result<Value> live = writer.read.cluster.get(key, deadline);
    if (!live && live.error().kind == ErrorKind::not_found) continue;
    if (!live) return Error(live.error()).while_doing("looking at " + describe(key));
    // Somebody may have taken it over, or put data into it, since the plan.
    const Result<std::string> reason = reason_to_keep(writer.read.cluster, *live, deadline);
    if (!reason) return reason.error();
    if (!reason->empty())
      return fail(ErrorKind::world_changed, "the world changed since the plan",
                  {.found = describe(key) + " " + *reason, .advice = "plan again, look, and apply that"});
    recorder.progress("deleting " + describe(key), ++done, diff.fields.size());
    if (Result<void> removed = writer.cluster.remove(key, deadline); !removed) return std::move(removed).error();
  }
  return Outputs{};
}

}  // namespace slipway
