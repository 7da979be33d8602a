// The verbs of the state itself: carry it to another machine, change its key, correct it by hand.

#include <csignal>
#include <filesystem>
#include <thread>
#include <unistd.h>

#include "base/file.h"
#include "cli/output.h"
#include "cli/passphrase.h"
#include "cli/places.h"
#include "cli/state_access.h"
#include "cli/verbs.h"
#include "state/export.h"

namespace slipway {
namespace {

namespace fs = std::filesystem;

Error need_approval(const std::string& what, const std::string& effect) {
  return fail(ErrorKind::approval_needed, what + " needs approval",
              {.found = effect, .advice = "if that is what you want, run again with --approve"});
}

PassphraseSource export_passphrase(const Options& options, const std::string& file, bool chosen) {
  return {.what = "the export " + file,
          .file = options.passphrase_file,
          .variable = "SLIPWAY_EXPORT_PASSPHRASE",
          .chosen = chosen};
}

/// Private key files that the spec names: without them the hosts do not let a second machine in.
Result<std::map<std::string, std::string>> named_key_files(const Spec& spec) {
  std::map<std::string, std::string> files;
  if (spec.ssh.key.empty()) return files;
  Result<std::string> key = read_file(spec.ssh.key);
  if (!key) return std::move(key).error().while_doing("reading the ssh.key that the spec names");
  files[spec.ssh.key] = *std::move(key);
  return files;
}

/// What import put beside the state: written where it is absent, never over something else.
Result<std::string> put_back(const std::string& path, const std::string& content, int mode) {
  const Result<std::string> present = read_file(path);
  if (present) return path + (*present == content ? ": the same as in the export" : ": differs from the export; kept");
  if (present.error().kind != ErrorKind::not_found) return present.error();
  const std::string folder = fs::path(path).parent_path().string();
  if (Result<void> made = make_directories(folder, 0700); !made) return std::move(made).error();
  if (Result<void> written = write_file_atomically(path, content, mode); !written) return std::move(written).error();
  return path + ": written from the export";
}

bool is_slipway(int pid) {
  std::error_code problem;
  const fs::path program = fs::read_symlink("/proc/" + std::to_string(pid) + "/exe", problem);
  return !problem && program.filename().string().starts_with("slipway");
}

bool freed_within(const std::string& directory, Milliseconds span) {
  const Deadline deadline = Deadline::in(span);
  while (lock_holder(directory)) {
    if (deadline.passed()) return false;
    std::this_thread::sleep_for(Milliseconds(50));
  }
  return true;
}

std::string own_host_name() {
  char name[256] = {};
  return ::gethostname(name, sizeof name - 1) == 0 ? name : "unknown";
}

}  // namespace

int verb_state_export(const Options& options) {
  Result<StateAccess> access = open_state(options, "state export", Access::look);
  if (!access) return report_error(options, access.error());
  const State state = access->store->snapshot();
  Result<std::string> spec = read_file(access->spec.path);
  if (!spec) return report_error(options, spec.error());
  Result<std::string> key = read_file(access->store->key_file());
  if (!key)
    return report_error(options, key_lost(access->store->key_file(), key.error().found)
                                     .while_doing("exporting: without its key the export would be of no use"));
  // The key is tried before anybody relies on the export.
  for (const auto& [name, sealed] : state.sealed) {
    if (Result<Secret> opened = access->store->secret(name); !opened) return report_error(options, opened.error());
    break;
  }
  Result<std::map<std::string, std::string>> files = named_key_files(access->spec);
  if (!files) return report_error(options, files.error());
  const std::string file =
      fs::absolute(options.file.empty() ? state.cluster + ".slipway-export" : options.file).lexically_normal().string();
  Result<Secret> passphrase = read_passphrase(export_passphrase(options, file, true));
  if (!passphrase) return report_error(options, passphrase.error());
  const std::string now = format_time(std::chrono::system_clock::now());
  Result<std::string> sealed = seal_export({.state = state,
                                            .key = *std::move(key),
                                            .spec_name = fs::path(access->spec.path).filename().string(),
                                            .spec = *std::move(spec),
                                            .files = *std::move(files),
                                            .created = now},
                                           *passphrase);
  if (!sealed) return report_error(options, sealed.error());
  if (Result<void> written = write_file_atomically(file, *sealed, 0600); !written)
    return report_error(options, written.error());
  if (Result<void> noted = write_export_note(access->directory, {file, now, state.serial}); !noted)
    return report_error(options, noted.error());
  print_result(options,
               "Wrote " + file + " (" + std::to_string(sealed->size()) +
                   " bytes). Keep it and its passphrase away from this machine, and not together.\n"
                   "On another one: slipway state import SPEC --file " +
                   fs::path(file).filename().string() + "\n",
               {{"format", 1},
                {"file", file},
                {"bytes", sealed->size()},
                {"cluster", state.cluster},
                {"serial", state.serial},
                {"created", now}});
  return 0;
}

int verb_state_import(const Options& options) {
  Result<std::string> bytes = read_file(options.file);
  if (!bytes) return report_error(options, bytes.error());
  const Result<ExportLabel> label = read_export_label(*bytes, options.file);
  if (!label) return report_error(options, label.error());
  Result<Secret> passphrase = read_passphrase(export_passphrase(options, options.file, false));
  if (!passphrase) return report_error(options, passphrase.error());
  Result<ExportContent> content = open_export(*bytes, *passphrase, options.file);
  if (!content) return report_error(options, content.error());
  const std::string spec =
      options.spec.empty() && !std::getenv("SLIPWAY_SPEC") ? content->spec_name : spec_path(options);
  const std::string directory = state_directory_for(options, spec, content->state.cluster);
  const Result<Imported> done = import_state(*content, {.directory = directory, .wait = Seconds(options.wait_seconds)});
  if (!done) return report_error(options, done.error());
  std::vector<std::string> lines;
  Result<std::string> put = put_back(fs::absolute(spec).string(), content->spec, 0644);
  for (auto file = content->files.begin(); put; ++file) {
    lines.push_back(*put);
    if (file == content->files.end()) break;
    put = put_back(file->first, file->second, 0600);
  }
  if (!put) return report_error(options, put.error());
  std::string text =
      "Cluster " + content->state.cluster + ", as of " + content->created + ": " +
      (*done == Imported::key_only ? "the state here is newer and was kept; its key was put back"
                                   : std::to_string(content->state.steps.size()) + " steps and " +
                                         std::to_string(content->state.sealed.size()) + " secrets are here now") +
      "\n";
  for (const std::string& line : lines) text += "  " + line + "\n";
  text += "Try next: slipway plan " + spec + "\n";
  print_result(options, text,
               {{"format", 1},
                {"cluster", content->state.cluster},
                {"created", content->created},
                {"state", *done == Imported::key_only ? "kept" : "imported"},
                {"files", lines}});
  return 0;
}

int verb_state_rekey(const Options& options) {
  Result<StateAccess> access = open_state(options, "state rekey", Access::change);
  if (!access) return report_error(options, access.error());
  const std::string file = access->store->key_file();
  const Result<std::string> before = read_file(file);
  const bool protect = options.with_passphrase || (!options.without_passphrase && before && key_is_protected(*before));
  Secret passphrase;
  if (protect) {
    Result<Secret> chosen = read_passphrase({.what = "the key file " + file,
                                             .file = options.passphrase_file,
                                             .variable = "SLIPWAY_NEW_PASSPHRASE",
                                             .chosen = true});
    if (!chosen) return report_error(options, chosen.error());
    passphrase = *std::move(chosen);
  }
  if (Result<void> done = access->store->rekey(passphrase); !done) return report_error(options, done.error());
  const size_t secrets = access->store->snapshot().sealed.size();
  print_result(options,
               std::to_string(secrets) + " secrets are sealed under a new key" +
                   (protect ? ", which your passphrase protects" : "") + ": " + file +
                   "\nExports made before hold the old state and its old key. " +
                   export_line(access->directory, access->spec.path, access->store->snapshot().serial + 1) + "\n",
               {{"format", 1}, {"secrets", secrets}, {"key_file", file}, {"passphrase", protect}});
  return 0;
}

int verb_state_unlock(const Options& options) {
  Result<Spec> spec = load_spec(spec_path(options));
  if (!spec) return report_error(options, spec.error());
  const std::string directory = state_directory_for(options, spec->path, spec->name);
  const std::optional<LockHolder> holder = lock_holder(directory);
  if (!holder) {
    print_result(options, "Nobody holds the lock.\n", {{"format", 1}, {"locked", false}});
    return 0;
  }
  const std::string who = "slipway " + holder->verb + ", process " + std::to_string(holder->pid) + " on host " +
                          holder->host + ", since " + holder->since;
  if (!options.approve)
    return report_error(options, fail(ErrorKind::locked, "a run holds the lock",
                                      {.found = who,
                                       .advice = "wait until it ends; --approve ends it: it is asked to stop, and "
                                                 "killed if it does not within ten seconds. Nothing recorded is lost",
                                       .where = directory}));
  if (holder->host != own_host_name() || holder->pid <= 1 || !is_slipway(holder->pid))
    return report_error(options, fail(ErrorKind::locked, "the run cannot be ended from here",
                                      {.found = who,
                                       .expected = "a slipway process of this host",
                                       .advice = "end it where it runs; its lock frees itself",
                                       .where = directory}));
  ::kill(holder->pid, SIGTERM);
  const bool by_itself = freed_within(directory, Seconds(10));
  if (!by_itself) {
    ::kill(holder->pid, SIGKILL);
    if (!freed_within(directory, Seconds(5)))
      return report_error(options, fail(ErrorKind::locked, "the lock is still held",
                                        {.found = who, .advice = "look at that process", .where = directory}));
  }
  print_result(options, std::string(by_itself ? "Stopped: " : "Killed: ") + who + "\n",
               {{"format", 1}, {"locked", false}, {"ended", holder->pid}, {"killed", !by_itself}});
  return 0;
}

int verb_state_rm(const Options& options) {
  Result<StateAccess> access = open_state(options, "state rm", Access::change);
  if (!access) return report_error(options, access.error());
  const StepId id(options.names.front());
  const std::optional<StepRecord> record = access->store->find(id);
  if (!record)
    return report_error(options, fail(ErrorKind::not_found, "no such step in the state",
                                      {.found = id.text(), .advice = "slipway state list SPEC"}));
  if (!options.approve)
    return report_error(options, need_approval("forgetting a step", id.text() + " stays in the world, and no run will "
                                                                                "delete it any more"));
  if (Result<void> gone = access->store->record_removed(id); !gone) return report_error(options, gone.error());
  print_result(options,
               "Forgotten: " + id.text() + ". What it made was not touched" +
                   (record->mark.empty() ? "" : "; it carries the mark " + record->mark) + ".\n",
               {{"format", 1}, {"removed", id.text()}, {"record", to_value(*record)}});
  return 0;
}

int verb_state_mv(const Options& options) {
  Result<StateAccess> access = open_state(options, "state mv", Access::change);
  if (!access) return report_error(options, access.error());
  const StepId from(options.names[0]), to(options.names[1]);
  const State state = access->store->snapshot();
  const auto record = state.steps.find(from);
  if (record == state.steps.end())
    return report_error(options, fail(ErrorKind::not_found, "no such step in the state",
                                      {.found = from.text(), .advice = "slipway state list SPEC"}));
  StepRecord moved = record->second;
  moved.id = to;
  const auto present = state.steps.find(to);
  // A move that was cut off left both; it is gone on with.
  if (present != state.steps.end() && to_value(present->second) != to_value(moved))
    return report_error(options, fail(ErrorKind::bad_input, "the state has a step of that name",
                                      {.found = to.text(),
                                       .expected = "a name that no step has",
                                       .advice = "slipway state show SPEC " + to.text()}));
  const auto write = [&](const StepRecord& changed) {
    return changed.intent_open ? access->store->record_intent(changed) : access->store->record_result(changed);
  };
  if (Result<void> written = write(moved); !written) return report_error(options, written.error());
  size_t edges = 0;
  for (const auto& [id, other] : state.steps) {
    StepRecord changed = other;
    std::replace(changed.needs.begin(), changed.needs.end(), from, to);
    if (id == from || changed.needs == other.needs) continue;
    ++edges;
    if (Result<void> written = write(changed); !written) return report_error(options, written.error());
  }
  if (Result<void> gone = access->store->record_removed(from); !gone) return report_error(options, gone.error());
  print_result(options, from.text() + " is " + to.text() + " now; " + std::to_string(edges) + " edges follow it.\n",
               {{"format", 1}, {"from", from.text()}, {"to", to.text()}, {"edges", edges}});
  return 0;
}

}  // namespace slipway
