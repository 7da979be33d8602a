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
  Result<Value> object = get(key, deadline);
  if (object) return std::optional<Value>(std::move(*object));
  if (object.error().kind == ErrorKind::not_found) return std::optional<Value>();
  return std::move(object).error();
}

}  // namespace slipway
