#pragma once
// Files in memory that can lose power. What was not synced may be lost, kept, torn or holed at the next start; names
// that were not synced with their folder may each have arrived or not. A fault can be placed on the n-th call.

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "state/file_layer.h"

namespace slipway::testing {

class FaultyFiles final : public FileLayer {
 public:
  /// The call of this number (from 1), and every later one until power_on, fails without effect.
  std::optional<size_t> power_cut_at;
  /// The call of this number fails alone: an append writes half of its data, a sync loses what was unsynced.
  std::optional<size_t> fault_at;
  ErrorKind fault = ErrorKind::quota;
  size_t calls = 0;
  size_t syncs = 0;
  bool on = true;

  /// The machine starts again: what was unsynced is decided by `random`.
  void power_on(std::mt19937& random) {
    const std::lock_guard lock(mutex_);
    for (const NameChange& change : pending_)
      if (random() % 2 == 0) change.apply_to(durable_names_);
    names_ = durable_names_;
    pending_.clear();
    for (auto& [path, file] : names_) file->settle(random);
    power_cut_at.reset();
    fault_at.reset();
    on = true;
  }

  std::set<std::string> list() const {
    const std::lock_guard lock(mutex_);
    std::set<std::string> paths;
    for (const auto& [path, file] : names_) paths.insert(path);
    return paths;
  }
  std::string content(const std::string& path) const {
    const std::lock_guard lock(mutex_);
    const auto found = names_.find(path);
    return found == names_.end() ? "" : found->second->now;
  }
  /// Puts a file there, synced.
  void put(const std::string& path, const std::string& content) {
    const std::lock_guard lock(mutex_);
    auto file = std::make_shared<File>();
    file->now = file->durable = content;
    names_[path] = durable_names_[path] = file;
  }

  Result<std::string> read(const std::string& path) override {
    const std::lock_guard lock(mutex_);
    if (Result<void> passed = call(); !passed) return std::move(passed).error();
    const auto found = names_.find(path);
    if (found == names_.end()) return absent(path);
    return found->second->now;
  }

  Result<std::unique_ptr<AppendFile>> open(const std::string& path, OpenAs mode) override {
    const std::lock_guard lock(mutex_);
    if (Result<void> passed = call(); !passed) return std::move(passed).error();
    std::shared_ptr<File>& file = names_[path];
    if (!file) {
      file = std::make_shared<File>();
      pending_.push_back({path, file, {}});
    }
    if (mode == OpenAs::emptied) file->cut(0);
    return std::unique_ptr<AppendFile>(std::make_unique<Handle>(*this, file));
  }

  Result<void> rename(const std::string& from, const std::string& to) override {
    const std::lock_guard lock(mutex_);
    if (Result<void> passed = call(); !passed) return passed;
    const auto found = names_.find(from);
    if (found == names_.end()) return absent(from);
    pending_.push_back({to, found->second, from});
    pending_.back().apply_to(names_);
    return {};
  }

  Result<void> remove(const std::string& path) override {
    const std::lock_guard lock(mutex_);
    if (Result<void> passed = call(); !passed) return passed;
    if (!names_.contains(path)) return absent(path);
    pending_.push_back({path, nullptr, {}});
    pending_.back().apply_to(names_);
    return {};
  }

  Result<void> sync_directory(const std::string& path) override {
    const std::lock_guard lock(mutex_);
    ++syncs;
    if (Result<void> passed = call(); !passed) return passed;
    std::erase_if(pending_, [&](const NameChange& change) {
      if (folder_of(change.path) != path) return false;
      change.apply_to(durable_names_);
      return true;
    });
    return {};
  }

  Result<void> make_directories(const std::string&) override {
    const std::lock_guard lock(mutex_);
    return call();
  }

 private:
  struct File {
    std::string durable, now;
    /// Bytes of a failed sync: readers see them, yet no later sync writes them (the kernel takes them for written).
    std::vector<std::pair<size_t, size_t>> forgotten;

    std::string written() const {
      std::string bytes = now;
      for (const auto& [begin, end] : forgotten)
        for (size_t at = begin; at < std::min(end, bytes.size()); ++at) bytes[at] = '\0';
      return bytes;
    }
    void forget_unsynced() {
      if (now.size() > durable.size()) forgotten.emplace_back(durable.size(), now.size());
    }
    /// What the disk may hold of the unsynced: a part, all, or all but a hole.
    void settle(std::mt19937& random) {
      now = written();
      forgotten.clear();
      if (now == durable) return;
      const bool grew = now.starts_with(durable);
      std::string kept = now;
      switch (random() % 4) {
        case 0:
          kept = durable;
          break;
        case 1:
          break;
        case 2:
          if (grew) kept.resize(durable.size() + random() % (now.size() - durable.size()));
          break;
        case 3:
          if (grew) {
            const size_t begin = durable.size() + random() % (now.size() - durable.size());
            const size_t end = begin + random() % (now.size() - begin + 1);
            std::fill(kept.begin() + static_cast<long>(begin), kept.begin() + static_cast<long>(end), '\0');
          }
          break;
      }
      now = durable = kept;
    }
    void cut(size_t size) {
      now.resize(std::min(size, now.size()));
      for (auto& [begin, end] : forgotten) end = std::min(end, now.size());
    }
  };

  /// `path` comes to mean `file` (nothing where null), and `from` no longer does.
  struct NameChange {
    std::string path;
    std::shared_ptr<File> file;
    std::string from;
    void apply_to(std::map<std::string, std::shared_ptr<File>>& names) const {
      if (file)
        names[path] = file;
      else
        names.erase(path);
      if (const auto old = names.find(from); !from.empty() && old != names.end() && old->second == file)
        names.erase(old);
    }
  };

  class Handle final : public AppendFile {
   public:
    Handle(FaultyFiles& files, std::shared_ptr<File> file) : files_(files), file_(std::move(file)) {}
    Result<void> append(std::string_view data) override {
      const std::lock_guard lock(files_.mutex_);
      Result<void> passed = files_.call();
      if (passed)
        file_->now += data;
      else if (files_.on)
        file_->now += data.substr(0, data.size() / 2);
      return passed;
    }
    Result<void> sync() override {
      const std::lock_guard lock(files_.mutex_);
      ++files_.syncs;
      if (Result<void> passed = files_.call(); !passed) {
        file_->forget_unsynced();
        return passed;
      }
      file_->durable = file_->written();
      return {};
    }
    Result<void> truncate(uint64_t size) override {
      const std::lock_guard lock(files_.mutex_);
      if (Result<void> passed = files_.call(); !passed) return passed;
      file_->cut(size);
      return {};
    }

   private:
    FaultyFiles& files_;
    std::shared_ptr<File> file_;
  };

  /// REQUIRES: the mutex is held.
  Result<void> call() {
    ++calls;
    if (power_cut_at && calls >= *power_cut_at) on = false;
    if (!on) return fail(ErrorKind::unavailable, "the power is off");
    if (fault_at == calls) return fail(fault, "a fault was placed here");
    return {};
  }
  static Error absent(const std::string& path) { return fail(ErrorKind::not_found, "no such file", {.where = path}); }

  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<File>> names_, durable_names_;
  std::vector<NameChange> pending_;
};

}  // namespace slipway::testing
