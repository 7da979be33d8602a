#include "state/change.h"

#include "state/record_json.h"

namespace slipway {
namespace {

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

StepRecord read_identified_step(JsonReader& reader) {
  StepRecord step;
  read_step(reader, step);
  if (step.id.empty()) reader.refuse("a step without an id", "its id");
  return step;
}

/// `{"name": …, "<second>": …}`; `read_second` reads the second.
template <class F>
std::string read_named(JsonReader& reader, std::string_view second, F read_second) {
  std::string name;
  reader.object([&](std::string_view key) {
    if (key == "name")
      name = reader.text();
    else if (key == second)
      read_second();
    else
      reader.refuse_key(key, "name or " + std::string(second));
  });
  if (name.empty()) reader.refuse("no name", "a name");
  return name;
}

Change read_kind(JsonReader& reader, std::string_view kind) {
  if (kind == "intent") return IntentRecorded{read_identified_step(reader)};
  if (kind == "result") return ResultRecorded{read_identified_step(reader)};
  if (kind == "removed") return StepRemoved{StepId(reader.text())};
  if (kind == "pool_removed") return PoolRemoved{reader.text()};
  if (kind == "pool") {
    PoolSet change;
    change.name = read_named(reader, "members", [&] { change.members = read_pool(reader); });
    return change;
  }
  if (kind == "address") {
    AddressSet change;
    change.name = read_named(reader, "address", [&] { change.address = reader.text(); });
    return change;
  }
  if (kind == "fact") {
    FactSet change;
    change.name = read_named(reader, "value", [&] { change.value = reader.value(); });
    return change;
  }
  if (kind == "secret") {
    SecretSet change;
    change.name = read_named(reader, "sealed", [&] { change.sealed = reader.text(); });
    return change;
  }
  reader.refuse_key(kind, "a kind of change (docs/state-format.md)");
  return StepRemoved{};
}

}  // namespace

std::string change_text(const Change& change) {
  std::string out;
  ObjectWriter object(out);
  const auto named = [&](std::string_view kind, const std::string& name, auto write_rest) {
    object.key(kind);
    ObjectWriter inner(out);
    inner.field("name", name);
    write_rest(inner);
  };
  std::visit(
      Overloaded{
          [&](const IntentRecorded& c) { append_step(object.key("intent"), c.step, StepIdField::written); },
          [&](const ResultRecorded& c) { append_step(object.key("result"), c.step, StepIdField::written); },
          [&](const StepRemoved& c) { object.field("removed", c.id.text()); },
          [&](const PoolSet& c) {
            named("pool", c.name, [&](ObjectWriter& rest) { append_pool(rest.key("members"), c.members); });
          },
          [&](const PoolRemoved& c) { object.field("pool_removed", c.name); },
          [&](const AddressSet& c) {
            named("address", c.name, [&](ObjectWriter& rest) { rest.field("address", c.address); });
          },
          [&](const FactSet& c) { named("fact", c.name, [&](ObjectWriter& rest) { rest.value("value", c.value); }); },
          [&](const SecretSet& c) {
            named("secret", c.name, [&](ObjectWriter& rest) { rest.field("sealed", c.sealed); });
          },
      },
      change);
  return out;
}

Change read_change(std::string_view text, std::optional<JsonReader::Fault>& fault) {
  JsonReader reader(text);
  std::optional<Change> change;
  reader.object([&](std::string_view kind) {
    if (change) return reader.refuse_key(kind, "one kind of change in a record");
    change = read_kind(reader, std::string(kind));
  });
  if (!change) reader.refuse("no change", "one");
  reader.end();
  fault = reader.fault();
  return change ? *std::move(change) : Change(StepRemoved{});
}

void apply(Change change, State& state) {
  const auto set_step = [&](StepRecord& step) {
    const StepId id = step.id;
    state.steps.insert_or_assign(id, std::move(step));
  };
  std::visit(Overloaded{
                 [&](IntentRecorded& c) { set_step(c.step); },
                 [&](ResultRecorded& c) { set_step(c.step); },
                 [&](StepRemoved& c) { state.steps.erase(c.id); },
                 [&](PoolSet& c) { state.pools[c.name] = std::move(c.members); },
                 [&](PoolRemoved& c) { state.pools.erase(c.name); },
                 [&](AddressSet& c) {
                   if (c.address.empty())
                     state.addresses.erase(c.name);
                   else
                     state.addresses[c.name] = std::move(c.address);
                 },
                 [&](FactSet& c) {
                   if (c.value.is_null())
                     state.facts.erase(c.name);
                   else
                     state.facts[c.name] = std::move(c.value);
                 },
                 [&](SecretSet& c) {
                   if (c.sealed.empty())
                     state.sealed.erase(c.name);
                   else
                     state.sealed[c.name] = std::move(c.sealed);
                 },
             },
             change);
}

}  // namespace slipway
