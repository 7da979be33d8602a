#include "providers/simulated/world.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <unistd.h>

namespace slipway::simulated {
namespace {

Error from_errno(const std::string& doing, const std::string& path) {
  return fail(ErrorKind::unavailable, "cannot " + doing + " the simulated world",
              {.found = std::strerror(errno), .where = path});
}

Result<void> write_all(int file, std::string_view data, const std::string& path) {
  while (!data.empty()) {
    const ssize_t count = ::write(file, data.data(), data.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return from_errno("write", path);
    data.remove_prefix(static_cast<size_t>(count));
  }
  return {};
}

std::string line_of(int64_t time, const Value& changes) {
  return Value{{"at", time}, {"set", changes}}.dump(-1, ' ', false, Value::error_handler_t::replace) + "\n";
}

}  // namespace

Result<std::unique_ptr<World>> World::open(const std::string& directory, Boundary boundary) {
  std::unique_ptr<World> world(new World(directory, std::move(boundary)));
  if (directory.empty()) return world;
  if (Result<void> loaded = world->load(); !loaded) return std::move(loaded).error();
  return world;
}

World::~World() {
  if (directory_.empty() || !log_.open() || any("object/")) return;
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

Result<void> World::load() {
  Result<std::string> text = read_file(path());
  if (!text) {
    if (text.error().kind == ErrorKind::not_found) return {};
    return std::move(text).error();
  }
  for (size_t begin = 0; begin < text->size();) {
    const size_t end = text->find('\n', begin);
    if (end == std::string::npos) break;
    const Value line =
        Value::parse(text->begin() + static_cast<long>(begin), text->begin() + static_cast<long>(end), nullptr, false);
    if (line.is_discarded() || !line.contains("set"))
      return fail(ErrorKind::corrupt, "the simulated world cannot be read",
                  {.found = "a damaged line at byte " + std::to_string(begin),
                   .advice = "remove the file: the machines in it are gone then",
                   .where = path()});
    for (const auto& [key, value] : line["set"].items()) replace(key, value);
    time_ = line.value("at", time_);
    begin = whole_ = end + 1;
    ++lines_;
  }
  return {};
}

const Value* World::find(const std::string& key) const {
  const auto found = entries_.find(key);
  return found == entries_.end() ? nullptr : &found->second;
}

std::string World::text(const std::string& key) const {
  const Value* value = find(key);
  return value && value->is_string() ? value->get<std::string>() : "";
}

bool World::any(const std::string& prefix) const {
  const auto entry = entries_.lower_bound(prefix);
  return entry != entries_.end() && entry->first.starts_with(prefix);
}

const std::set<std::string>& World::marked(const std::string& mark) const {
  static const std::set<std::string> none;
  const auto found = marked_.find(mark);
  return found == marked_.end() ? none : found->second;
}

void World::replace(const std::string& key, Value value) {
  const auto entry = entries_.find(key);
  const bool indexed = key.starts_with("object/");
  if (indexed && entry != entries_.end()) {
    const auto carriers = marked_.find(text_at(entry->second, "mark"));
    if (carriers != marked_.end() && carriers->second.erase(key) > 0 && carriers->second.empty())
      marked_.erase(carriers);
  }
  if (indexed && value.is_object()) marked_[text_at(value, "mark")].insert(key);
  if (value.is_null()) {
    if (entry != entries_.end()) entries_.erase(entry);
  } else {
    entries_.insert_or_assign(key, std::move(value));
  }
}

void World::set(const std::string& key, Value value) {
  if (!directory_.empty()) staged_[key] = value;
  replace(key, std::move(value));
}

void World::erase(const std::string& key) {
  if (!entries_.contains(key)) return;
  if (!directory_.empty()) staged_[key] = Value();
  replace(key, Value());
}

void World::erase_all(const std::string& prefix) {
  std::vector<std::string> keys;
  each(prefix, [&](const std::string& key, const Value&) { keys.push_back(key); });
  for (const std::string& key : keys) erase(key);
}

Result<void> World::commit() {
  if (directory_.empty()) {
    if (boundary_) boundary_("world/changed");
    return {};
  }
  if (staged_.empty()) return {};
  if (boundary_) boundary_("world/before");
  if (!log_.open())
    if (Result<void> opened = open_log(); !opened) return opened;
  const std::string line = line_of(time_, Value(staged_));
  staged_.clear();
  if (Result<void> written = write_all(log_.number(), line, path()); !written) return written;
  whole_ += line.size();
  ++lines_;
  if (boundary_) boundary_("world/after");
  return {};
}

Result<void> World::open_log() {
  if (Result<void> made = make_directories(directory_, 0700); !made) return made;
  if (lines_ > 4 * entries_.size() + 1000) return compact();
  log_ = FileDescriptor(::open(path().c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (!log_.open()) return from_errno("open", path());
  // Whatever follows the last whole line was written by a process that died in the middle.
  if (::ftruncate(log_.number(), static_cast<off_t>(whole_)) != 0) return from_errno("cut", path());
  return {};
}

/// Writes the world as one line, so that its log does not outgrow it.
Result<void> World::compact() {
  Value everything = Value(entries_);
  for (const auto& [key, value] : staged_)
    if (value.is_null()) everything.erase(key);
  const std::string line = line_of(time_, everything);
  if (Result<void> written = write_file_atomically(path(), line, 0600); !written) return written;
  whole_ = line.size();
  lines_ = 1;
  log_ = FileDescriptor(::open(path().c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
  return log_.open() ? Result<void>() : from_errno("open", path());
}

}  // namespace slipway::simulated
