#include "cli/boundary.h"

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <optional>
#include <string>
#include <unistd.h>

namespace slipway {
namespace {

struct End {
  int signal = SIGKILL;
  std::string name;
  long pass = 1;
};

/// "KILL:journal/synced#3"
std::optional<End> wanted_end() {
  const char* variable = std::getenv("SLIPWAY_END_AT");
  if (!variable) return std::nullopt;
  const std::string text = variable;
  const size_t colon = text.find(':'), hash = text.rfind('#');
  if (colon == std::string::npos) return std::nullopt;
  End end;
  const std::string signal = text.substr(0, colon);
  end.signal = signal == "INT" ? SIGINT : signal == "TERM" ? SIGTERM : SIGKILL;
  end.name = text.substr(colon + 1, hash == std::string::npos ? hash : hash - colon - 1);
  if (hash != std::string::npos) end.pass = std::strtol(text.c_str() + hash + 1, nullptr, 10);
  return end;
}

int boundary_log() {
  const char* path = std::getenv("SLIPWAY_BOUNDARY_LOG");
  return path ? ::open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
}

/// The file's name; keys are named for their state.
std::string last_part(const std::string& path) {
  const std::string name = path.substr(path.rfind('/') + 1);
  const size_t key = name.find(".key");
  return key == std::string::npos ? name : "KEY" + name.substr(key + 4);
}

class WatchedFile final : public AppendFile {
 public:
  explicit WatchedFile(std::unique_ptr<AppendFile> file) : file_(std::move(file)) {}
  Result<void> append(std::string_view data) override {
    pass_boundary("journal/before");
    if (!boundaries_watched()) return file_->append(data);
    const size_t half = data.size() / 2;
    if (Result<void> written = file_->append(data.substr(0, half)); !written) return written;
    pass_boundary("journal/torn");
    Result<void> written = file_->append(data.substr(half));
    pass_boundary("journal/written");
    return written;
  }
  Result<void> sync() override {
    Result<void> synced = file_->sync();
    pass_boundary("journal/synced");
    return synced;
  }
  Result<void> truncate(uint64_t size) override {
    Result<void> cut = file_->truncate(size);
    pass_boundary("journal/cut");
    return cut;
  }

 private:
  std::unique_ptr<AppendFile> file_;
};

class WatchedFiles final : public FileLayer {
 public:
  explicit WatchedFiles(std::shared_ptr<FileLayer> files) : files_(std::move(files)) {}
  Result<std::string> read(const std::string& path) override { return files_->read(path); }
  Result<std::unique_ptr<AppendFile>> open(const std::string& path, OpenAs mode) override {
    Result<std::unique_ptr<AppendFile>> file = files_->open(path, mode);
    pass_boundary("state/opened/" + last_part(path));
    if (!file) return file;
    return std::unique_ptr<AppendFile>(std::make_unique<WatchedFile>(std::move(*file)));
  }
  Result<void> rename(const std::string& from, const std::string& to) override {
    pass_boundary("state/renaming/" + last_part(to));
    Result<void> renamed = files_->rename(from, to);
    pass_boundary("state/renamed/" + last_part(to));
    return renamed;
  }
  Result<void> remove(const std::string& path) override {
    Result<void> removed = files_->remove(path);
    pass_boundary("state/removed/" + last_part(path));
    return removed;
  }
  Result<void> sync_directory(const std::string& path) override {
    Result<void> synced = files_->sync_directory(path);
    pass_boundary("state/folder-synced");
    return synced;
  }
  Result<void> make_directories(const std::string& path) override { return files_->make_directories(path); }

 private:
  std::shared_ptr<FileLayer> files_;
};

}  // namespace

bool boundaries_watched() {
  static const bool watched = std::getenv("SLIPWAY_END_AT") || std::getenv("SLIPWAY_BOUNDARY_LOG");
  return watched;
}

void pass_boundary(std::string_view name) {
  if (!boundaries_watched()) return;
  static const std::optional<End> end = wanted_end();
  static const int log = boundary_log();
  static std::atomic<long> passes{0};
  if (log >= 0) {
    const std::string line = std::string(name) + "\n";
    [[maybe_unused]] const ssize_t written = ::write(log, line.data(), line.size());
  }
  if (!end || name != end->name || ++passes != end->pass) return;
  ::kill(::getpid(), end->signal);
}

std::shared_ptr<FileLayer> watched_files(std::shared_ptr<FileLayer> files) {
  return std::make_shared<WatchedFiles>(std::move(files));
}

Result<CloudObject> WatchedCloud::create(const CloudRequest& request, const CloudProgress& progress,
                                         Deadline deadline) {
  pass_boundary("cloud/create/" + request.kind + "/before");
  Result<CloudObject> made = writer_.create(request, progress, deadline);
  pass_boundary("cloud/create/" + request.kind + "/after");
  return made;
}

Result<CloudObject> WatchedCloud::update(const CloudObject& object, const Value& fields, const CloudProgress& progress,
                                         Deadline deadline) {
  pass_boundary("cloud/update/" + object.kind + "/before");
  Result<CloudObject> changed = writer_.update(object, fields, progress, deadline);
  pass_boundary("cloud/update/" + object.kind + "/after");
  return changed;
}

Result<void> WatchedCloud::remove(std::string_view kind, const std::string& id, Deadline deadline) {
  pass_boundary("cloud/remove/" + std::string(kind) + "/before");
  Result<void> gone = writer_.remove(kind, id, deadline);
  pass_boundary("cloud/remove/" + std::string(kind) + "/after");
  return gone;
}

}  // namespace slipway
