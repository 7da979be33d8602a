#include "ports/cloud_search.h"

namespace slipway {

std::vector<CloudObject> matching(const std::vector<CloudObject>& objects, const CloudKey& key) {
  std::vector<CloudObject> found;
  for (const CloudObject& object : objects)
    if ((!key.id.empty() && object.id == key.id) || (!key.mark.empty() && object.mark == key.mark))
      found.push_back(object);
  if (found.empty() && !key.name.empty())
    for (const CloudObject& object : objects)
      if (object.mark.empty() && object.name == key.name) found.push_back(object);
  return found;
}

Result<std::vector<CloudObject>> find_objects(CloudReader& cloud, std::string_view kind, const CloudKey& key) {
  if (auto* search = dynamic_cast<CloudSearch*>(&cloud)) return search->find(kind, key);
  Result<std::vector<CloudObject>> all = cloud.list(kind);
  if (!all) return all;
  return matching(*all, key);
}

}  // namespace slipway
