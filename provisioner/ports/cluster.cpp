#include "ports/cluster.h"

namespace slipway {

ObjectKey key_of(const Value& object) {
  const Value& metadata = object.at("metadata");
  return {text_at(object, "apiVersion"), text_at(object, "kind"), text_at(metadata, "namespace"),
          text_at(metadata, "name")};
}

std::string describe(const ObjectKey& key) {
  return key.kind + " " + (key.name_space.empty() ? "" : key.name_space + "/") + key.name;
}

Result<std::optional<Value>> ClusterReader::listed(const ObjectKey& key, Deadline deadline) {
  Result<std::vector<Value>> items = list({key.api_version, key.kind, "", ""}, "", deadline);
  if (!items && items.error().kind == ErrorKind::not_found) return std::optional<Value>();
  if (!items) return std::move(items).error();
  for (Value& item : *items)
    if (key_of(item) == key) return std::optional<Value>(std::move(item));
  return std::optional<Value>();
}

}  // namespace slipway
