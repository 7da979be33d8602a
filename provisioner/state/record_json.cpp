#include "state/record_json.h"

#include <limits>

namespace slipway {
namespace {

void append_names(std::string& out, const std::vector<std::string>& names) {
  out += '[';
  for (size_t i = 0; i < names.size(); ++i) {
    if (i > 0) out += ", ";
    append_json(out, std::string_view(names[i]));
  }
  out += ']';
}

template <class Number>
Number natural_as(JsonReader& reader) {
  const uint64_t number = reader.natural();
  if (number <= static_cast<uint64_t>(std::numeric_limits<Number>::max())) return static_cast<Number>(number);
  reader.refuse("the number " + std::to_string(number), "a number of ordinary size");
  return 0;
}

}  // namespace

void append_step(std::string& out, const StepRecord& step, StepIdField id) {
  ObjectWriter object(out);
  const auto text = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) object.field(name, value);
  };
  const auto flag = [&](std::string_view name, bool value) {
    if (value) object.field(name, true);
  };
  const auto data = [&](std::string_view name, const Value& value) {
    if (!value.is_null()) object.value(name, value);
  };
  if (id == StepIdField::written) object.field("id", step.id.text());
  text("machine", step.machine);
  text("layer", step.layer);
  text("mark", step.mark);
  flag("intent_open", step.intent_open);
  flag("applied", step.applied);
  data("outputs", step.outputs);
  text("removal_kind", step.removal_kind);
  data("removal_data", step.removal_data);
  if (!step.needs.empty()) {
    std::vector<std::string> needs;
    for (const StepId& need : step.needs) needs.push_back(need.text());
    append_names(object.key("needs"), needs);
  }
  flag("carries_data", step.carries_data);
  flag("protect", step.protect);
  text("updated", step.updated);
  if (step.milliseconds > 0) object.field("milliseconds", static_cast<uint64_t>(step.milliseconds));
}

void append_pool(std::string& out, const PoolMembers& pool) {
  ObjectWriter object(out);
  object.field("role", pool.role);
  object.field("next_ordinal", static_cast<uint64_t>(pool.next_ordinal));
  append_names(object.key("names"), pool.names);
}

StepId StepIds::of(std::string_view text) {
  StepId& place = recent_[std::hash<std::string_view>{}(text) % recent_.size()];
  if (place.text() != text) place = StepId(std::string(text));
  return place;
}

void read_step(JsonReader& reader, StepRecord& step, StepIds* known) {
  const auto id = [&] {
    const std::string_view text = reader.text_in_place();
    return known ? known->of(text) : StepId(std::string(text));
  };
  reader.object([&](std::string_view key) {
    if (key == "machine")
      step.machine = reader.text();
    else if (key == "layer")
      step.layer = reader.text();
    else if (key == "mark")
      step.mark = reader.text();
    else if (key == "intent_open")
      step.intent_open = reader.boolean();
    else if (key == "applied")
      step.applied = reader.boolean();
    else if (key == "outputs")
      step.outputs = reader.value();
    else if (key == "removal_kind")
      step.removal_kind = reader.text();
    else if (key == "removal_data")
      step.removal_data = reader.value();
    else if (key == "needs")
      reader.array([&] { step.needs.push_back(id()); });
    else if (key == "carries_data")
      step.carries_data = reader.boolean();
    else if (key == "protect")
      step.protect = reader.boolean();
    else if (key == "updated")
      step.updated = reader.text();
    else if (key == "milliseconds")
      step.milliseconds = natural_as<int64_t>(reader);
    else if (key == "id")
      step.id = id();
    else
      reader.refuse_key(key, "a field of a step (docs/state-format.md)");
  });
}

PoolMembers read_pool(JsonReader& reader) {
  PoolMembers pool;
  reader.object([&](std::string_view key) {
    if (key == "role")
      pool.role = reader.text();
    else if (key == "next_ordinal")
      pool.next_ordinal = natural_as<int>(reader);
    else if (key == "names")
      pool.names = read_names(reader);
    else
      reader.refuse_key(key, "role, next_ordinal or names");
  });
  return pool;
}

std::vector<std::string> read_names(JsonReader& reader) {
  std::vector<std::string> names;
  reader.array([&] { names.push_back(reader.text()); });
  return names;
}

Error unreadable(const std::string& path, size_t offset, const JsonReader::Fault& fault, std::string advice) {
  return fail(ErrorKind::corrupt, "the state cannot be read",
              {.found = fault.found,
               .expected = fault.expected,
               .advice = std::move(advice),
               .where = path + ":byte " + std::to_string(offset + fault.at)});
}

}  // namespace slipway
