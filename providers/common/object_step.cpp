#include "providers/common/object_step.h"

#include <algorithm>

#include "base/text.h"
#include "graph/earlier_try.h"
#include "ports/cloud_search.h"

namespace slipway {
namespace {

constexpr const char* twins_field = "twins";

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

CloudObject object_from(const Value& facts) {
  return {.kind = text_at(facts, "kind"),
          .id = text_at(facts, "id"),
          .name = text_at(facts, "name"),
          .mark = text_at(facts, "mark"),
          .fields = facts.value("fields", Value::object())};
}

/// Sorts as text does; numbers are given a fixed width.
std::string age_key(const CloudObject& object) {
  const auto created = object.fields.is_object() ? object.fields.find("created") : object.fields.end();
  if (created == object.fields.end()) return "~";
  if (created->is_string()) return created->get<std::string>();
  if (!created->is_number()) return "~";
  std::string digits = std::to_string(created->get<uint64_t>());
  return std::string(digits.size() < 20 ? 20 - digits.size() : 0, '0') + digits;
}

std::string label(const CloudObjectOrder& order) { return order.kind + " " + order.name; }

CloudProgress to_recorder(Recorder& recorder) {
  return [&recorder](std::string_view text) { recorder.progress(text); };
}

}  // namespace

Removal removal_of(const CloudObjectOrder& order) {
  return {.kind = "cloud",
          .data = {{"kind", order.kind},
                   {"id", order.recorded_id.empty() ? order.certain_id : order.recorded_id},
                   {"name", order.name},
                   {"mark", order.mark}}};
}

Result<std::vector<CloudObject>> CloudObjectStep::find(CloudReader& cloud) const {
  Result<std::vector<CloudObject>> found = find_objects(cloud, order_.kind, {.mark = order_.mark, .name = order_.name});
  if (!found) return std::move(found).error().while_doing("looking for " + label(order_));
  std::stable_sort(found->begin(), found->end(), [&](const CloudObject& left, const CloudObject& right) {
    const bool left_recorded = !order_.recorded_id.empty() && left.id == order_.recorded_id;
    const bool right_recorded = !order_.recorded_id.empty() && right.id == order_.recorded_id;
    if (left_recorded != right_recorded) return left_recorded;
    return age_key(left) < age_key(right);
  });
  return found;
}

Result<std::vector<CloudObject>> CloudObjectStep::find_late(Writer& writer, Recorder& recorder) const {
  Result<std::vector<CloudObject>> found = find(writer.read.cloud);
  if (!may_exist(recorder) || order_.list_lag.count() == 0) return found;
  const Instant until = writer.clock.now() + order_.list_lag;
  for (Milliseconds pause{200}; found && found->empty(); pause = std::min(pause * 2, Milliseconds(2000))) {
    if (recorder.cancelled()) return fail(ErrorKind::cancelled, "stopped while looking for " + label(order_));
    const Instant now = writer.clock.now();
    if (now >= until) break;
    if (pause == Milliseconds(200))
      recorder.progress("an interrupted try may have made " + label(order_) + "; looking for it before making another");
    writer.clock.sleep_until(std::min(until, now + pause));
    found = find(writer.read.cloud);
  }
  return found;
}

Value CloudObjectStep::wanted(const Inputs& inputs) const {
  Value fields = order_.fields;
  for (const auto& [field, input] : order_.field_inputs)
    fields[field] = inputs.known(input) ? inputs.at(input) : Value();
  return fields;
}

Value CloudObjectStep::compared(const Inputs& inputs) const {
  Value fields = wanted(inputs);
  for (const std::string& field : order_.create_only) fields.erase(field);
  return fields;
}

Outputs CloudObjectStep::outputs_of(const CloudObject& object, const Inputs& inputs) const {
  Outputs outputs{{"id", object.id}};
  for (const std::string& field : order_.publish)
    if (const auto value = object.fields.find(field); value != object.fields.end() && !value->is_null())
      outputs[field] = *value;
  // A machine that does not run has no access: whatever stands on it waits until this step was applied.
  if (!order_.access || text_at(object.fields, "state", "running") != "running") return outputs;
  HostAccess access = *order_.access;
  for (const auto& [member, input] : order_.access_inputs) {
    if (!inputs.known(input) || !inputs.at(input).is_string()) return outputs;
    const auto address = inputs.at(input).get<std::string>();
    if (member == "jump")
      access.jump.insert(access.jump.rfind(':'), address);
    else
      access.address = address;
  }
  if (access.address.empty()) access.address = text_at(object.fields, "address");
  if (!access.address.empty()) outputs["access"] = to_value(access);
  return outputs;
}

Observation CloudObjectStep::observation_of(const std::vector<CloudObject>& found, const Inputs& inputs) const {
  Observation seen;
  if (found.empty()) {
    if (!order_.certain_id.empty()) seen.outputs["id"] = order_.certain_id;
    return seen;
  }
  const CloudObject& object = found.front();
  Value twins = Value::array();
  for (size_t i = 1; i < found.size(); ++i) twins.push_back(found[i].id);
  seen.exists = true;
  seen.facts = {{"kind", object.kind}, {"id", object.id},         {"name", object.name},
                {"mark", object.mark}, {"fields", object.fields}, {twins_field, twins}};
  seen.outputs = outputs_of(object, inputs);
  return seen;
}

Result<Observation> CloudObjectStep::observe(Reader& reader, const Inputs& inputs) const {
  Result<std::vector<CloudObject>> found = find(reader.cloud);
  if (!found) return std::move(found).error();
  return observation_of(*found, inputs);
}

Diff CloudObjectStep::forecast(const Inputs& inputs) const {
  Diff diff{.action = Action::create, .reason = Reason::missing, .fields = {}};
  const Value fields = wanted(inputs);
  diff.fields.reserve(fields.size());
  for (const auto& [field, value] : fields.items()) {
    const auto from = order_.field_inputs.find(field);
    const bool unknown = from != order_.field_inputs.end() && !inputs.known(from->second);
    diff.fields.push_back({.field = field, .new_value = unknown ? Value() : value, .unknown = unknown});
  }
  return diff;
}

Diff CloudObjectStep::diff(const Observation& seen, const Inputs& inputs) const {
  if (!seen.exists) return forecast(inputs);
  Diff diff;
  diff.fields = compare_fields(seen.facts.value("fields", Value::object()), compared(inputs));
  bool replace = false, state_alone = !diff.fields.empty();
  for (const FieldChange& change : diff.fields) {
    const bool is_state = change.field == "state";
    replace = replace || contains(order_.replace_on, change.field) || (is_state && change.old_value == "error");
    state_alone = state_alone && is_state;
  }
  const Value twins = seen.facts.value(twins_field, Value::array());
  if (!twins.empty()) {
    state_alone = true;
    diff.fields.push_back({.field = twins_field, .old_value = twins, .new_value = Value::array()});
    diff.note = std::to_string(twins.size()) + " more with the same mark, left by an interrupted run, are removed";
  }
  if (diff.fields.empty()) return diff;
  diff.action = replace ? Action::replace : Action::update;
  diff.reason = state_alone ? Reason::drift : Reason::spec_changed;
  return diff;
}

Result<CloudObject> CloudObjectStep::create(Writer& writer, const Inputs& inputs, Recorder& recorder) const {
  if (Result<void> noted = recorder.intent(order_.mark); !noted) return std::move(noted).error();
  return writer.cloud.create({.kind = order_.kind, .name = order_.name, .mark = order_.mark, .fields = wanted(inputs)},
                             to_recorder(recorder), Deadline::in(order_.limit));
}

Result<void> CloudObjectStep::wait_for_login(Writer& writer, const HostAccess& host, Recorder& recorder) const {
  constexpr Milliseconds pause = Seconds(2);
  recorder.progress("waiting until " + host.machine.text() + " lets us log in");
  const Deadline deadline = Deadline::in(order_.login_limit);
  while (true) {
    Result<void> up = writer.hosts.wait_until_up(host, deadline);
    const bool other_key = !up && up.error().kind == ErrorKind::verification;
    if (!other_key || deadline.left() < pause || recorder.cancelled()) return up;
    // The machine's own first start is still going on: the key that was sent along is not in place yet.
    recorder.progress(host.machine.text() + " answers with another host key so far: " + up.error().found);
    writer.hosts.forget(host.machine);
    writer.clock.sleep_until(writer.clock.now() + pause);
  }
}

Result<Outputs> CloudObjectStep::apply(Writer& writer, const Diff& approved, const Inputs& inputs,
                                       Recorder& recorder) const {
  Result<Outputs> outputs = make_true(writer, approved, inputs, recorder);
  if (!outputs || order_.login_limit.count() == 0) return outputs;
  const auto access = outputs->find("access");
  if (access == outputs->end()) return outputs;
  Result<HostAccess> host = host_access_from(access->second);
  if (!host) return std::move(host).error();
  if (Result<void> up = wait_for_login(writer, *host, recorder); !up) return std::move(up).error();
  return outputs;
}

Result<Outputs> CloudObjectStep::make_true(Writer& writer, const Diff& approved, const Inputs& inputs,
                                           Recorder& recorder) const {
  // The last try may have created it and died before its answer came: look before creating.
  Result<std::vector<CloudObject>> found = find_late(writer, recorder);
  if (!found) return std::move(found).error();
  const Observation seen = observation_of(*found, inputs);
  const Diff actual = diff(seen, inputs);
  // What a create left broken was never Ready; making it again is part of that create.
  const bool remade = approved.action == Action::create && actual.action == Action::replace &&
                      text_at(found->front().fields, "state") == "error";
  if (!remade && !permits(approved, actual))
    return fail(ErrorKind::world_changed, "the world changed since the plan",
                {.found = label(order_) + ": " + first_excess(approved, actual),
                 .expected = std::string(name(approved.action)) + " as planned",
                 .advice = "plan again, then apply"});

  const auto failed = [&](Error error, const char* doing) {
    return std::move(error).while_doing(std::string(doing) + " " + label(order_));
  };
  if (!seen.exists) {
    Result<CloudObject> made = create(writer, inputs, recorder);
    if (!made) return failed(std::move(made).error(), "making");
    return outputs_of(*made, inputs);
  }
  if (approved.action == Action::create)
    recorder.progress("found " + label(order_) + " from an interrupted run; it is taken up");

  for (size_t i = 1; i < found->size(); ++i) {
    const CloudObject& twin = (*found)[i];
    recorder.progress("removing a twin of " + label(order_) + " (" + twin.id + "), left by an interrupted run");
    if (Result<void> gone = writer.cloud.remove(order_.kind, twin.id, Deadline::in(order_.limit)); !gone)
      return failed(std::move(gone).error(), "removing a twin of");
  }
  CloudObject object = object_from(seen.facts);
  if (actual.action == Action::replace) {
    if (Result<void> gone = writer.cloud.remove(order_.kind, object.id, Deadline::in(order_.limit)); !gone)
      return failed(std::move(gone).error(), "removing");
    Result<CloudObject> made = create(writer, inputs, recorder);
    if (!made) return failed(std::move(made).error(), "making");
    return outputs_of(*made, inputs);
  }
  Value changes = Value::object();
  for (const FieldChange& change : actual.fields)
    if (change.field != twins_field) changes[change.field] = change.new_value;
  if (!changes.empty()) {
    Result<CloudObject> changed =
        writer.cloud.update(object, changes, to_recorder(recorder), Deadline::in(order_.limit));
    if (!changed) return failed(std::move(changed).error(), "changing");
    object = std::move(*changed);
  }
  return outputs_of(object, inputs);
}

}  // namespace slipway
