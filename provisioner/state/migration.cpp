#include "state/migration.h"

#include <algorithm>

#include "state/json_reader.h"
#include "state/json_writer.h"
#include "state/record_json.h"

namespace slipway {

const Migrations& known_migrations() {
  static const Migrations chain;
  return chain;
}

Error wrong_format(uint64_t found, int expected, const std::string& path) {
  const bool newer = found > static_cast<uint64_t>(expected);
  return fail(ErrorKind::bad_input,
              newer ? "the state was written by a newer Slipway" : "the state's format is not known",
              {.found = "format " + std::to_string(found),
               .expected = "format " + std::to_string(expected) + (newer ? " or older" : ""),
               .advice = newer ? "use the newer Slipway that wrote it; this one has changed nothing"
                               : "check the file: this format was never written by a released Slipway",
               .where = path});
}

Result<std::string> migrate(const std::string& text, uint64_t format, int to, MigratedPart part,
                            const Migrations& migrations, const std::string& path) {
  if (format > static_cast<uint64_t>(to)) return wrong_format(format, to, path);
  JsonReader reader(text);
  Value document = reader.value();
  reader.end();
  if (reader.fault()) return unreadable(path, 0, *reader.fault(), "restore the file from a copy");
  for (int at = static_cast<int>(format); at < to; ++at) {
    const auto step =
        std::find_if(migrations.begin(), migrations.end(), [&](const Migration& m) { return m.from == at; });
    if (step == migrations.end()) return wrong_format(format, to, path);
    const auto& change = part == MigratedPart::snapshot ? step->snapshot : step->change;
    if (!change) continue;
    if (Result<void> changed = change(document); !changed)
      return std::move(changed).error().while_doing("migrating " + path + " from format " + std::to_string(at));
  }
  std::string out;
  if (part == MigratedPart::snapshot && document.is_object()) {
    // The format is read first, so it stands first.
    document.erase("format");
    out = "{\"format\": " + std::to_string(to);
    for (const auto& [key, member] : document.items()) {
      out += ", ";
      append_json(out, std::string_view(key));
      out += ": ";
      append_json(out, member);
    }
    return out + "}";
  }
  append_json(out, document);
  return out;
}

}  // namespace slipway
