#include "state/store.h"

#include <algorithm>
#include <condition_variable>
#include <thread>

#include "base/file.h"
#include "base/ids.h"
#include "state/change.h"
#include "state/disk.h"
#include "state/lock.h"
#include "state/open_on.h"
#include "state/sealing.h"

namespace slipway {
namespace {

/// One caller's change on its way to the disk. Its caller waits for the outcome, or has left `recorded` to be told.
struct Ticket {
  Change change;
  Recorded recorded{};
  std::optional<Result<void>> outcome{};
};
/// Held by the queue, and by the caller that waits.
using SharedTicket = std::shared_ptr<Ticket>;

/// A step's record continues the one before: an intent over a thing that was applied once does not forget it, a result
/// keeps the mark that its intent wrote.
void continue_record(Change& change, const StepRecord& before) {
  if (auto* intent = std::get_if<IntentRecorded>(&change)) {
    StepRecord& step = intent->step;
    step.applied = step.applied || before.applied;
    if (step.outputs.is_null() || step.outputs.empty()) step.outputs = before.outputs;
    if (step.milliseconds == 0) step.milliseconds = before.milliseconds;
    if (step.removal_kind.empty()) {
      step.removal_kind = before.removal_kind;
      step.removal_data = before.removal_data;
    }
  } else if (auto* result = std::get_if<ResultRecorded>(&change)) {
    if (result->step.mark.empty()) result->step.mark = before.mark;
    if (result->step.milliseconds == 0) result->step.milliseconds = before.milliseconds;
  }
}

ResultRecorded result_of(const StepRecord& step) {
  ResultRecorded change{step};
  change.step.intent_open = false;
  change.step.applied = true;
  return change;
}

/// The record that `change` sets, if it sets one; `id` where it removes one.
const StepRecord* step_of(const Change& change) {
  if (const auto* intent = std::get_if<IntentRecorded>(&change)) return &intent->step;
  if (const auto* result = std::get_if<ResultRecorded>(&change)) return &result->step;
  return nullptr;
}

bool removes(const Change& change, const StepId& id) {
  const auto* removed = std::get_if<StepRemoved>(&change);
  return removed && removed->id == id;
}

/// Group commit: callers queue their changes; the first of them writes all that have gathered with one fsync while the
/// others wait, or have left. It goes on for as long as more has come. Whoever has the turn (writing_) alone touches
/// the disk and alone changes state_, so it may read state_ without the mutex; everyone else reads it, and it is
/// changed, under the mutex.
class FileStateStore final : public StateStore {
 public:
  FileStateStore(const StoreOptions& options, StateDisk disk, std::optional<StateLock> lock, LoadedState loaded)
      : read_only_(options.read_only),
        key_file_(options.key_file),
        ask_(options.passphrase),
        disk_(std::move(disk)),
        lock_(std::move(lock)),
        state_(std::move(loaded.state)),
        attempted_(state_.serial),
        notice_(std::move(loaded.notice)) {
    if (key_file_.empty() && !state_.lineage.empty()) key_file_ = key_file_of(state_.lineage);
  }

  ~FileStateStore() override {
    // A failure loses nothing: the records stay in the journal, and the next open reads them.
    if (!read_only_ && !erased_) (void)fold();
  }

  State snapshot() const override {
    const std::lock_guard lock(mutex_);
    return state_;
  }

  std::optional<StepRecord> find(const StepId& id) const override {
    const std::lock_guard lock(mutex_);
    const auto found = state_.steps.find(id);
    return found == state_.steps.end() ? std::nullopt : std::optional(found->second);
  }

  Value fact(const std::string& name) const override {
    const std::lock_guard lock(mutex_);
    return state_.facts.value(name, Value());
  }

  Result<void> record_intent(const StepRecord& step) override {
    IntentRecorded change{step};
    change.step.intent_open = true;
    return commit(std::move(change));
  }

  Result<void> record_result(const StepRecord& step) override { return commit(result_of(step)); }

