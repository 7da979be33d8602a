#include "kube/observed.h"

#include "kube/status.h"

namespace slipway {
namespace {

/// A list costs about as much as this part of its objects, each asked for alone. Whoever asks for them alone up to that
/// cost, and only then for the list, pays at most twice what was needed, however many looks follow a write.
constexpr size_t objects_for_one_get = 16;

}  // namespace

std::shared_ptr<ObservedCluster::Shelf> ObservedCluster::shelf(const std::string& api_version, const std::string& kind,
                                                               bool make) {
  const std::lock_guard lock(mutex_);
  const auto found = shelves_.find({api_version, kind});
  if (found != shelves_.end()) return found->second;
  if (!make) return nullptr;
  return shelves_.emplace(std::pair{api_version, kind}, std::make_shared<Shelf>()).first->second;
}

void ObservedCluster::forget(const std::string& api_version, const std::string& kind) {
  const std::lock_guard lock(mutex_);
  // A list that is being asked for right now may miss the write: whoever waits for it keeps it, nobody after them.
  if (const auto written = shelves_.find({api_version, kind}); written != shelves_.end()) {
    const size_t size = written->second->size;
    written->second = std::make_shared<Shelf>();
    written->second->size = size;
    written->second->gets_left = size / objects_for_one_get;
  }
  // A new definition makes kinds known that were not served before.
  if (kind == "CustomResourceDefinition" || kind == "APIService" || kind == "Namespace") shelves_.clear();
}

void ObservedCluster::forget() {
  const std::lock_guard lock(mutex_);
  shelves_.clear();
}

Result<void> ObservedCluster::fill(Shelf& shelf, const ObjectKey& key, Deadline deadline) {
  if (shelf.items) return {};
  Result<std::vector<Value>> items = reader_.list({key.api_version, key.kind, "", ""}, "", deadline);
  if (!items && !is_unknown_kind(items.error())) return std::move(items).error();
  if (items)
    for (size_t i = 0; i < items->size(); ++i) {
      const ObjectKey item = key_of((*items)[i]);
      shelf.places[{item.name_space, item.name}] = i;
    }
  shelf.size = shelf.places.size();
  shelf.items = std::move(items);
  return {};
}

Result<std::vector<Value>> ObservedCluster::list(const ObjectKey& key, const std::string& selector, Deadline deadline) {
  const bool whole_kind = key.name_space.empty() && selector.empty();
  const std::shared_ptr<Shelf> kept = selector.empty() ? shelf(key.api_version, key.kind, whole_kind) : nullptr;
  if (!kept) return reader_.list(key, selector, deadline);
  std::unique_lock lock(kept->mutex);
  if (!whole_kind && !kept->items) {
    lock.unlock();
    return reader_.list(key, selector, deadline);
  }
  if (Result<void> filled = fill(*kept, key, deadline); !filled) return std::move(filled).error();
  if (whole_kind || !kept->items->ok()) return *kept->items;
  std::vector<Value> here;
  for (auto place = kept->places.lower_bound({key.name_space, ""});
       place != kept->places.end() && place->first.first == key.name_space; ++place)
    here.push_back(kept->items->value()[place->second]);
  return here;
}

Result<std::optional<Value>> ObservedCluster::listed(const ObjectKey& key, Deadline deadline) {
  const std::shared_ptr<Shelf> kept = shelf(key.api_version, key.kind, true);
  std::unique_lock lock(kept->mutex);
  if (!kept->items && kept->gets_left > 0) {
    --kept->gets_left;
    lock.unlock();
    return reader_.listed(key, deadline);
  }
  if (Result<void> filled = fill(*kept, key, deadline); !filled) return std::move(filled).error();
  const auto place = kept->places.find({key.name_space, key.name});
  if (place == kept->places.end()) return std::optional<Value>();
  return std::optional<Value>(kept->items->value()[place->second]);
}

Result<std::string> ObservedCluster::probe(const std::string& path, Deadline deadline) {
  return reader_.probe(path, deadline);
}

Result<Value> ObservedCluster::get(const ObjectKey& key, Deadline deadline) { return reader_.get(key, deadline); }

Result<Value> ObservedCluster::preview(const Value& object, Deadline deadline) {
  return reader_.preview(object, deadline);
}

// What was kept is dropped after the write, whatever came of it: a failed one may have taken effect.

Result<Value> ObservedCluster::apply(const Value& object, Deadline deadline) {
  Result<Value> applied = writer_.apply(object, deadline);
  const ObjectKey key = key_of(object);
  forget(key.api_version, key.kind);
  return applied;
}

Result<Value> ObservedCluster::patch(const ObjectKey& key, const Value& merge_patch, Deadline deadline) {
  Result<Value> patched = writer_.patch(key, merge_patch, deadline);
  forget(key.api_version, key.kind);
  return patched;
}

Result<void> ObservedCluster::remove(const ObjectKey& key, Deadline deadline) {
  Result<void> removed = writer_.remove(key, deadline);
  forget(key.api_version, key.kind);
  return removed;
}

Result<void> ObservedCluster::evict(const std::string& name_space, const std::string& pod, Deadline deadline) {
  Result<void> evicted = writer_.evict(name_space, pod, deadline);
  forget("v1", "Pod");
  return evicted;
}

}  // namespace slipway
