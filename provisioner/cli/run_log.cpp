#include "cli/run_log.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <mutex>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/spdlog.h>

#include "base/file.h"
#include "base/secret.h"
#include "base/text.h"

namespace slipway {
namespace {

namespace fs = std::filesystem;
constexpr size_t kept_runs = 20;

std::shared_ptr<spdlog::logger> open_log(const std::string& path, const std::string& pattern) {
  auto logger = std::make_shared<spdlog::logger>(path, std::make_shared<spdlog::sinks::basic_file_sink_mt>(path));
  logger->set_pattern(pattern);
  logger->flush_on(spdlog::level::info);
  return logger;
}

void drop_old_runs(const fs::path& runs) {
  std::vector<fs::path> folders;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(runs, ignored))
    if (entry.is_directory()) folders.push_back(entry.path());
  std::sort(folders.begin(), folders.end());
  for (size_t i = 0; i + kept_runs < folders.size(); ++i) fs::remove_all(folders[i], ignored);
}

}  // namespace

struct RunLog::Files {
  RunId id;
  std::string directory;
  std::shared_ptr<spdlog::logger> events, extra_events;
  std::map<StepId, std::shared_ptr<spdlog::logger>> steps;
  std::mutex mutex;
};

RunLog::RunLog(std::unique_ptr<Files> files) : files_(std::move(files)) {}
RunLog::~RunLog() = default;
const RunId& RunLog::id() const { return files_->id; }
const std::string& RunLog::directory() const { return files_->directory; }

Result<std::unique_ptr<RunLog>> RunLog::open(const std::string& state_directory, const std::string& verb,
                                             const std::string& extra_events) {
  auto files = std::make_unique<Files>();
  std::string stamp = format_time(std::chrono::system_clock::now());
  for (const char* extra : {"-", ":", "Z"}) stamp = replace_all(stamp, extra, "");
  files->id = RunId(replace_all(stamp, "T", "-") + "-" + verb + "-" + random_hex(2));
  files->directory = state_directory + "/runs/" + files->id.text();
  if (Result<void> made = make_directories(files->directory, 0700); !made) return std::move(made).error();
  drop_old_runs(state_directory + "/runs");
  try {
    files->events = open_log(files->directory + "/events.jsonl", "%v");
    if (!extra_events.empty()) files->extra_events = open_log(extra_events, "%v");
  } catch (const spdlog::spdlog_ex& problem) {
    return fail(ErrorKind::unavailable, "cannot write the run's log",
                {.found = problem.what(), .where = files->directory});
  }
  return std::unique_ptr<RunLog>(new RunLog(std::move(files)));
}

void RunLog::write(const Event& event) {
  const std::string line = redact(to_json(event).dump(-1, ' ', false, Value::error_handler_t::replace));
  files_->events->info(line);
  if (files_->extra_events) files_->extra_events->info(line);
}

void RunLog::write_header(const Value& header) {
  // As with the summary: only reports would miss it.
  (void)write_file_atomically(files_->directory + "/run.json", redact(header.dump()) + "\n", 0600);
}

void RunLog::write_summary(const Value& summary) {
  // A summary that cannot be written is missed by reports only; the run's outcome is in the state.
  (void)write_file_atomically(files_->directory + "/summary.json", summary.dump(2) + "\n", 0600);
}

std::function<void(std::string_view)> RunLog::step_log(const StepId& step) {
  return [this, step](std::string_view line) {
    std::shared_ptr<spdlog::logger> log;
    {
      const std::lock_guard lock(files_->mutex);
      std::shared_ptr<spdlog::logger>& slot = files_->steps[step];
      if (!slot) {
        try {
          slot = open_log(files_->directory + "/" + replace_all(step.text(), "/", "-") + ".log",
                          "%Y-%m-%d %H:%M:%S.%e %v");
        } catch (const spdlog::spdlog_ex&) {
          return;  // Out of disk: the step's own error tells more than a missing log.
        }
      }
      log = slot;
    }
    log->info(redact(line));
  };
}

}  // namespace slipway
