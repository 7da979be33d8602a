#include "kube/objects_apply.h"

#include <algorithm>

#include "kube/order.h"
#include "kube/readiness.h"
#include "kube/status.h"
#include "kube/wanted.h"

namespace slipway {
namespace {

constexpr Seconds call_limit{30};
/// How long an established definition may take until its kind is served.
constexpr Seconds new_kind_limit{20};

Error world_changed(const std::string& found) {
  return fail(
      ErrorKind::world_changed, "the world changed since the plan",
      {.found = found, .expected = "what the plan shows, or less", .advice = "plan again, look, and apply that"});
}

}  // namespace

ObjectsApply::ObjectsApply(Writer& writer, Recorder& recorder, const ViewRules& rules, Deadline deadline)
    : writer_(writer),
      recorder_(recorder),
      rules_(rules),
      deadline_(deadline),
      seen_(writer.read.cluster, writer.cluster) {}

Deadline ObjectsApply::call_deadline() const {
  return {std::min(deadline_.at, std::chrono::steady_clock::now() + call_limit)};
}

bool ObjectsApply::names(const ObjectKey& key) const {
  if (permitted_.action == Action::create) return true;
  const std::string name = short_name(key);
  return std::any_of(permitted_.fields.begin(), permitted_.fields.end(), [&](const FieldChange& change) {
    return change.field == name || change.field.starts_with(name + " ") || (change.field == "*" && change.unknown);
  });
}

Result<std::vector<ObjectKey>> ObjectsApply::apply(const std::vector<Value>& objects) {
  std::vector<ObjectKey> inventory;
  total_ = static_cast<size_t>(
      std::count_if(objects.begin(), objects.end(), [&](const Value& object) { return names(key_of(object)); }));
  for (const Value& wanted : objects) {
    if (recorder_.cancelled()) return fail(ErrorKind::cancelled, "stopped between two objects");
    const ObjectKey key = key_of(wanted);
    if (key.kind != "CustomResourceDefinition" && !new_definitions_.empty())
      if (Result<void> waited = wait_for_definitions(); !waited) return std::move(waited).error();
    Result<std::optional<Value>> live = seen_.listed(key, call_deadline());
    if (!live) return std::move(live).error().while_doing("looking at " + describe(key));
    if (!names(key)) {
      if (*live && is_ours_to_delete(**live, rules_)) inventory.push_back(key);
      continue;
    }
    Result<ObjectView> view = view_object(writer_.read.cluster, wanted, *live, rules_, call_deadline());
    if (!view) return std::move(view).error();
    if (view->standing == Standing::foreign) {
      recorder_.progress(view->note);
      continue;
    }
    recorder_.progress(describe(key), ++done_, total_);
    if (Result<void> settled = settle(*view); !settled) return std::move(settled).error();
    if (!view->adopted) inventory.push_back(key);
  }
  if (Result<void> waited = wait_for_definitions(); !waited) return std::move(waited).error();
  return inventory;
}

Result<void> ObjectsApply::settle(const ObjectView& view) {
  if (view.standing == Standing::same) return {};
  if (Result<void> permitted = check_permitted(view); !permitted) return permitted;
  for (const FieldChange& change : view.changes) recorder_.log(change.field + " changes");
  if (view.standing == Standing::changed) return write(view.wanted);
  if (view.standing == Standing::remade || view.leaving) {
    recorder_.progress("waiting until the old " + describe(view.key) + " is gone");
    if (Result<void> removed = writer_.cluster.remove(view.key, deadline_); !removed) return removed;
  }
  return make(view);
}

Result<void> ObjectsApply::check_permitted(const ObjectView& view) const {
  if (view.standing == Standing::absent) return {};
  if (view.standing == Standing::remade && permitted_.action != Action::replace && permitted_.action != Action::create)
    return world_changed(short_name(view.key) + " would have to be deleted and made again");
  // What is made, or made again, is approved as a whole.
  const bool whole = std::any_of(permitted_.fields.begin(), permitted_.fields.end(), [&](const FieldChange& change) {
    return change.field == short_name(view.key) && !change.new_value.is_null();
  });
  if (view.standing == Standing::remade || whole) return {};
  const std::string excess = first_excess(permitted_, {.action = Action::update, .fields = view.changes});
  return excess.empty() ? Result<void>{} : world_changed(excess + " now differs, too");
}

Result<void> ObjectsApply::make(const ObjectView& view) {
  if (!intent_recorded_)
    if (Result<void> recorded = recorder_.intent(mark_); !recorded) return recorded;
  intent_recorded_ = true;
  return write(view.wanted);
}

Result<void> ObjectsApply::write(const Value& object) {
  const ObjectKey key = key_of(object);
  const Instant begun = std::chrono::steady_clock::now();
  std::string last;
  for (Milliseconds span{200};; span = std::min(span * 2, Milliseconds(2000))) {
    const Result<Value> applied = writer_.cluster.apply(object, call_deadline());
    if (applied) break;
    const Error& error = applied.error();
    // The API serves a new kind, and a webhook's pods answer, some seconds after their objects are there.
    if (!is_unknown_kind(error) && !cannot_preview(error)) return error;
    if (is_unknown_kind(error) && std::chrono::steady_clock::now() - begun > new_kind_limit) return error;
    if (error.found != last) recorder_.progress(describe(key) + " waits: " + error.found);
    last = error.found;
    if (deadline_.left() <= span) return Error(error).while_doing("waiting for the API to take " + describe(key));
    if (Result<void> paused = pause(span, "waiting for the API to take an object"); !paused) return paused;
  }
  if (key.kind == "CustomResourceDefinition") new_definitions_.push_back(key);
  return {};
}

Result<void> ObjectsApply::wait_for_definitions() {
  for (; !new_definitions_.empty(); new_definitions_.pop_back()) {
    const ObjectKey& key = new_definitions_.back();
    for (Milliseconds span{50};; span = std::min(span * 2, Milliseconds(1000))) {
      const Result<Value> live = writer_.read.cluster.get(key, call_deadline());
      if (!live && !retryable(live.error().kind)) return live.error();
      const Readiness state = live ? readiness_of(*live) : Readiness{.why = live.error().summary};
      if (state.ready) break;
      if (deadline_.left() <= span)
        return fail(ErrorKind::timeout, "a definition was not established in time",
                    {.found = describe(key) + ": " + state.why, .expected = "Established"});
      if (Result<void> paused = pause(span, "waiting for a definition"); !paused) return paused;
    }
  }
  return {};
}

Result<void> ObjectsApply::pause(Milliseconds span, const char* doing) {
  if (recorder_.cancelled()) return fail(ErrorKind::cancelled, std::string("stopped while ") + doing);
  writer_.clock.sleep_until(writer_.clock.now() + span);
  return {};
}

Result<void> ObjectsApply::prune(const std::vector<ObjectKey>& keys) {
  for (const ObjectKey& key : keys) {
    if (recorder_.cancelled()) return fail(ErrorKind::cancelled, "stopped between two objects");
    if (!names(key)) continue;
    const Result<Value> live = writer_.read.cluster.get(key, call_deadline());
    if (!live && live.error().kind == ErrorKind::not_found) continue;
    if (!live) return live.error();
    if (!is_ours_to_delete(*live, rules_)) continue;
    if (holds_data(key) && permitted_.action != Action::replace)
      return world_changed(short_name(key) + " would have to be deleted");
    // A volume in use would wait for its claim, which a StatefulSet leaves behind.
    const Value claim = live->value("spec", Value::object()).value("claimRef", Value::object());
    if (key.kind == "PersistentVolume" && claim.is_object() && !text_at(claim, "name").empty()) {
      const ObjectKey bound{"v1", "PersistentVolumeClaim", text_at(claim, "namespace"), text_at(claim, "name")};
      recorder_.progress("deleting " + describe(bound));
      if (Result<void> removed = writer_.cluster.remove(bound, deadline_); !removed) return removed;
    }
    recorder_.progress("deleting " + describe(key));
    if (Result<void> removed = writer_.cluster.remove(key, deadline_); !removed) return removed;
  }
  return {};
}

}  // namespace slipway
