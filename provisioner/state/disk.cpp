#include "state/disk.h"

#include <algorithm>

#include "state/change.h"
#include "state/record_json.h"
#include "state/snapshot.h"

namespace slipway {
namespace {

constexpr const char* snapshot_name = "STATE.json";
constexpr const char* previous_name = "STATE.json.1";
constexpr const char* journal_name = "STATE.journal";
constexpr const char* previous_journal_name = "STATE.journal.1";
constexpr uint64_t smallest_due_journal = 16 << 20;

/// The file's text, or nothing where it is absent.
Result<std::optional<std::string>> read_if_present(FileLayer& files, const std::string& path) {
  Result<std::string> text = files.read(path);
  if (text) return std::optional(*std::move(text));
  if (text.error().kind == ErrorKind::not_found) return std::optional<std::string>();
  return std::move(text).error();
}

Error changes_missing(const std::string& path, uint64_t held, uint64_t after) {
  return fail(ErrorKind::corrupt, "changes are missing between the snapshot and the journal",
              {.found = "a snapshot up to change " + std::to_string(held) +
                        " and a journal that goes on after change " + std::to_string(after),
               .expected = "a journal that begins where the snapshot ends",
               .advice = "put back the STATE.json or STATE.journal.1 that belongs to it; without them, move " + path +
                         " away and let slipway state recover SPEC find by its marks what was made since",
               .where = path});
}

}  // namespace

StateDisk::StateDisk(std::shared_ptr<FileLayer> files, std::string directory, const Migrations& migrations)
    : files_(std::move(files)), directory_(std::move(directory)), migrations_(migrations) {}

Result<JournalScan> StateDisk::scan(std::string_view bytes, const char* name, const State& state) const {
  const std::string file = path(name);
  Result<JournalScan> found = scan_journal(bytes, file);
  if (!found) return found;
  if (found->header.format > static_cast<uint64_t>(state_format))
    return wrong_format(found->header.format, state_format, file);
  if (found->header.lineage == state.lineage) return found;
  return fail(ErrorKind::corrupt, "the journal belongs to another state",
              {.found = "lineage " + found->header.lineage + " of cluster '" + found->header.cluster + "'",
               .expected = "lineage " + state.lineage + ", as the snapshot beside it",
               .advice = "put back the STATE.json that belongs to it, or move " + file +
                         " away if this STATE.json is the right one",
               .where = file});
}

Result<void> StateDisk::replay(const JournalScan& scan, const char* name, State& state) const {
  const std::string file = path(name);
  if (scan.header.base > state.serial) return changes_missing(file, state.serial, scan.header.base);
  const bool older = scan.header.format != static_cast<uint64_t>(state_format);
  for (const JournalRecord& record : scan.records) {
    // A crash between the fold's two halves leaves records that the snapshot holds already.
    if (record.serial <= state.serial) continue;
    if (record.after > state.serial) return changes_missing(file, state.serial, record.after);
    std::optional<JsonReader::Fault> fault;
    Change change;
    if (older) {
      Result<std::string> now =
          migrate(std::string(record.json), scan.header.format, state_format, MigratedPart::change, migrations_, file);
      if (!now) return std::move(now).error();
      change = read_change(*now, fault);
    } else {
      change = read_change(record.json, fault);
    }
    if (fault)
      return unreadable(file, record.at, *fault,
                        "restore the file from a copy, or move it away and run slipway state recover SPEC");
    apply(std::move(change), state);
    state.serial = record.serial;
  }
  return {};
}

Result<LoadedState> StateDisk::load() const {
  LoadedState loaded;
  const char* name = snapshot_name;
  Result<std::optional<std::string>> text = read_if_present(*files_, path(name));
  if (!text) return std::move(text).error();
  loaded.snapshot_found = text->has_value();
  if (!loaded.snapshot_found) {
    name = previous_name;
    text = read_if_present(*files_, path(name));
    if (!text) return std::move(text).error();
  }
  const Result<std::optional<std::string>> journal = read_if_present(*files_, path(journal_name));
  if (!journal) return journal.error();
  loaded.journal_found = journal->has_value();

  if (!text->has_value()) {
    if (!loaded.journal_found) return loaded;
    return fail(
        ErrorKind::corrupt, "the state's snapshot is missing",
        {.found = "STATE.journal without STATE.json",
         .expected = "both",
         .advice = "put STATE.json or STATE.json.1 back from a copy; without one, move STATE.journal away and let "
                   "slipway state recover SPEC find by its marks what exists",
         .where = directory_});
  }
  Result<Snapshot> snapshot = read_snapshot(**text, path(name), migrations_);
  if (!snapshot) return std::move(snapshot).error();
  loaded.exists = true;
  loaded.state = std::move(snapshot->state);
  loaded.migrated = snapshot->migrated;
  loaded.snapshot_serial = loaded.state.serial;
  if (!loaded.snapshot_found) loaded.notice = "STATE.json was missing: STATE.json.1 and the journal stood in for it";

  JournalScan newest;
  if (loaded.journal_found) {
    Result<JournalScan> found = scan(**journal, journal_name, loaded.state);
    if (!found) return std::move(found).error();
    newest = *std::move(found);
    loaded.journal_whole = newest.whole;
    loaded.journal_torn = newest.torn;
    loaded.migrated = loaded.migrated || newest.header.format != static_cast<uint64_t>(state_format);
  }
  // The snapshot is older than the journal (an earlier one was put back), or a crash came between the journal's two
  // names.
  if (!loaded.journal_found || newest.header.base > loaded.state.serial) {
    const Result<std::optional<std::string>> before = read_if_present(*files_, path(previous_journal_name));
    if (!before) return before.error();
    if (before->has_value()) {
      const Result<JournalScan> found = scan(**before, previous_journal_name, loaded.state);
      if (!found) return found.error();
      if (Result<void> replayed = replay(*found, previous_journal_name, loaded.state); !replayed)
        return std::move(replayed).error();
      loaded.bridged = loaded.state.serial != loaded.snapshot_serial;
    }
  }
  if (loaded.journal_found)
    if (Result<void> replayed = replay(newest, journal_name, loaded.state); !replayed)
      return std::move(replayed).error();
  if (loaded.journal_torn > 0) {
    if (!loaded.notice.empty()) loaded.notice += "; ";
    loaded.notice += "cut " + std::to_string(loaded.journal_torn) +
                     " bytes of a torn last record off STATE.journal: what it said had not been confirmed to anyone";
  }
  return loaded;
}

Result<void> StateDisk::create(const State& state) {
  if (Result<void> written = write_snapshot(state); !written) return written;
  return begin_journal(state);
}

Result<void> StateDisk::take_up(const LoadedState& loaded) {
  snapshot_serial_ = loaded.snapshot_serial;
  fold_at_ = smallest_due_journal;
  if (Result<void> removed = remove_if_present(*files_, path(snapshot_name) + ".tmp"); !removed) return removed;
  if (loaded.journal_found && loaded.snapshot_found && !loaded.bridged && !loaded.migrated) {
    if (Result<void> opened = open_journal(loaded.journal_whole); !opened) return opened;
    if (loaded.journal_torn == 0) return {};
    if (Result<void> cut = journal_->truncate(loaded.journal_whole); !cut) return cut;
    return journal_->sync();
  }
  if (Result<void> done = fold(loaded.state); !done) return done;
  // One more, so that the kept pair (STATE.json.1, STATE.journal.1) fits together again.
  return loaded.bridged ? fold(loaded.state) : Result<void>();
}

Result<void> StateDisk::open_journal(uint64_t size) {
  Result<std::unique_ptr<AppendFile>> file = files_->open(path(journal_name), OpenAs::continued);
  if (!file) return std::move(file).error();
  journal_ = *std::move(file);
  journal_size_ = size;
  return {};
}

Result<void> StateDisk::append(std::string_view records) {
  if (broken_) return fail(ErrorKind::internal, "the journal takes no records before it is folded");
  if (Result<void> written = journal_->append(records); !written) {
    // A part of a record may stand there now; the next one must not follow it.
    if (!journal_->truncate(journal_size_)) broken_ = true;
    return std::move(written).error().while_doing("recording in the state's journal");
  }
  if (Result<void> synced = journal_->sync(); !synced) {
    // The kernel forgets which pages it could not write, so only a new file is certain.
    broken_ = true;
    return std::move(synced).error().while_doing("recording in the state's journal");
  }
  journal_size_ += records.size();
  return {};
}

Result<void> StateDisk::fold(const State& state) {
  Result<void> done = write_snapshot(state);
  if (done) done = begin_journal(state);
  if (done) return done;
  // Not again before much more has come: what failed now will likely fail for the next record too.
  fold_at_ = journal_size_ + std::max(smallest_due_journal, journal_size_);
  return std::move(done).error().while_doing("folding the state's journal into its snapshot");
}

Result<void> StateDisk::write_snapshot(const State& state) {
  const std::string text = snapshot_text(state);
  const std::string temporary = path(snapshot_name) + ".tmp";
  {
    Result<std::unique_ptr<AppendFile>> file = files_->open(temporary, OpenAs::emptied);
    if (!file) return std::move(file).error();
    Result<void> written = (*file)->append(text);
    if (written) written = (*file)->sync();
    if (!written) {
      // Gives the space back; failing at that changes nothing.
      (void)files_->remove(temporary);
      return written;
    }
  }
  if (Result<void> kept = files_->rename(path(snapshot_name), path(previous_name));
      !kept && kept.error().kind != ErrorKind::not_found)
    return kept;
  if (Result<void> renamed = files_->rename(temporary, path(snapshot_name)); !renamed) return renamed;
  if (Result<void> synced = files_->sync_directory(directory_); !synced) return synced;
  fold_at_ = std::max<uint64_t>(smallest_due_journal, 2 * text.size());
  return {};
}

Result<void> StateDisk::begin_journal(const State& state) {
  // From here on the open file may be the old journal under its new name.
  broken_ = true;
  const std::string header =
      journal_header({static_cast<uint64_t>(state_format), state.cluster, state.lineage, state.serial});
  const std::string temporary = path(journal_name) + ".tmp";
  {
    Result<std::unique_ptr<AppendFile>> file = files_->open(temporary, OpenAs::emptied);
    if (!file) return std::move(file).error();
    if (Result<void> written = (*file)->append(header); !written) return written;
    if (Result<void> synced = (*file)->sync(); !synced) return synced;
  }
  if (Result<void> kept = files_->rename(path(journal_name), path(previous_journal_name));
      !kept && kept.error().kind != ErrorKind::not_found)
    return kept;
  if (Result<void> renamed = files_->rename(temporary, path(journal_name)); !renamed) return renamed;
  if (Result<void> synced = files_->sync_directory(directory_); !synced) return synced;
  if (Result<void> opened = open_journal(header.size()); !opened) return opened;
  snapshot_serial_ = state.serial;
  broken_ = false;
  return {};
}

Result<void> StateDisk::erase() {
  journal_.reset();
  // The journals hold nothing that the snapshot has not, and a snapshot without them is whole; the previous snapshot
  // must be gone before the newest is, or it would stand in for it.
  for (const char* name : {journal_name, previous_journal_name, previous_name, "STATE.json.tmp", "STATE.journal.tmp"})
    if (Result<void> removed = remove_if_present(*files_, path(name)); !removed) return removed;
  if (Result<void> synced = files_->sync_directory(directory_); !synced) return synced;
  if (Result<void> removed = remove_if_present(*files_, path(snapshot_name)); !removed) return removed;
  return files_->sync_directory(directory_);
}

}  // namespace slipway
