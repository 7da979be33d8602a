#include "base/text.h"
#include "cli/artifact_access.h"
#include "cli/output.h"
#include "cli/places.h"
#include "cli/verbs.h"

namespace slipway {

int verb_artifacts_list(const Options& options) {
  Result<std::unique_ptr<ArtifactAccess>> access = ArtifactAccess::open(data_directory(), options.kubernetes);
  if (!access) return report_error(options, access.error());
  std::string text;
  Value rows = Value::array();
  for (const ArtifactInfo& artifact : (*access)->store().list()) {
    const Value row = to_value(artifact);
    std::string line = artifact.name;
    line.append(line.size() < 36 ? 36 - line.size() : 1, ' ');
    line += artifact.version;
    line.append(line.size() < 54 ? 54 - line.size() : 1, ' ');
    text += line + (artifact.record ? "in the cache" : "not fetched yet") + "\n";
    rows.push_back(row);
  }
  print_result(options, text, {{"format", 1}, {"artifacts", std::move(rows)}});
  return 0;
}

int verb_artifacts_get(const Options& options) {
  Result<std::unique_ptr<ArtifactAccess>> access = ArtifactAccess::open(data_directory(), options.kubernetes);
  if (!access) return report_error(options, access.error());
  std::string text;
  Value rows = Value::array();
  for (const std::string& name : options.names) {
    std::string last;
    const Result<ArtifactFile> file = (*access)->store().acquire(
        name,
        [&](std::string_view what, uint64_t, uint64_t) {
          if (options.verbosity > 0 && what != last) say(std::string(what));
          last = what;
        },
        Deadline::in(std::chrono::minutes(45)));
    if (!file) return report_error(options, file.error());
    text += file->path + "\n";
    rows.push_back({{"name", file->name},
                    {"version", file->version},
                    {"path", file->path},
                    {"sha256", file->sha256},
                    {"size", file->size},
                    {"source", file->source}});
  }
  print_result(options, text, {{"format", 1}, {"artifacts", std::move(rows)}});
  return 0;
}

}  // namespace slipway
