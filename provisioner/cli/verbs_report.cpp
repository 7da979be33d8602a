// A page about a run.

#include <algorithm>
#include <filesystem>

#include "base/file.h"
#include "cli/output.h"
#include "cli/places.h"
#include "cli/verbs.h"
#include "report/report_html.h"
#include "spec/spec.h"

namespace slipway {
namespace {

/// The newest run's id, or empty. Ids begin with their time.
std::string newest_run(const std::string& runs) {
  std::string newest;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(runs, ignored))
    newest = std::max(newest, entry.path().filename().string());
  return newest;
}

}  // namespace

int verb_report(const Options& options) {
  const Result<Spec> spec = load_spec(spec_path(options));
  if (!spec) return report_error(options, spec.error());
  const std::string runs = state_directory_for(options, spec->path, spec->name) + "/runs";
  const std::string id = options.run.empty() ? newest_run(runs) : options.run;
  if (id.empty())
    return report_error(options, fail(ErrorKind::not_found, "there was no run yet",
                                      {.found = "no folder in " + runs, .advice = "slipway bootstrap " + spec->path}));
  const Result<RunRecord> run = read_run(runs + "/" + id);
  if (!run) return report_error(options, run.error());
  if (Result<void> written = write_file_atomically(options.file, report_html(*run), 0600); !written)
    return report_error(options, written.error());
  print_result(options, "Wrote " + options.file + ": run " + id + "\n",
               {{"format", 1}, {"file", options.file}, {"run", id}});
  return 0;
}

}  // namespace slipway
