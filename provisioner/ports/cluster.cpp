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

}  // namespace slipway
