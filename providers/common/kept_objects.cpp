#include "providers/common/kept_objects.h"

namespace slipway {

KeptObjects::KeptObjects(const std::vector<CloudObject>& objects) {
  for (const CloudObject& object : objects) put(object);
}

std::vector<CloudObject> KeptObjects::all() const {
  std::vector<CloudObject> objects;
  objects.reserve(objects_.size());
  for (const auto& [number, object] : objects_) objects.push_back(object);
  return objects;
}

std::vector<uint64_t> KeptObjects::numbers(const Index& index, const std::string& word) {
  std::vector<uint64_t> found;
  if (word.empty()) return found;
  for (auto entry = index.lower_bound({word, 0}); entry != index.end() && entry->first == word; ++entry)
    found.push_back(entry->second);
  return found;
}

std::vector<CloudObject> KeptObjects::find(const CloudKey& key) const {
  std::set<uint64_t> found;
  for (const uint64_t number : numbers(by_id_, key.id)) found.insert(number);
  for (const uint64_t number : numbers(by_mark_, key.mark)) found.insert(number);
  if (found.empty())
    for (const uint64_t number : numbers(by_name_, key.name)) found.insert(number);
  std::vector<CloudObject> objects;
  for (const uint64_t number : found) objects.push_back(objects_.at(number));
  return objects;
}

void KeptObjects::put(const CloudObject& object) {
  remove(object.id);
  const uint64_t number = next_++;
  by_id_.emplace(object.id, number);
  if (object.mark.empty())
    by_name_.emplace(object.name, number);
  else
    by_mark_.emplace(object.mark, number);
  objects_.emplace(number, object);
}

void KeptObjects::remove(const std::string& id) {
  for (const uint64_t number : numbers(by_id_, id)) {
    const CloudObject& object = objects_.at(number);
    by_id_.erase({object.id, number});
    by_mark_.erase({object.mark, number});
    by_name_.erase({object.name, number});
    objects_.erase(number);
  }
}

}  // namespace slipway
