#include "cli/state_access.h"

#include <ctime>
#include <filesystem>

#include "base/file.h"
#include "base/text.h"
#include "cli/output.h"
#include "cli/passphrase.h"
#include "cli/places.h"

namespace slipway {
namespace {

std::string note_path(const std::string& directory) { return directory + "/export.json"; }

std::string age_text(std::chrono::seconds age) {
  const int64_t seconds = std::max<int64_t>(age.count(), 0);
  const auto unit = [](int64_t count, const std::string& name) {
    return std::to_string(count) + " " + name + (count == 1 ? "" : "s") + " old";
  };
  if (seconds < 3600) return unit(seconds / 60, "minute");
  if (seconds < 2 * 86400) return unit(seconds / 3600, "hour");
  return unit(seconds / 86400, "day");
}

std::optional<WallTime> parse_time(const std::string& text) {
  std::tm parts{};
  const char* end = ::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  if (!end || *end != '\0') return std::nullopt;
  return std::chrono::system_clock::from_time_t(::timegm(&parts));
}

std::optional<ExportNote> read_export_note(const std::string& directory) {
  const Result<std::string> text = read_file(note_path(directory));
  if (!text) return std::nullopt;
  const Value note = Value::parse(*text, nullptr, false);
  if (!note.is_object() || !note.contains("serial") || !note["serial"].is_number_unsigned()) return std::nullopt;
  return ExportNote{text_at(note, "file"), text_at(note, "created"), note["serial"]};
}

}  // namespace

bool has_state(const std::string& directory) {
  std::error_code ignored;
  for (const char* name : {"STATE.json", "STATE.json.1", "STATE.journal"})
    if (std::filesystem::exists(directory + "/" + name, ignored)) return true;
  return false;
}

Result<StateAccess> open_state(const Options& options, const std::string& verb, Access access) {
  Result<Spec> spec = load_spec(spec_path(options));
  if (!spec) return std::move(spec).error();
  StateAccess opened{.spec = *std::move(spec), .directory = {}, .store = nullptr};
  opened.directory = state_directory_for(options, opened.spec.path, opened.spec.name);
  if (!has_state(opened.directory))
    return fail(ErrorKind::not_found, "there is no state here yet",
                {.expected = "STATE.json",
                 .advice = "slipway bootstrap " + opened.spec.path + " makes the cluster; slipway state import or " +
                           "slipway state recover takes up one that is there already",
                 .where = opened.directory});
  Result<std::unique_ptr<StateStore>> store = StateStore::open({.directory = opened.directory,
                                                                .cluster = opened.spec.name,
                                                                .verb = verb,
                                                                .wait = Seconds(options.wait_seconds),
                                                                .read_only = access == Access::look,
                                                                .passphrase = key_passphrase()});
  if (!store) return std::move(store).error();
  opened.store = *std::move(store);
  if (!opened.store->notice().empty()) say(opened.store->notice());
  return opened;
}

Result<void> write_export_note(const std::string& directory, const ExportNote& note) {
  const Value document = {{"file", note.file}, {"created", note.created}, {"serial", note.serial}};
  return write_file_atomically(note_path(directory), document.dump(2) + "\n", 0600);
}

std::string export_line(const std::string& directory, const std::string& spec_path, uint64_t serial) {
  const std::optional<ExportNote> note = read_export_note(directory);
  const std::string command = "slipway state export " + spec_path;
  if (!note) return "Export    none yet; should this machine be lost, it is all you need:\n          " + command;
  std::error_code ignored;
  if (!std::filesystem::exists(note->file, ignored))
    return "Export    written at " + note->created + ", and no longer at " + note->file + ": " + command;
  const std::optional<WallTime> created = parse_time(note->created);
  const std::string age =
      created ? age_text(std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now() - *created))
              : "of unknown age";
  const uint64_t changes = serial > note->serial ? serial - note->serial : 0;
  return "Export    " + note->file + ", " + age + ", " +
         (changes == 0 ? "up to date" : std::to_string(changes) + " changes since: " + command);
}

void remove_export_note(const std::string& directory) {
  std::error_code ignored;
  std::filesystem::remove(note_path(directory), ignored);
}

}  // namespace slipway
