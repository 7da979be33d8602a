#include "providers/common/observed_cloud.h"

#include <algorithm>
#include <thread>

namespace slipway {

ObservedCloud::Shelf& ObservedCloud::shelf(std::string_view kind) {
  const std::lock_guard lock(mutex_);
  const auto found = shelves_.find(kind);
  if (found != shelves_.end()) return *found->second;
  return *shelves_.emplace(std::string(kind), std::make_unique<Shelf>()).first->second;
}

Result<std::vector<CloudObject>> ObservedCloud::ask(std::string_view kind,
                                                    const std::function<Objects(const Objects&)>& take) {
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
    if (answer && writes == shelf.writes) shelf.kept.emplace(*answer);
    shelf.latest = std::move(answer);
    shelf.answered.notify_all();
  }
  if (take && shelf.latest->ok()) return take(**shelf.latest);
  return *shelf.latest;
}

Result<std::vector<CloudObject>> ObservedCloud::list(std::string_view kind) {
  return kept(kind, [](const KeptObjects& objects) { return objects.all(); }, {});
}

Result<std::vector<CloudObject>> ObservedCloud::find(std::string_view kind, const CloudKey& key) {
  return kept(
      kind, [&](const KeptObjects& objects) { return objects.find(key); },
      [&](const Objects& objects) { return matching(objects, key); });
}

Result<std::vector<CloudObject>> ObservedCloud::kept(std::string_view kind,
                                                     const std::function<Objects(const KeptObjects&)>& take,
                                                     const std::function<Objects(const Objects&)>& take_fresh) {
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
    if (shelf.kept) return take(*shelf.kept);
  }
  return ask(kind, take_fresh);
}

void ObservedCloud::put(const CloudObject& object) {
  Shelf& shelf = this->shelf(object.kind);
  const std::lock_guard lock(shelf.mutex);
  ++shelf.writes;
  if (shelf.kept) shelf.kept->put(object);
}

void ObservedCloud::forget(std::string_view kind) {
  Shelf& shelf = this->shelf(kind);
  const std::lock_guard lock(shelf.mutex);
  ++shelf.writes;
  shelf.kept.reset();
}

Result<void> ObservedCloud::wait_out_lost_create(const CloudRequest& request, Deadline deadline) {
  Instant until;
  {
    const std::lock_guard lock(mutex_);
    const auto lost = lost_creates_.find(request.mark);
    if (lost == lost_creates_.end()) return {};
    until = lost->second + list_lag_;
  }
  for (;;) {
    Result<Objects> now = ask(request.kind);
    if (!now) return std::move(now).error();
    const auto shown =
        std::find_if(now->begin(), now->end(), [&](const CloudObject& object) { return object.mark == request.mark; });
    if (shown != now->end())
      return fail(ErrorKind::conflict, "an earlier create whose answer was lost has taken effect",
                  {.found = request.kind + " " + shown->id});
    if (std::chrono::steady_clock::now() >= until || deadline.passed()) break;
    std::this_thread::sleep_for(std::min<Milliseconds>(Milliseconds(500), list_lag_));
  }
  const std::lock_guard lock(mutex_);
  lost_creates_.erase(request.mark);
  return {};
}

Result<CloudObject> ObservedCloud::create(const CloudRequest& request, const CloudProgress& progress,
                                          Deadline deadline) {
  if (Result<void> settled = wait_out_lost_create(request, deadline); !settled) return std::move(settled).error();
  Result<CloudObject> made = writer_.create(request, progress, deadline);
  if (made) {
    put(*made);
    return made;
  }
  forget(request.kind);
  const ErrorKind kind = made.error().kind;
  if (list_lag_.count() > 0 && !request.mark.empty() &&
      (kind == ErrorKind::timeout || kind == ErrorKind::unavailable)) {
    const std::lock_guard lock(mutex_);
    lost_creates_[request.mark] = std::chrono::steady_clock::now();
  }
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
  if (shelf.kept) shelf.kept->remove(id);
  return gone;
}

}  // namespace slipway