  void begin_result(const StepRecord& step, Recorded recorded) override {
    if (Result<void> writable = check_writable(); !writable) return recorded(std::move(writable));
    auto ticket = std::make_shared<Ticket>(Ticket{.change = result_of(step), .recorded = std::move(recorded)});
    std::unique_lock lock(mutex_);
    queue_.push_back(std::move(ticket));
    if (writing_) return;
    writing_ = true;
    give_turn(lock);
  }

  Result<void> record_removed(const StepId& id) override { return commit(StepRemoved{id}); }
  Result<void> set_pool(const std::string& pool, const PoolMembers& members) override {
    return commit(PoolSet{pool, members});
  }
  Result<void> remove_pool(const std::string& pool) override { return commit(PoolRemoved{pool}); }
  Result<void> set_address(const std::string& name, const std::string& address) override {
    return commit(AddressSet{name, address});
  }
  Result<void> set_fact(const std::string& name, const Value& value) override { return commit(FactSet{name, value}); }

  Result<Secret> secret(const std::string& name) const override {
    const std::optional<std::string> sealed = sealed_text(name);
    if (!sealed)
      return fail(ErrorKind::not_found, "no such secret in the state", {.found = name, .where = disk_.directory()});
    const std::lock_guard lock(key_mutex_);
    if (Result<void> opened = open_key(); !opened) return std::move(opened).error();
    return sealer_->unseal(name, *sealed);
  }

  Result<void> set_secret(const std::string& name, const Secret& value) override {
    if (Result<void> writable = check_writable(); !writable) return writable;
    std::string sealed;
    {
      const std::lock_guard lock(key_mutex_);
      if (Result<void> ready = open_or_make_key(); !ready) return ready;
      sealed = sealer_->seal(name, value);
    }
    return commit(SecretSet{name, std::move(sealed)});
  }

  Result<void> remove_secret(const std::string& name) override {
    return sealed_text(name) ? commit(SecretSet{name, ""}) : Result<void>();
  }

  Result<void> rekey(const Secret& passphrase) override {
    if (Result<void> writable = check_writable(); !writable) return writable;
    const std::lock_guard lock(key_mutex_);
    if (Result<void> ready = open_or_make_key(); !ready) return ready;
    // Both keys stand in the file before anything is sealed with the new one, until nothing needs the old one.
    const Sealer both = sealer_->with_fresh_key(), fresh = both.with_first_key_only();
    if (Result<void> saved = both.save(*files_, passphrase); !saved) return saved;
    const Sealer before = *std::exchange(sealer_, both);
    for (const auto& [name, sealed] : snapshot().sealed) {
      Result<Secret> value = before.unseal(name, sealed);
      if (!value) return std::move(value).error();
      if (Result<void> written = commit(SecretSet{name, fresh.seal(name, *value)}); !written) return written;
    }
    // Twice: the previous snapshot and journal hold what the old key opens, too.
    for (int round = 0; round < 2; ++round) {
      if (Result<void> noted = commit(FactSet{"rekeyed", format_time(std::chrono::system_clock::now())}); !noted)
        return noted;
      if (Result<void> folded = fold(); !folded) return folded;
    }
    if (Result<void> saved = fresh.save(*files_, passphrase); !saved) return saved;
    sealer_ = fresh;
    return {};
  }

  std::string key_file() const override { return key_file_; }

  Result<void> fold() override {
    if (Result<void> writable = check_writable(); !writable) return writable;
    std::unique_lock lock(mutex_);
    take_turn(lock);
    Result<void> done = disk_.folded(state_) && attempted_ == state_.serial ? Result<void>() : fold_now(lock);
    give_turn(lock);
    return done;
  }

