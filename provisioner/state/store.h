#pragma once
// The state's store: a snapshot (STATE.json) and an append-only journal beside it, under one lock.
//
// Crash contract. A record is acknowledged when its call returned: it is then on disk (fsync; several threads' records
// may share one fsync). kill -9 at any instruction loses no acknowledged record; the next open reads the snapshot,
// replays the journal and cuts a torn last record, saying so. The snapshot is replaced by temp file, fsync, rename,
// fsync of the folder; the previous one is kept as STATE.json.1. Cost of a record is constant, whatever the state's
// size.

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/secret.h"
#include "state/sealing.h"
#include "state/state.h"

namespace slipway {

struct LockHolder {
  std::string host, verb, since;
  int pid = 0;
};

struct StoreOptions {
  std::string directory{};  ///< ".slipway/demo"
  std::string cluster{};
  std::string verb{};          ///< For the lock's message.
  Milliseconds wait{0};        ///< How long to wait for the lock.
  bool read_only = false;      ///< Takes no lock and writes nothing (plan, status, graph).
  std::string key_file{};      ///< Sealing key; empty: config_directory()/keys/LINEAGE.key, made with the state, 0600.
  AskPassphrase passphrase{};  ///< Called where the key file is protected by one.
};

/// What becomes of a record.
using Recorded = std::function<void(Result<void> outcome)>;

/// Threads: any; calls are serialised inside. Lifetime: the destructor folds the journal and releases the lock.
class StateStore {
 public:
  /// Opens or makes the state. Errors: locked (the holder is named), corrupt (what to do is said; never a silent
  /// reset), bad_input (state of another cluster, or of a newer Slipway), unavailable, quota (disk full).
  static Result<std::unique_ptr<StateStore>> open(const StoreOptions& options);
  /// The same on other files, without a lock: for tests that stand between the store and the disk.
  static Result<std::unique_ptr<StateStore>> open(const StoreOptions& options, std::shared_ptr<FileLayer> files);
  virtual ~StateStore() = default;

  /// A consistent copy; cheap enough for once per plan.
  virtual State snapshot() const = 0;
  // One thing out of it, for a single question: no copy of a large state.
  virtual std::optional<StepRecord> find(const StepId& id) const = 0;
  virtual Value fact(const std::string& name) const = 0;  ///< null: not known

  // Errors of every record below: quota (disk full), unavailable. It then does not count here, but its bytes may have
  // reached the disk: after a crash the next open may find it. The next record is tried afresh.

  /// Durable before it returns: `step` is about to create a thing that carries `mark`. Outputs, timing and removal of
  /// an earlier record of this step are kept where `step` has none, so that a thing being replaced is not forgotten.
  virtual Result<void> record_intent(const StepRecord& step) = 0;
  /// The step was applied: outputs, removal, edges. Closes its intent, whose mark is kept where `step` has none.
  virtual Result<void> record_result(const StepRecord& step) = 0;
  /// The same without waiting: `recorded` is called once with the outcome, when that is on disk or has failed; by this
  /// thread before the call returns, or by another one that writes. It must not record. A caller that hands over a
  /// hundred results waits for none of their fsyncs.
  virtual void begin_result(const StepRecord& step, Recorded recorded) = 0;
  /// The thing is gone.
  virtual Result<void> record_removed(const StepId& id) = 0;
  virtual Result<void> set_pool(const std::string& pool, const PoolMembers& members) = 0;
  virtual Result<void> remove_pool(const std::string& pool) = 0;
  virtual Result<void> set_address(const std::string& name, const std::string& address) = 0;  ///< empty: freed
  virtual Result<void> set_fact(const std::string& name, const Value& value) = 0;             ///< null: forgotten

  /// Secrets are sealed (libsodium secretbox, key file 0600). Errors: not_found; unauthorised (the key file is lost or
  /// wrong: the error says how to go on).
  virtual Result<Secret> secret(const std::string& name) const = 0;
  virtual Result<void> set_secret(const std::string& name, const Secret& value) = 0;
  /// An absent one is fine.
  virtual Result<void> remove_secret(const std::string& name) = 0;
  /// Seals every secret under a fresh key; the old key opens nothing that is left in these files. With a passphrase the
  /// key file is protected by it. Killed anywhere, both keys stand in the key file until the next rekey has ended.
  virtual Result<void> rekey(const Secret& passphrase) = 0;
  /// Where the sealing key lies.
  virtual std::string key_file() const = 0;

  /// Folds the journal into the snapshot.
  virtual Result<void> fold() = 0;
  /// Folds, then removes the whole state from disk, its key file too (after destroy). Files of others in the folder
  /// stay. Every later record is an error.
  virtual Result<void> erase() = 0;
  /// What opening had to mend ("cut 37 bytes of a torn last record"), for the user; empty if nothing.
  virtual std::string notice() const = 0;
};

/// A fact that is an object; an empty one where it is not known.
Value object_fact(const StateStore& store, const std::string& name);

/// Where the sealing key of a state lies unless StoreOptions says otherwise.
std::string key_file_of(const std::string& lineage);

/// Who holds the lock of a state folder now, if anyone alive does.
std::optional<LockHolder> lock_holder(const std::string& directory);

}  // namespace slipway
