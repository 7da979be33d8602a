#pragma once
// The simulated cloud's memory: values by key, each change on disk before the call that made it answers.
//
//   object/machine/m-1            a cloud object          host/m-1/task/base/3     what became of a task on a host
//   api/api/v1/nodes/w-1          an API object           artifact/images/worker   what this machine's cache holds
//
// World.log holds one JSON object a line: {"at": nanoseconds, "set": {key: value or null}}. A line is written by one
// call, so that a process that is killed leaves all of a change or none; a torn last line is cut. It survives the death
// of the process, not of the machine: nothing is synced.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/file.h"
#include "base/json.h"
#include "base/result.h"

namespace slipway::simulated {

/// Called with a name before and after every change of the world: tests end the process there.
using Boundary = std::function<void(std::string_view name)>;

/// One thread at a time: whoever reads or changes it holds enter()'s lock.
class World {
 public:
  using Entries = std::map<std::string, Value>;

  /// `directory` is made with the first change; empty: the world lives in memory. Errors: unavailable, corrupt.
  static Result<std::unique_ptr<World>> open(const std::string& directory, Boundary boundary = {});
  /// Removes the files of a world in which nothing is left.
  ~World();

  std::unique_lock<std::mutex> enter() { return std::unique_lock(mutex_); }

  const Value* find(const std::string& key) const;
  std::string text(const std::string& key) const;
  /// Every entry whose key begins with `prefix`.
  template <class Visitor>
  void each(const std::string& prefix, Visitor&& visit) const {
    for (auto entry = entries_.lower_bound(prefix); entry != entries_.end() && entry->first.starts_with(prefix);
         ++entry)
      visit(entry->first, entry->second);
  }
  bool any(const std::string& prefix) const;
  /// The keys of the entries "object/…" that carry the mark.
  const std::set<std::string>& marked(const std::string& mark) const;

  void set(const std::string& key, Value value);
  void erase(const std::string& key);
  void erase_all(const std::string& prefix);
  /// Writes what was set and erased since the last commit, as one change. Errors: unavailable: nothing of it counts for
  /// the next process.
  Result<void> commit();

  /// Virtual nanoseconds since the world began, as of the last change on disk.
  int64_t time() const { return time_; }
  void set_time(int64_t nanoseconds) { time_ = nanoseconds; }

 private:
  World(std::string directory, Boundary boundary) : directory_(std::move(directory)), boundary_(std::move(boundary)) {}
  std::string path() const { return directory_ + "/world.log"; }
  Result<void> load();
  Result<void> open_log();
  Result<void> compact();

  const std::string directory_;
  const Boundary boundary_;
  std::mutex mutex_;
  /// Puts the entry, or nothing, in the place of what `key` held.
  void replace(const std::string& key, Value value);

  Entries entries_;
  std::unordered_map<std::string, std::set<std::string>> marked_;
  std::map<std::string, Value> staged_;
  FileDescriptor log_;
  int64_t time_ = 0;
  uint64_t whole_ = 0;  ///< Bytes of whole lines in the log.
  uint64_t lines_ = 0;
};

}  // namespace slipway::simulated
