#include "providers/simulated/api_fields.h"

#include <algorithm>
#include <map>
#include <set>
#include <vector>

namespace slipway::simulated {
namespace {

/// Key fields of lists that are merged by element.
const std::vector<std::string>* keys_of(const std::string& list, const Value& value) {
  static const std::map<std::string, std::vector<std::string>> keys = {
      {"containers", {"name"}},        {"initContainers", {"name"}}, {"volumes", {"name"}},         {"env", {"name"}},
      {"volumeMounts", {"mountPath"}}, {"conditions", {"type"}},     {"imagePullSecrets", {"name"}}};
  static const std::vector<std::string> container_port = {"containerPort", "protocol"};
  static const std::vector<std::string> service_port = {"port", "protocol"};
  if (list == "ports" && !value.empty() && value[0].is_object())
    return value[0].contains("containerPort") ? &container_port : &service_port;
  const auto found = keys.find(list);
  return found == keys.end() ? nullptr : &found->second;
}

bool is_atomic(const std::string& name) {
  static const std::set<std::string> names = {"selector", "nodeSelector", "matchLabels"};
  return names.contains(name);
}

std::string key_field(const Value& element, const std::vector<std::string>& keys) {
  Value key = Value::object();
  for (const std::string& name : keys) key[name] = element.contains(name) ? element[name] : Value("TCP");
  return "k:" + key.dump();
}

Value* find_element(Value& list, const std::string& field, const std::vector<std::string>& keys) {
  for (Value& element : list)
    if (key_field(element, keys) == field) return &element;
  return nullptr;
}

}  // namespace

Value fields_of(const Value& value, const std::string& name) {
  Value tree = Value::object();
  if (is_atomic(name)) return tree;
  if (value.is_object())
    for (const auto& [key, inner] : value.items()) tree["f:" + key] = fields_of(inner, key);
  if (value.is_array())
    if (const auto* keys = keys_of(name, value))
      for (const Value& element : value) {
        Value inner = fields_of(element);
        inner["."] = Value::object();
        tree[key_field(element, *keys)] = std::move(inner);
      }
  return tree;
}

Value merged(const Value& live, const Value& applied, const std::string& name) {
  if (live.is_object() && applied.is_object() && !is_atomic(name)) {
    Value result = live;
    for (const auto& [key, inner] : applied.items())
      result[key] = live.contains(key) ? merged(live[key], inner, key) : inner;
    return result;
  }
  const auto* keys = applied.is_array() ? keys_of(name, applied) : nullptr;
  if (!live.is_array() || !keys) return applied;
  Value result = live;
  for (const Value& element : applied) {
    if (Value* same = find_element(result, key_field(element, *keys), *keys))
      *same = merged(*same, element);
    else
      result.push_back(element);
  }
  return result;
}

void give_up(Value& live, const Value& old_fields, const Value& new_fields, const Value& kept_fields,
             const std::string& name) {
  const Value none;
  for (const auto& [field, inner] : old_fields.items()) {
    if (field == ".") continue;
    const bool wanted = new_fields.is_object() && new_fields.contains(field);
    const bool kept = kept_fields.is_object() && kept_fields.contains(field);
    const Value& new_inner = wanted ? new_fields[field] : none;
    const Value& kept_inner = kept ? kept_fields[field] : none;
    if (field.starts_with("f:")) {
      const std::string key = field.substr(2);
      if (!live.is_object() || !live.contains(key)) continue;
      if (inner.empty() && !wanted && !kept) {
        live.erase(key);
      } else {
        give_up(live[key], inner, new_inner, kept_inner, key);
        if (!wanted && !kept && (live[key].empty())) live.erase(key);
      }
    } else if (live.is_array()) {
      const auto* keys = keys_of(name, live);
      if (!keys) continue;
      for (size_t i = 0; i < live.size(); ++i) {
        if (key_field(live[i], *keys) != field) continue;
        if (!wanted && !kept)
          live.erase(i);
        else
          give_up(live[i], inner, new_inner, kept_inner);
        break;
      }
    }
  }
}

bool overlap(const Value& a, const Value& b) {
  if (a.empty() || b.empty()) return true;
  for (const auto& [field, inner] : a.items())
    if (field != "." && b.contains(field) && overlap(inner, b[field])) return true;
  return false;
}

Value without(const Value& fields, const Value& taken) {
  Value rest = Value::object();
  for (const auto& [field, inner] : fields.items()) {
    if (field == "." || !taken.contains(field)) {
      rest[field] = inner;
      continue;
    }
    if (inner.empty() || taken[field].empty()) continue;
    Value below = without(inner, taken[field]);
    if (!below.empty()) rest[field] = std::move(below);
  }
  if (rest.size() == 1 && rest.contains(".")) return Value::object();
  return rest;
}

Value changed_fields(const Value& before, const Value& after, const std::string& name) {
  Value tree = Value::object();
  if (before == after) return tree;
  if (after.is_object() && !is_atomic(name)) {
    for (const auto& [key, inner] : after.items()) {
      const Value old = before.is_object() && before.contains(key) ? before[key] : Value();
      if (old == inner) continue;
      tree["f:" + key] = old.is_null() ? fields_of(inner, key) : changed_fields(old, inner, key);
    }
    if (before.is_object())
      for (const auto& [key, inner] : before.items())
        if (!after.contains(key)) tree["f:" + key] = Value::object();
    return tree;
  }
  const auto* keys = after.is_array() ? keys_of(name, after) : nullptr;
  if (!keys) return tree;
  for (const Value& element : after) {
    const std::string field = key_field(element, *keys);
    Value old = before;
    const Value* same = before.is_array() ? find_element(old, field, *keys) : nullptr;
    if (same && *same == element) continue;
    tree[field] = same ? changed_fields(*same, element) : fields_of(element);
  }
  return tree;
}

Value united(Value a, const Value& b) {
  for (const auto& [field, inner] : b.items()) a[field] = a.contains(field) ? united(a[field], inner) : inner;
  return a;
}

}  // namespace slipway::simulated
