#include "kube/wanted.h"

#include <algorithm>
#include <set>

#include "base/digest.h"
#include "kube/order.h"

namespace slipway {
namespace {

constexpr size_t longest_label = 63;

void drop_nulls(Value& value) {
  if (value.is_object()) {
    for (auto it = value.begin(); it != value.end();) {
      if (it->is_null()) {
        it = value.erase(it);
      } else {
        drop_nulls(*it);
        ++it;
      }
    }
  } else if (value.is_array()) {
    for (Value& element : value) drop_nulls(element);
  }
}

/// The server would do the same on writing; then `data` is what we own, and what can be compared.
void encode_string_data(Value& secret) {
  const auto plain = secret.find("stringData");
  if (plain == secret.end()) return;
  if (plain->is_object())
    for (const auto& [key, value] : plain->items())
      if (value.is_string()) secret["data"][key] = base64_encode(value.get<std::string>());
  secret.erase("stringData");
}

Result<void> check(const Value& object) {
  const std::string kind = text_at(object, "kind");
  const bool named = object.is_object() && object.contains("metadata") && object["metadata"].is_object() &&
                     !text_at(object["metadata"], "name").empty();
  if (text_at(object, "apiVersion").empty() || kind.empty() || !named)
    return fail(ErrorKind::bad_input, "not a Kubernetes object",
                {.found = object.is_object() ? object.dump().substr(0, 120) : std::string(object.type_name()),
                 .expected = "apiVersion, kind and metadata.name"});
  return {};
}

void complete(Value& object, const ObjectOwner& owner) {
  drop_nulls(object);
  object.erase("status");
  Value& metadata = object["metadata"];
  for (const char* key : {"managedFields", "resourceVersion", "generation", "uid", "creationTimestamp", "selfLink"})
    metadata.erase(key);
  if (text_at(object, "kind") == "Secret") encode_string_data(object);
  // A placeholder alone in its scalar brings its type; these maps hold text only.
  for (const char* key : {"labels", "annotations"})
    if (const auto texts = metadata.find(key); texts != metadata.end() && texts->is_object())
      for (Value& text : *texts)
        if (text.is_boolean() || text.is_number()) text = text.dump();
  Value& labels = metadata["labels"];
  if (!labels.is_object()) labels = Value::object();
  labels[managed_by_label] = "slipway";
  labels[cluster_label] = label_value(owner.cluster);
  labels[step_label] = label_value(owner.step.text());
}

Result<void> take(const Value& object, std::vector<Value>& into) {
  if (object.is_null()) return {};
  if (text_at(object, "kind") == "List" && object.contains("items") && object["items"].is_array()) {
    for (const Value& item : object["items"])
      if (Result<void> taken = take(item, into); !taken) return taken;
    return {};
  }
  if (Result<void> checked = check(object); !checked) return checked;
  into.push_back(object);
  return {};
}

}  // namespace

std::string label_value(const std::string& text) {
  std::string value;
  for (const char c : text) {
    const bool allowed =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
    value += allowed ? c : '.';
  }
  if (value.size() > longest_label) value = value.substr(0, longest_label - 9) + "-" + sha256(text).substr(0, 8);
  // A label's value begins and ends with a letter or a digit.
  const auto edge = [](char c) { return c == '-' || c == '_' || c == '.'; };
  while (!value.empty() && edge(value.back())) value.pop_back();
  while (!value.empty() && edge(value.front())) value.erase(0, 1);
  return value;
}

Result<std::vector<Value>> prepare_objects(const std::vector<Value>& objects, const ObjectOwner& owner) {
  std::vector<Value> prepared;
  for (const Value& object : objects)
    if (Result<void> taken = take(object, prepared); !taken) return std::move(taken).error();
  std::set<std::string> seen;
  for (Value& object : prepared) {
    complete(object, owner);
    if (!seen.insert(short_name(key_of(object))).second)
      return fail(ErrorKind::bad_input, "two objects have the same name", {.found = describe(key_of(object))});
  }
  sort_for_apply(prepared);
  return prepared;
}

bool carries_our_label(const Value& live, const std::string& cluster) {
  const auto metadata = live.find("metadata");
  if (metadata == live.end() || !metadata->contains("labels")) return false;
  const Value& labels = (*metadata)["labels"];
  return text_at(labels, managed_by_label) == "slipway" && text_at(labels, cluster_label) == label_value(cluster);
}

bool is_adopted(const Value& live) {
  const auto metadata = live.find("metadata");
  return metadata != live.end() && metadata->contains("annotations") &&
         !text_at((*metadata)["annotations"], adopted_annotation).empty();
}

std::string short_name(const ObjectKey& key) {
  return key.kind + "/" + (key.name_space.empty() ? "" : key.name_space + "/") + key.name;
}

Value to_value(const ObjectKey& key) {
  Value value = {{"apiVersion", key.api_version}, {"kind", key.kind}, {"name", key.name}};
  if (!key.name_space.empty()) value["namespace"] = key.name_space;
  return value;
}

Result<std::vector<ObjectKey>> object_keys_from(const Value& list) {
  std::vector<ObjectKey> keys;
  if (list.is_null()) return keys;
  if (!list.is_array()) return fail(ErrorKind::corrupt, "unreadable list of objects", {.found = list.dump()});
  for (const Value& item : list) {
    ObjectKey key{text_at(item, "apiVersion"), text_at(item, "kind"), text_at(item, "namespace"),
                  text_at(item, "name")};
    if (key.api_version.empty() || key.kind.empty() || key.name.empty())
      return fail(ErrorKind::corrupt, "unreadable list of objects", {.found = item.dump()});
    keys.push_back(std::move(key));
  }
  return keys;
}

}  // namespace slipway
