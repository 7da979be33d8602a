#include "kube/objects_step.h"

#include <algorithm>
#include <set>

#include "base/text.h"
#include "kube/objects_apply.h"
#include "kube/order.h"

namespace slipway {
namespace {

constexpr Seconds observe_limit{60};

Value to_value(const FieldChange& change) {
  return {
      {"field", change.field}, {"old", change.old_value}, {"new", change.new_value}, {"sensitive", change.sensitive}};
}

Value names_of(const std::vector<ObjectKey>& keys) {
  Value names = Value::array();
  for (const ObjectKey& key : keys) names.push_back(short_name(key));
  return names;
}

Value values_of(const std::vector<ObjectKey>& keys) {
  Value values = Value::array();
  for (const ObjectKey& key : keys) values.push_back(to_value(key));
  return values;
}

/// The strongest reason of all that differs, weakest first.
Reason stronger(Reason a, Reason b) {
  constexpr Reason order[] = {Reason::none,         Reason::not_in_spec, Reason::version,
                              Reason::spec_changed, Reason::missing,     Reason::drift};
  const auto rank = [&](Reason reason) { return std::find(std::begin(order), std::end(order), reason); };
  return rank(a) < rank(b) ? b : a;
}

}  // namespace

ObjectsStep::ObjectsStep(ObjectsOptions options, std::vector<Value> objects)
    : options_(std::move(options)), objects_(std::move(objects)) {
  rules_.cluster = options_.owner.cluster;
  rules_.adopt = options_.adopt;
  rules_.recorded.insert(options_.recorded.begin(), options_.recorded.end());
}

Result<std::unique_ptr<ObjectsStep>> ObjectsStep::make(ObjectsOptions options) {
  Result<std::vector<Value>> objects = prepare_objects(options.objects, options.owner);
  if (!objects) return std::move(objects).error().while_doing("reading the objects of " + options.owner.step.text());
  options.objects.clear();
  return std::unique_ptr<ObjectsStep>(new ObjectsStep(std::move(options), std::move(*objects)));
}

std::vector<ObjectKey> ObjectsStep::no_longer_wanted() const {
  // By kind and name, whatever the version: the same object may be wanted under a newer API version.
  std::set<std::string> wanted;
  for (const Value& object : objects_) wanted.insert(short_name(key_of(object)));
  std::vector<ObjectKey> keys;
  for (const ObjectKey& key : options_.recorded)
    if (!wanted.contains(short_name(key))) keys.push_back(key);
  sort_for_delete(keys);
  return keys;
}

bool ObjectsStep::stays(const ObjectKey& key) const { return key.kind == "PersistentVolume" && !options_.delete_data; }

Removal ObjectsStep::removal() const {
  std::vector<ObjectKey> keys;
  for (const Value& object : objects_) keys.push_back(key_of(object));
  for (const ObjectKey& key : no_longer_wanted()) keys.push_back(key);
  return {"objects", {{"cluster", options_.owner.cluster}, {"objects", values_of(keys)}}};
}

Result<Observation> ObjectsStep::observe(Reader& reader, const Inputs&) const {
  const Deadline deadline = Deadline::in(observe_limit);
  Observation seen;
  Value fields = Value::array(), absent = Value::array(), remade = Value::array(), notes = Value::array();
  std::vector<ObjectKey> inventory;
  Reason reason = Reason::none;
  for (const Value& wanted : objects_) {
    Result<std::optional<Value>> live = reader.cluster.listed(key_of(wanted), deadline);
    if (!live) return std::move(live).error().while_doing("looking at " + describe(key_of(wanted)));
    Result<ObjectView> view = view_object(reader.cluster, wanted, *live, rules_, deadline);
    if (!view) return std::move(view).error();
    if (view->standing != Standing::absent) seen.exists = true;
    if (!view->note.empty()) notes.push_back(view->note);
    if (view->standing == Standing::absent) absent.push_back(short_name(view->key));
    if (view->standing == Standing::remade) remade.push_back(short_name(view->key));
    if (view->standing == Standing::absent) reason = stronger(reason, Reason::missing);
    if (view->standing != Standing::absent && view->standing != Standing::foreign && !view->adopted)
      inventory.push_back(view->key);
    for (const FieldChange& change : view->changes) fields.push_back(to_value(change));
    reason = stronger(reason, view->reason);
  }
  Value prune = Value::array();
  bool prunes_data = false;
  for (const ObjectKey& key : no_longer_wanted()) {
    Result<std::optional<Value>> live = reader.cluster.listed(key, deadline);
    if (!live) return std::move(live).error().while_doing("looking at " + describe(key));
    if (!*live) continue;
    if (!is_ours_to_delete(**live, rules_)) {
      notes.push_back(short_name(key) + " is no longer wanted and not ours any more: left alone");
      continue;
    }
    inventory.push_back(key);
    if (stays(key)) {
      notes.push_back("stays: " + short_name(key) + " (--delete-data)");
      continue;
    }
    prune.push_back(short_name(key));
    prunes_data = prunes_data || holds_data(key);
    reason = stronger(reason, Reason::not_in_spec);
  }
  seen.outputs["inventory"] = values_of(inventory);
  seen.facts = {{"fields", std::move(fields)},        {"absent", std::move(absent)},     {"remade", std::move(remade)},
                {"prune", std::move(prune)},          {"prunes_data", prunes_data},      {"notes", std::move(notes)},
                {"reason", static_cast<int>(reason)}, {"inventory", names_of(inventory)}};
  return seen;
}

Diff ObjectsStep::diff(const Observation& seen, const Inputs&) const {
  const Value& facts = seen.facts;
  Diff diff{.reason = static_cast<Reason>(facts.at("reason").get<int>())};
  for (const Value& name : facts.at("absent")) diff.fields.push_back({.field = name, .new_value = "present"});
  for (const Value& name : facts.at("remade"))
    diff.fields.push_back({.field = name, .old_value = "present", .new_value = "made again"});
  for (const Value& change : facts.at("fields"))
    diff.fields.push_back({.field = change.at("field"),
                           .old_value = change.at("old"),
                           .new_value = change.at("new"),
                           .sensitive = change.at("sensitive")});
  for (const Value& name : facts.at("prune")) diff.fields.push_back({.field = name, .old_value = "present"});
  std::vector<std::string> notes;
  for (const Value& note : facts.at("notes")) notes.push_back(note);
  diff.note = join(notes, "; ");
  if (diff.fields.empty() && options_.settled) {
    // Prune and delete go by the inventory in state.
    Value recorded = names_of(options_.recorded), now = facts.at("inventory");
    std::sort(recorded.begin(), recorded.end());
    std::sort(now.begin(), now.end());
    if (recorded != now) {
      diff.fields.push_back({.field = "inventory", .old_value = std::move(recorded), .new_value = std::move(now)});
      diff.reason = Reason::drift;
      diff.action = Action::update;
      return diff;
    }
  }
  if (diff.fields.empty()) {
    diff.reason = Reason::none;
    return diff;
  }
  const bool strong = !facts.at("remade").empty() || facts.at("prunes_data").get<bool>();
  diff.action = strong ? Action::replace : seen.exists || !facts.at("prune").empty() ? Action::update : Action::create;
  return diff;
}

Diff ObjectsStep::forecast(const Inputs&) const {
  Diff diff{.action = Action::create, .reason = Reason::missing};
  for (const Value& object : objects_)
    diff.fields.push_back({.field = short_name(key_of(object)), .new_value = "present"});
  return diff;
}

Result<Outputs> ObjectsStep::apply(Writer& writer, const Diff& diff, const Inputs&, Recorder& recorder) const {
  ObjectsApply work(writer, recorder, rules_, Deadline::in(options_.limit));
  work.permit(diff);
  work.mark(options_.owner.cluster + "/" + options_.owner.step.text());
  Result<std::vector<ObjectKey>> inventory = work.apply(objects_);
  if (!inventory) return std::move(inventory).error();
  std::vector<ObjectKey> leaving = no_longer_wanted();
  // One that stays is ours as before.
  for (const ObjectKey& key : leaving)
    if (stays(key)) inventory->push_back(key);
  std::erase_if(leaving, [&](const ObjectKey& key) { return stays(key); });
  if (Result<void> pruned = work.prune(leaving); !pruned) return std::move(pruned).error();
  return Outputs{{"inventory", values_of(*inventory)}};
}

std::vector<ObjectKey> recorded_inventory(const Value& outputs) {
  if (!outputs.is_object() || !outputs.contains("inventory")) return {};
  Result<std::vector<ObjectKey>> keys = object_keys_from(outputs["inventory"]);
  return keys ? std::move(*keys) : std::vector<ObjectKey>{};
}

}  // namespace slipway