  Result<void> erase() override {
    if (Result<void> writable = check_writable(); !writable) return writable;
    // A full disk must not keep the state of a destroyed cluster: unfolded, a crash in the middle of the removal leaves
    // an older state, whose things the next destroy looks for and does not find.
    (void)fold();
    std::unique_lock lock(mutex_);
    take_turn(lock);
    erased_ = true;
    lock.unlock();
    Result<void> done = disk_.erase();
    if (done) done = remove_if_present(disk_.files(), key_file_);
    if (done) {
      if (lock_) lock_->remove();
      // Logs and other files of the user may keep the folder in being.
      (void)disk_.files().remove(disk_.directory());
    }
    lock.lock();
    give_turn(lock);
    return done;
  }

  std::string notice() const override { return notice_; }

  /// The key is made with the state, so that a copy of it can be kept from the first day.
  Result<void> make_key() {
    const std::lock_guard lock(key_mutex_);
    return open_or_make_key();
  }

 private:
  Result<void> check_writable() const {
    if (read_only_)
      return fail(ErrorKind::internal, "the state was opened for reading only", {.where = disk_.directory()});
    return {};
  }

  void take_turn(std::unique_lock<std::mutex>& lock) {
    turn_.wait(lock, [&] { return !writing_; });
    writing_ = true;
  }
  /// First writes what has come meanwhile: its callers may have gone. REQUIRES: the mutex is held.
  void give_turn(std::unique_lock<std::mutex>& lock) {
    while (!queue_.empty()) write_queue(lock);
    writing_ = false;
    turn_.notify_all();
  }

  Result<void> commit(Change change) {
    if (Result<void> writable = check_writable(); !writable) return writable;
    const auto ticket = std::make_shared<Ticket>(Ticket{.change = std::move(change)});
    std::unique_lock lock(mutex_);
    queue_.push_back(ticket);
    turn_.wait(lock, [&] { return ticket->outcome || !writing_; });
    if (ticket->outcome) return *std::move(ticket->outcome);
    writing_ = true;
    give_turn(lock);
    return *std::move(ticket->outcome);
  }

  /// REQUIRES: the turn is ours and the mutex is held; it is released meanwhile.
  void write_queue(std::unique_lock<std::mutex>& lock) {
    const std::vector<SharedTicket> batch = std::exchange(queue_, {});
    write(batch, lock);
    // Those who wait for their outcome go on while this thread tells the others theirs, and folds.
    turn_.notify_all();
    const bool fold_is_due = disk_.fold_is_due() && !disk_.broken();
    lock.unlock();
    for (const SharedTicket& ticket : batch)
      if (ticket->recorded) ticket->recorded(*std::move(ticket->outcome));
    lock.lock();
    if (fold_is_due) (void)fold_now(lock);
  }

  /// REQUIRES: the turn is ours. Gives every ticket of the batch its outcome.
  void write(const std::vector<SharedTicket>& batch, std::unique_lock<std::mutex>& lock) {
    const auto all_fail = [&](const Error& error) {
      for (const SharedTicket& ticket : batch)
        if (!ticket->outcome) ticket->outcome = error;
    };
    if (erased_) return all_fail(fail(ErrorKind::internal, "the state was erased", {.where = disk_.directory()}));
    if (disk_.broken())
      if (Result<void> folded = fold_now(lock); !folded) return all_fail(folded.error());

    lock.unlock();
    std::string records;
    uint64_t serial = attempted_;
    std::vector<Change> changes;
    for (const SharedTicket& ticket : batch) {
      if (const StepRecord* step = step_of(ticket->change))
        if (const StepRecord* before = latest(step->id, changes)) continue_record(ticket->change, *before);
      const std::string json = change_text(ticket->change);
      // What is kept in memory is what the disk will give back.
      std::optional<JsonReader::Fault> fault;
      Change change = read_change(json, fault);
      if (fault) {
        ticket->outcome = fail(ErrorKind::internal, "a record cannot be written as JSON that reads back",
                               {.found = fault->found, .expected = fault->expected});
        continue;
      }
      append_record(records, ++serial, state_.serial, json);
      changes.push_back(std::move(change));
    }
    Result<void> written = records.empty() ? Result<void>() : disk_.append(records);
    attempted_ = serial;
    lock.lock();
    if (!written) return all_fail(written.error());
    for (Change& change : changes) apply(std::move(change), state_);
    if (!changes.empty()) state_.serial = serial;
    for (const SharedTicket& ticket : batch)
      if (!ticket->outcome) ticket->outcome = Result<void>();
  }

