#include "providers/common/observed_cloud.h"

#include <algorithm>

namespace slipway {

ObservedCloud::Shelf& ObservedCloud::shelf(std::string_view kind) {
  const std::lock_guard lock(mutex_);
  const auto found = shelves_.find(kind);
  if (found != shelves_.end()) return *found->second;
  return *shelves_.emplace(std::string(kind), std::make_unique<Shelf>()).first->second;
}

Result<std::vector<CloudObject>> ObservedCloud::ask(std::string_view kind) {
  Shelf& shelf = this->shelf(kind);
  std::unique_lock lock(shelf.mutex);
  const uint64_t wanted = shelf.begun + 1;
  while (shelf.finished < wanted) {
    if (shelf.asking) {
      shelf.answered.wait(lock);
      continue;
    }
    shelf.asking = true;
    const uint64_t number = ++shelf.begun, writes = shelf.writes;
    lock.unlock();
    Result<Objects> answer = reader_.list(kind);
    lock.lock();
    shelf.asking = false;
    shelf.finished = number;
    if (answer && writes == shelf.writes) shelf.kept = *answer;
    shelf.latest = std::move(answer);
    shelf.answered.notify_all();
  }
  return *shelf.latest;
}

Result<std::vector<CloudObject>> ObservedCloud::list(std::string_view kind) {
  Shelf& shelf = this->shelf(kind);
  {
    std::unique_lock lock(shelf.mutex);
    // Somebody is asking already, and nothing was kept before: that answer serves us, too.
    while (!shelf.kept && shelf.asking) {
      const uint64_t number = shelf.begun;
      shelf.answered.wait(lock, [&] { return shelf.finished >= number; });
      if (shelf.latest && !shelf.latest->ok()) return *shelf.latest;
      if (!shelf.kept) break;
    }
    if (shelf.kept) return *shelf.kept;
  }
  return ask(kind);
}

void ObservedCloud::put(const CloudObject& object) {
  Shelf& shelf = this->shelf(object.kind);
  const std::lock_guard lock(shelf.mutex);
  ++shelf.writes;
  if (!shelf.kept) return;
  std::erase_if(*shelf.kept, [&](const CloudObject& known) { return known.id == object.id; });
  shelf.kept->push_back(object);
}

void ObservedCloud::forget(std::string_view kind) {
  Shelf& shelf = this->shelf(kind);
  const std::lock_guard lock(shelf.mutex);
  ++shelf.writes;
  shelf.kept.reset();
}

Result<CloudObject> ObservedCloud::create(const CloudRequest& request, const CloudProgress& progress,
                                          Deadline deadline) {
  Result<CloudObject> made = writer_.create(request, progress, deadline);
  if (made)
    put(*made);
  else
    forget(request.kind);
  return made;
}

Result<CloudObject> ObservedCloud::update(const CloudObject& object, const Value& fields, const CloudProgress& progress,
                                          Deadline deadline) {
  Result<CloudObject> changed = writer_.update(object, fields, progress, deadline);
  if (changed)
    put(*changed);
  else
    forget(object.kind);
  return changed;
}

Result<void> ObservedCloud::remove(std::string_view kind, const std::string& id, Deadline deadline) {
  Result<void> gone = writer_.remove(kind, id, deadline);
  if (!gone) {
    forget(kind);
    return gone;
  }
  Shelf& shelf = this->shelf(kind);
  const std::lock_guard lock(shelf.mutex);
  ++shelf.writes;
  if (shelf.kept) std::erase_if(*shelf.kept, [&](const CloudObject& known) { return known.id == id; });
  return gone;
}

}  // namespace slipway
