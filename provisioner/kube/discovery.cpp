#include "kube/discovery.h"

#include "base/json.h"
#include "http/message.h"

namespace slipway {

Result<void> Discovery::add(const std::string& document) {
  const Value list = Value::parse(document, nullptr, false);
  if (list.is_discarded() || text_at(list, "kind") != "APIGroupDiscoveryList")
    return fail(ErrorKind::corrupt, "the API's list of kinds cannot be read",
                {.found = list.is_discarded() ? "no JSON" : "kind '" + text_at(list, "kind") + "'",
                 .expected = "an APIGroupDiscoveryList (Kubernetes 1.30 or newer)"});
  const auto members = [](const Value& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_array() ? *found : Value(Value::array());
  };
  for (const Value& group : members(list, "items")) {
    std::string group_name;
    if (group.contains("metadata")) group_name = text_at(group["metadata"], "name");
    for (const Value& version : members(group, "versions")) {
      const std::string version_name = text_at(version, "version");
      const std::string api_version = group_name.empty() ? version_name : group_name + "/" + version_name;
      const std::string prefix = std::string(group_name.empty() ? "/api" : "/apis") + "/" + api_version;
      for (const Value& resource : members(version, "resources")) {
        if (!resource.contains("responseKind")) continue;
        resources_.try_emplace(
            {api_version, text_at(resource["responseKind"], "kind")},
            ApiResource{prefix, text_at(resource, "resource"), text_at(resource, "scope") == "Namespaced"});
      }
    }
  }
  return {};
}

const ApiResource* Discovery::find(const std::string& api_version, const std::string& kind) const {
  const auto found = resources_.find({api_version, kind});
  return found == resources_.end() ? nullptr : &found->second;
}

Result<std::string> path_of(const ApiResource& resource, const ObjectKey& key) {
  std::string path = resource.prefix;
  if (resource.namespaced) {
    if (key.name_space.empty() && !key.name.empty())
      return fail(ErrorKind::bad_input, "the object names no namespace",
                  {.found = describe(key), .expected = "metadata.namespace, since a " + key.kind + " lives in one"});
    if (!key.name_space.empty()) path += "/namespaces/" + url_encode(key.name_space);
  }
  path += "/" + resource.plural;
  if (!key.name.empty()) path += "/" + url_encode(key.name);
  return path;
}

}  // namespace slipway