  /// The step as the batch so far leaves it. REQUIRES: the turn is ours.
  const StepRecord* latest(const StepId& id, const std::vector<Change>& batch) const {
    for (auto change = batch.rbegin(); change != batch.rend(); ++change) {
      if (removes(*change, id)) return nullptr;
      if (const StepRecord* step = step_of(*change); step && step->id == id) return step;
    }
    const auto found = state_.steps.find(id);
    return found == state_.steps.end() ? nullptr : &found->second;
  }

  /// REQUIRES: the turn is ours and the mutex is held; it is released meanwhile.
  Result<void> fold_now(std::unique_lock<std::mutex>& lock) {
    // A record that failed may stand in the old journal all the same. The snapshot takes its serial, so that it is
    // never replayed over what comes after.
    state_.serial = attempted_;
    lock.unlock();
    Result<void> done = disk_.fold(state_);
    lock.lock();
    return done;
  }

  std::optional<std::string> sealed_text(const std::string& name) const {
    const std::lock_guard lock(mutex_);
    const auto found = state_.sealed.find(name);
    return found == state_.sealed.end() ? std::nullopt : std::optional(found->second);
  }

  std::optional<std::pair<std::string, std::string>> any_sealed() const {
    const std::lock_guard lock(mutex_);
    if (state_.sealed.empty()) return std::nullopt;
    return *state_.sealed.begin();
  }

  /// REQUIRES: key_mutex_ is held.
  Result<void> open_key() const {
    if (sealer_) return {};
    Result<Sealer> sealer = Sealer::open(*files_, key_file_, ask_);
    if (!sealer) {
      if (sealer.error().kind == ErrorKind::not_found) return key_lost(key_file_, "no such file");
      return std::move(sealer).error();
    }
    sealer_ = *std::move(sealer);
    return {};
  }

  /// REQUIRES: key_mutex_ is held.
  Result<void> open_or_make_key() {
    if (sealer_ && key_proven_) return {};
    const auto sealed = any_sealed();
    if (!sealed && !sealer_) {
      Result<Sealer> sealer = Sealer::open(*files_, key_file_, ask_);
      if (!sealer && sealer.error().kind == ErrorKind::not_found) sealer = Sealer::make(*files_, key_file_);
      if (!sealer) return std::move(sealer).error();
      sealer_ = *std::move(sealer);
    }
    if (Result<void> opened = open_key(); !opened) return opened;
    // Two keys in one state would make it unreadable for good.
    if (sealed)
      if (Result<Secret> proof = sealer_->unseal(sealed->first, sealed->second); !proof)
        return std::move(proof).error();
    key_proven_ = true;
    return {};
  }

  const bool read_only_;
  std::string key_file_;
  const AskPassphrase ask_;
  StateDisk disk_;
  std::optional<StateLock> lock_;
  FileLayer* const files_ = &disk_.files();

  mutable std::mutex mutex_;
  std::condition_variable turn_;
  std::vector<SharedTicket> queue_;
  bool writing_ = false, erased_ = false;
  State state_;
  uint64_t attempted_;  ///< The highest serial that was ever given out; some may have failed.
  const std::string notice_;

