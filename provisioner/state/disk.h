#pragma once
// The state's files and the order in which they are written, so that a crash between any two calls loses nothing.
//
//   STATE.json       the snapshot             STATE.journal    what changed since
//   STATE.json.1     the one before           STATE.journal.1  what changed between the two
//
// A fold writes the snapshot, moves the names, and only when that is on disk begins a new journal. So STATE.json.1 with
// STATE.journal.1 and STATE.journal holds as much as STATE.json with STATE.journal: a damaged snapshot costs nothing.

#include <memory>
#include <string>

#include "base/result.h"
#include "state/file_layer.h"
#include "state/journal.h"
#include "state/migration.h"
#include "state/state.h"

namespace slipway {

/// What the files hold.
struct LoadedState {
  bool exists = false;
  State state;
  uint64_t snapshot_serial = 0;
  size_t journal_whole = 0, journal_torn = 0;
  bool journal_found = false;
  bool snapshot_found = false;  ///< False where STATE.json.1 stood in for it.
  bool bridged = false;         ///< STATE.journal.1 was needed.
  bool migrated = false;
  std::string notice;
};

/// One thread at a time.
class StateDisk {
 public:
  StateDisk(std::shared_ptr<FileLayer> files, std::string directory, const Migrations& migrations = known_migrations());

  /// Only reads. Errors: corrupt, bad_input (newer format), unauthorised, unavailable.
  Result<LoadedState> load() const;
  /// Makes the files of a new state.
  Result<void> create(const State& state);
  /// Cuts the torn tail and finishes what a crash interrupted; then the journal takes records.
  Result<void> take_up(const LoadedState& loaded);

  /// Durable at return. After an error none of it counts: the next try must use higher serials.
  Result<void> append(std::string_view records);
  /// The journal can no longer be trusted: fold() before the next append.
  bool broken() const { return broken_; }

  /// Whether `state` has anything that the snapshot has not.
  bool folded(const State& state) const { return !broken_ && snapshot_serial_ == state.serial; }
  /// The journal has outgrown the snapshot: folding now keeps a record's cost constant on average.
  bool fold_is_due() const { return journal_size_ > fold_at_; }
  Result<void> fold(const State& state);

  /// Removes all files, in an order that leaves a whole state or none.
  Result<void> erase();

  FileLayer& files() { return *files_; }
  const std::string& directory() const { return directory_; }

 private:
  std::string path(const char* name) const { return directory_ + "/" + name; }
  Result<void> write_snapshot(const State& state);
  Result<void> begin_journal(const State& state);
  Result<void> open_journal(uint64_t size);
  Result<JournalScan> scan(std::string_view bytes, const char* name, const State& state) const;
  Result<void> replay(const JournalScan& scan, const char* name, State& state) const;

  std::shared_ptr<FileLayer> files_;
  std::string directory_;
  const Migrations& migrations_;
  std::unique_ptr<AppendFile> journal_;
  uint64_t journal_size_ = 0, fold_at_ = 0;
  uint64_t snapshot_serial_ = 0;
  bool broken_ = false;
};

}  // namespace slipway
