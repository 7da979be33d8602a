#include "kube/managed_fields.h"

#include <algorithm>

#include "kube/client.h"

namespace slipway {
namespace {

const Value& entries_of(const Value& live) {
  static const Value none = Value::array();
  const auto metadata = live.find("metadata");
  if (metadata == live.end() || !metadata->is_object()) return none;
  const auto entries = metadata->find("managedFields");
  return entries == metadata->end() || !entries->is_array() ? none : *entries;
}

bool is_ours(const Value& entry) {
  return text_at(entry, "manager") == KubeClient::field_manager && text_at(entry, "operation") == "Apply" &&
         text_at(entry, "subresource").empty();
}

const Value* our_entry(const Value& live) {
  for (const Value& entry : entries_of(live))
    if (is_ours(entry)) return &entry;
  return nullptr;
}

/// "k:{\"name\":\"web\"}": the element has these key fields. A key field that we leave out is defaulted by the server.
bool matches_keys(const std::string& field, const Value& element) {
  if (!element.is_object()) return false;
  const Value keys = Value::parse(field.substr(2), nullptr, false);
  if (!keys.is_object()) return false;
  bool any = false;
  for (const auto& [key, value] : keys.items()) {
    const auto found = element.find(key);
    if (found == element.end()) continue;
    if (*found != value) return false;
    any = true;
  }
  return any;
}

bool matches_element(const std::string& field, const Value& element) {
  if (field.starts_with("k:")) return matches_keys(field, element);
  if (field.starts_with("v:")) return Value::parse(field.substr(2), nullptr, false) == element;
  return false;
}

bool covers_exactly(const Value& fields, const Value& wanted);

bool covers_map(const Value& fields, const Value& wanted) {
  for (const auto& [field, inner] : fields.items())
    if (field != "." && !(field.starts_with("f:") && wanted.contains(field.substr(2)))) return false;
  for (const auto& [key, value] : wanted.items()) {
    const auto inner = fields.find("f:" + key);
    if (inner == fields.end() || !covers_exactly(*inner, value)) return false;
  }
  return true;
}

bool covers_list(const Value& fields, const Value& wanted) {
  std::vector<bool> matched(wanted.size(), false);
  for (const auto& [field, inner] : fields.items()) {
    if (field == ".") continue;
    bool found = false;
    for (size_t i = 0; i < wanted.size() && !found; ++i) {
      if (matched[i] || !matches_element(field, wanted[i])) continue;
      if (field.starts_with("k:") && !covers_exactly(inner, wanted[i])) continue;
      matched[i] = found = true;
    }
    if (!found) return false;
  }
  return std::all_of(matched.begin(), matched.end(), [](bool hit) { return hit; });
}

bool covers_exactly(const Value& fields, const Value& wanted) {
  if (!fields.is_object()) return false;
  if (fields.empty()) return true;
  if (wanted.is_object()) return covers_map(fields, wanted);
  if (wanted.is_array()) return covers_list(fields, wanted);
  // {".": {}} on a scalar.
  return fields.size() == 1 && fields.contains(".");
}

enum class Depth { at_or_above, anywhere };

/// Whether the tree owns the path: a leaf on the way owns all below it; with `anywhere`, so does a branch that ends
/// deeper than the path.
bool owns(const Value& fields, const FieldPath& path, size_t at, Depth depth) {
  if (!fields.is_object() || fields.empty()) return at > 0;
  if (at == path.size()) return depth == Depth::anywhere || fields.contains(".");
  const PathPart& part = path[at];
  if (!part.element) {
    const auto inner = fields.find("f:" + part.name);
    return inner != fields.end() && owns(*inner, path, at + 1, depth);
  }
  for (const auto& [field, inner] : fields.items())
    if (matches_element(field, part.value)) return owns(inner, path, at + 1, depth);
  return false;
}

}  // namespace

bool owned_exactly(const Value& live, const Value& wanted) {
  const Value* entry = our_entry(live);
  if (!entry || text_at(*entry, "apiVersion") != text_at(wanted, "apiVersion")) return false;
  const auto fields = entry->find("fieldsV1");
  if (fields == entry->end() || !fields->is_object()) return false;
  // What names the object has no owner.
  Value named = wanted;
  named.erase("apiVersion");
  named.erase("kind");
  if (const auto metadata = named.find("metadata"); metadata != named.end() && metadata->is_object()) {
    metadata->erase("name");
    metadata->erase("namespace");
    if (metadata->empty()) named.erase("metadata");
  }
  return covers_map(*fields, named);
}

bool applied_by_us(const Value& live) { return our_entry(live) != nullptr; }

bool owned_by_us(const Value& live, const FieldPath& path) {
  const Value* entry = our_entry(live);
  return entry && entry->contains("fieldsV1") && owns((*entry)["fieldsV1"], path, 0, Depth::at_or_above);
}

std::vector<std::string> other_owners(const Value& live, const FieldPath& path) {
  std::vector<std::string> owners;
  for (const Value& entry : entries_of(live)) {
    if (is_ours(entry) || !entry.contains("fieldsV1")) continue;
    if (!owns(entry["fieldsV1"], path, 0, Depth::anywhere)) continue;
    const std::string part = text_at(entry, "subresource");
    owners.push_back(text_at(entry, "manager") + (part.empty() ? "" : " (" + part + ")"));
  }
  return owners;
}

bool touched_since_our_apply(const Value& live) {
  const Value* ours = our_entry(live);
  if (!ours) return true;
  for (const Value& entry : entries_of(live))
    if (!is_ours(entry) && text_at(entry, "subresource") != "status" &&
        text_at(entry, "time") >= text_at(*ours, "time"))
      return true;
  return false;
}

}  // namespace slipway
