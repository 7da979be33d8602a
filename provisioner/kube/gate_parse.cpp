#include <map>

#include "base/text.h"
#include "kube/gates.h"
#include "spec/network.h"

namespace slipway {
namespace {

/// The kinds that a gate may name without their API version.
const std::map<std::string, std::string>& api_versions() {
  static const std::map<std::string, std::string> versions = {
      {"Deployment", "apps/v1"},
      {"DaemonSet", "apps/v1"},
      {"StatefulSet", "apps/v1"},
      {"ReplicaSet", "apps/v1"},
      {"Job", "batch/v1"},
      {"Pod", "v1"},
      {"Service", "v1"},
      {"Node", "v1"},
      {"Namespace", "v1"},
      {"PersistentVolumeClaim", "v1"},
      {"PersistentVolume", "v1"},
      {"APIService", "apiregistration.k8s.io/v1"},
      {"CustomResourceDefinition", "apiextensions.k8s.io/v1"},
  };
  return versions;
}

Error not_a_gate(const Value& entry, std::string expected) {
  return fail(ErrorKind::bad_input, "not a gate", {.found = entry.dump(), .expected = std::move(expected)});
}

/// "Deployment metallb-system/controller", "Namespace x", or the four parts as a map.
Result<ObjectKey> object_of(const Value& entry, const Value& text) {
  if (text.is_object()) {
    ObjectKey key{text_at(text, "apiVersion"), text_at(text, "kind"), text_at(text, "namespace"),
                  text_at(text, "name")};
    if (key.api_version.empty() || key.kind.empty() || key.name.empty())
      return not_a_gate(entry, "apiVersion, kind and name (and namespace)");
    return key;
  }
  const std::string words = text.is_string() ? text.get<std::string>() : "";
  const size_t space = words.find(' ');
  if (space == std::string::npos) return not_a_gate(entry, "KIND NAMESPACE/NAME, e.g. Deployment kube-system/coredns");
  const std::string kind = words.substr(0, space);
  const std::string name(trim(words.substr(space + 1)));
  const auto version = api_versions().find(kind);
  if (version == api_versions().end()) {
    std::vector<std::string> kinds;
    for (const auto& [known, api_version] : api_versions()) kinds.push_back(known);
    const std::optional<std::string> close = nearest(kind, kinds);
    return fail(ErrorKind::bad_input, "a gate names a kind without its API version",
                {.found = kind,
                 .expected = "{apiVersion, kind, namespace, name}, or one of " + join(kinds, ", "),
                 .advice = close ? "did you mean '" + *close + "'?" : ""});
  }
  const size_t slash = name.find('/');
  if (slash == std::string::npos) return ObjectKey{version->second, kind, "", name};
  return ObjectKey{version->second, kind, name.substr(0, slash), name.substr(slash + 1)};
}

Result<void> take_url(const Value& entry, const Value& value, Gate& gate) {
  gate.url = value.is_string() ? value.get<std::string>() : text_at(value, "url");
  gate.address = text_at(value, "address");
  const bool absolute = gate.url.starts_with("http://") || gate.url.starts_with("https://");
  if (!absolute && !gate.url.starts_with("/"))
    return not_a_gate(entry, "an http or https URL, or a path of the API such as /readyz");
  if (!gate.address.empty() && !parse_address(gate.address)) return not_a_gate(entry, "address: an IPv4 address");
  return {};
}

}  // namespace

Gate ready_gate(const ObjectKey& key) {
  Gate gate{.kind = Gate::Kind::ready, .object = key};
  gate.text = key.kind == "CustomResourceDefinition" ? "crd: " + key.name : "ready: " + describe(key);
  return gate;
}

Result<Gate> gate_from(const Value& entry) {
  const std::vector<std::string> kinds = {"crd", "ready", "endpoints", "answers", "probe"};
  if (!entry.is_object() || entry.size() != 1) return not_a_gate(entry, "one of " + join(kinds, ", "));
  const std::string kind = entry.begin().key();
  const Value& value = entry.begin().value();
  if (kind == "crd") {
    if (!value.is_string() || value.get<std::string>().find('.') == std::string::npos)
      return not_a_gate(entry, "PLURAL.GROUP, e.g. ipaddresspools.metallb.io");
    return ready_gate({"apiextensions.k8s.io/v1", "CustomResourceDefinition", "", value.get<std::string>()});
  }
  if (kind == "ready" || kind == "endpoints") {
    Result<ObjectKey> object = object_of(entry, value);
    if (!object) return std::move(object).error();
    if (kind == "ready") return ready_gate(*object);
    if (object->kind != "Service" || object->name_space.empty())
      return not_a_gate(entry, "endpoints: Service NAMESPACE/NAME");
    Gate gate{.kind = Gate::Kind::endpoints, .object = *object};
    gate.text = "endpoints: " + describe(gate.object);
    return gate;
  }
  if (kind == "answers" || kind == "probe") {
    Gate gate{.kind = kind == "probe" ? Gate::Kind::probe : Gate::Kind::answers};
    if (Result<void> taken = take_url(entry, value, gate); !taken) return std::move(taken).error();
    gate.text = kind + ": " + gate.url;
    return gate;
  }
  const std::optional<std::string> close = nearest(kind, kinds);
  return fail(ErrorKind::bad_input, "unknown gate '" + kind + "'",
              {.expected = "one of " + join(kinds, ", "), .advice = close ? "did you mean '" + *close + "'?" : ""});
}

Result<std::vector<Gate>> gates_from(const Value& list) {
  std::vector<Gate> gates;
  if (list.is_null()) return gates;
  if (!list.is_array()) return not_a_gate(list, "a list");
  for (const Value& entry : list) {
    Result<Gate> gate = gate_from(entry);
    if (!gate) return std::move(gate).error();
    gates.push_back(std::move(*gate));
  }
  return gates;
}

}  // namespace slipway
