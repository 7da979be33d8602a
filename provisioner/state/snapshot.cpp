#include "state/snapshot.h"

#include "state/record_json.h"

namespace slipway {
namespace {

/// `"name": {` with one line per entry.
template <class Map, class F>
void append_section(std::string& out, std::string_view name, const Map& entries, F append_entry) {
  out += ",\n  ";
  append_json(out, name);
  out += ": {";
  bool first = true;
  for (const auto& [key, entry] : entries) {
    out += first ? "\n    " : ",\n    ";
    first = false;
    append_entry(key, entry);
  }
  out += first ? "}" : "\n  }";
}

std::string advice_for(const std::string& path) {
  const std::string last_resort = "slipway state recover SPEC finds what exists by its marks";
  if (path.ends_with(".1")) return last_resort;
  return "put the previous one back: cp " + path + ".1 " + path +
         " (what changed since is read from STATE.journal.1 and STATE.journal); if that fails too, " + last_resort;
}

void read_texts(JsonReader& reader, std::map<std::string, std::string>& into) {
  reader.object([&](std::string_view key) {
    std::string name(key);
    into.insert_or_assign(into.end(), std::move(name), reader.text());
  });
}

void read_steps(JsonReader& reader, std::map<StepId, StepRecord>& steps) {
  StepIds ids;
  reader.object([&](std::string_view key) {
    const StepId id = ids.of(key);
    // The file is sorted, so the end is nearly always the place.
    const size_t before = steps.size();
    StepRecord& step = steps.try_emplace(steps.end(), id)->second;
    if (steps.size() == before) return reader.refuse("a second step of the same id", "each step once");
    read_step(reader, step, &ids);
    if (!step.id.empty() && step.id != id) reader.refuse("the id '" + step.id.text() + "'", "'" + id.text() + "'");
    step.id = id;
  });
}

/// Reads a document whose format is ours.
void read_document(JsonReader& reader, State& state) {
  reader.object([&](std::string_view key) {
    if (key == "format")
      reader.natural();
    else if (key == "cluster")
      state.cluster = reader.text();
    else if (key == "lineage")
      state.lineage = reader.text();
    else if (key == "serial")
      state.serial = reader.natural();
    else if (key == "pools")
      reader.object([&](std::string_view pool) {
        std::string name(pool);
        state.pools[std::move(name)] = read_pool(reader);
      });
    else if (key == "addresses")
      read_texts(reader, state.addresses);
    else if (key == "sealed")
      read_texts(reader, state.sealed);
    else if (key == "facts") {
      state.facts = reader.value();
      if (!state.facts.is_object()) reader.refuse("facts that are not an object", "an object");
    } else if (key == "steps")
      read_steps(reader, state.steps);
    else
      reader.refuse_key(key, "format, cluster, lineage, serial, pools, addresses, facts, sealed or steps");
  });
  reader.end();
  if (!reader.fault() && (state.cluster.empty() || state.lineage.empty()))
    reader.refuse("no cluster or no lineage", "both");
}

/// The format, which is the first member; nothing where it is not.
std::optional<uint64_t> format_of(const std::string& text) {
  JsonReader reader(text);
  std::optional<uint64_t> format;
  reader.object([&](std::string_view key) {
    if (key == "format") {
      const uint64_t number = reader.natural();
      if (!reader.fault()) format = number;
    }
    // Ends the reading: the rest may be of any shape.
    reader.refuse({}, {});
  });
  return format;
}

}  // namespace

std::string snapshot_text(const State& state) {
  std::string out;
  out.reserve(4096 + state.steps.size() * 512);
  out += "{\n  \"format\": " + std::to_string(state_format) + ",\n  \"cluster\": ";
  append_json(out, std::string_view(state.cluster));
  out += ",\n  \"lineage\": ";
  append_json(out, std::string_view(state.lineage));
  out += ",\n  \"serial\": " + std::to_string(state.serial);
  const auto name = [&](const std::string& key) {
    append_json(out, std::string_view(key));
    out += ": ";
  };
  const auto text_entry = [&](const std::string& key, const std::string& text) {
    name(key);
    append_json(out, std::string_view(text));
  };
  append_section(out, "pools", state.pools, [&](const std::string& key, const PoolMembers& pool) {
    name(key);
    append_pool(out, pool);
  });
  append_section(out, "addresses", state.addresses, text_entry);
  append_section(out, "facts", state.facts.get_ref<const Value::object_t&>(),
                 [&](const std::string& key, const Value& value) {
                   name(key);
                   append_json(out, value);
                 });
  append_section(out, "sealed", state.sealed, text_entry);
  append_section(out, "steps", state.steps, [&](const StepId& id, const StepRecord& step) {
    name(id.text());
    append_step(out, step, StepIdField::left_out);
  });
  out += "\n}\n";
  return out;
}

Result<Snapshot> read_snapshot(const std::string& text, const std::string& path, const Migrations& migrations) {
  Snapshot snapshot;
  const std::optional<uint64_t> format = format_of(text);
  if (!format) {
    JsonReader reader(text);
    reader.value();
    reader.end();
    return unreadable(path, 0, reader.fault().value_or(JsonReader::Fault{0, "no \"format\" at its start", "one"}),
                      advice_for(path));
  }
  std::string migrated;
  if (*format != static_cast<uint64_t>(state_format)) {
    Result<std::string> text_now = migrate(text, *format, state_format, MigratedPart::snapshot, migrations, path);
    if (!text_now) return std::move(text_now).error();
    migrated = *std::move(text_now);
    snapshot.migrated = true;
  }
  JsonReader reader(snapshot.migrated ? migrated : text);
  read_document(reader, snapshot.state);
  if (reader.fault()) return unreadable(path, 0, *reader.fault(), advice_for(path));
  return snapshot;
}

}  // namespace slipway