  mutable std::mutex key_mutex_;
  mutable std::optional<Sealer> sealer_;
  bool key_proven_ = false;
};

Error other_cluster(const State& state, const StoreOptions& options) {
  return fail(
      ErrorKind::bad_input, "this is the state of another cluster",
      {.found = "cluster '" + state.cluster + "'",
       .expected = "cluster '" + options.cluster + "'",
       .advice = "name this cluster's own folder with --state-dir, or put the cluster's former name back in the spec",
       .where = options.directory});
}

/// A live run may fold while we read: then two of the files do not fit, and a second look finds them in order.
Result<LoadedState> load_beside_a_writer(const StateDisk& disk) {
  Result<LoadedState> loaded = disk.load();
  for (int look = 0; look < 5 && !loaded && lock_holder(disk.directory()); ++look) {
    std::this_thread::sleep_for(Milliseconds(20));
    loaded = disk.load();
  }
  return loaded;
}

Result<std::unique_ptr<StateStore>> open_to_read(const StoreOptions& options, StateDisk disk) {
  Result<LoadedState> loaded = load_beside_a_writer(disk);
  if (!loaded) return std::move(loaded).error();
  if (!loaded->exists) loaded->state.cluster = options.cluster;
  if (!options.cluster.empty() && loaded->state.cluster != options.cluster)
    return other_cluster(loaded->state, options);
  // The last record may be the one a live run is writing just now; and a reader cuts nothing.
  loaded->notice.clear();
  if (loaded->journal_torn > 0 && !lock_holder(options.directory))
    loaded->notice = "left out " + std::to_string(loaded->journal_torn) +
                     " bytes of a torn last record at the end of STATE.journal; the next run that writes cuts them";
  return std::unique_ptr<StateStore>(
      std::make_unique<FileStateStore>(options, std::move(disk), std::nullopt, *std::move(loaded)));
}

/// REQUIRES: the lock is held (or the files are nobody else's).
Result<std::unique_ptr<StateStore>> open_to_write(const StoreOptions& options, StateDisk disk,
                                                  std::optional<StateLock> lock) {
  Result<LoadedState> loaded = disk.load();
  if (!loaded) return std::move(loaded).error();
  const bool fresh = !loaded->exists;
  if (fresh) {
    if (options.cluster.empty())
      return fail(ErrorKind::bad_input, "no state here",
                  {.expected = "STATE.json", .advice = "name the folder with --state-dir", .where = options.directory});
    loaded->state.cluster = options.cluster;
    loaded->state.lineage = random_hex(16);
    if (Result<void> made = disk.create(loaded->state); !made) return std::move(made).error();
  } else {
    if (!options.cluster.empty() && loaded->state.cluster != options.cluster)
      return other_cluster(loaded->state, options);
    if (Result<void> ready = disk.take_up(*loaded); !ready) return std::move(ready).error();
  }
  auto store = std::make_unique<FileStateStore>(options, std::move(disk), std::move(lock), *std::move(loaded));
  if (fresh)
    if (Result<void> made = store->make_key(); !made) return std::move(made).error();
  return std::unique_ptr<StateStore>(std::move(store));
}

}  // namespace

Value object_fact(const StateStore& store, const std::string& name) {
  Value fact = store.fact(name);
  return fact.is_object() ? fact : Value::object();
}

std::string key_file_of(const std::string& lineage) { return config_directory() + "/keys/" + lineage + ".key"; }

Result<std::unique_ptr<StateStore>> StateStore::open(const StoreOptions& options) {
  return open_store_on(options, real_files());
}

Result<std::unique_ptr<StateStore>> open_store_on(const StoreOptions& options, std::shared_ptr<FileLayer> files) {
  StateDisk disk(std::move(files), options.directory);
  if (options.read_only) return open_to_read(options, std::move(disk));
  if (Result<void> made = disk.files().make_directories(options.directory); !made)
    return std::move(made).error().while_doing("making the state folder");
  Result<StateLock> lock = StateLock::acquire(options.directory, options.verb, options.wait);
  if (!lock) return std::move(lock).error();
  return open_to_write(options, std::move(disk), *std::move(lock));
}

Result<std::unique_ptr<StateStore>> StateStore::open(const StoreOptions& options, std::shared_ptr<FileLayer> files) {
  StateDisk disk(std::move(files), options.directory);
  if (options.read_only) return open_to_read(options, std::move(disk));
  if (Result<void> made = disk.files().make_directories(options.directory); !made) return std::move(made).error();
  return open_to_write(options, std::move(disk), std::nullopt);
}

}  // namespace slipway
