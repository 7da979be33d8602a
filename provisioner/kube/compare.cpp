#include "kube/compare.h"

#include <algorithm>
#include <set>

#include "base/quantity.h"

namespace slipway {
namespace {

bool kept_by_server(const FieldPath& path) {
  if (path.size() == 1) return path[0].name == "status";
  if (path.size() != 2 || path[0].name != "metadata") return false;
  static const std::set<std::string> names = {"managedFields", "resourceVersion",   "generation",
                                              "uid",           "creationTimestamp", "selfLink"};
  return names.contains(path[1].name);
}

/// The elements' names, if each has one of its own; else empty.
std::vector<std::string> names_of(const Value& list) {
  std::vector<std::string> names;
  for (const Value& element : list) {
    const std::string name = text_at(element, "name");
    if (name.empty() || std::find(names.begin(), names.end(), name) != names.end()) return {};
    names.push_back(name);
  }
  return names;
}

class Comparison {
 public:
  std::vector<ObjectChange> run(const Value& live, const Value& next) {
    compare(live, next);
    return std::move(changes_);
  }

 private:
  void compare(const Value& live, const Value& next) {
    if (live == next || kept_by_server(path_)) return;
    if (live.is_object() && next.is_object()) return compare_maps(live, next);
    if (live.is_array() && next.is_array() && compare_lists(live, next)) return;
    changes_.push_back({path_, live, next});
  }

  void compare_maps(const Value& live, const Value& next) {
    std::set<std::string> keys;
    for (const auto& [key, value] : live.items()) keys.insert(key);
    for (const auto& [key, value] : next.items()) keys.insert(key);
    for (const std::string& key : keys)
      descend({.name = key}, live.contains(key) ? live[key] : Value(), next.contains(key) ? next[key] : Value());
  }

  /// False where the elements cannot be matched.
  bool compare_lists(const Value& live, const Value& next) {
    const std::vector<std::string> live_names = names_of(live), next_names = names_of(next);
    if (!live_names.empty() && !next_names.empty()) {
      const size_t before = changes_.size();
      for (size_t i = 0; i < live.size(); ++i) {
        const auto match = std::find(next_names.begin(), next_names.end(), live_names[i]);
        const Value other = match == next_names.end() ? Value() : next[static_cast<size_t>(match - next_names.begin())];
        descend({.name = live_names[i], .element = true, .value = live[i]}, live[i], other);
      }
      for (size_t i = 0; i < next.size(); ++i)
        if (std::find(live_names.begin(), live_names.end(), next_names[i]) == live_names.end())
          descend({.name = next_names[i], .element = true, .value = next[i]}, Value(), next[i]);
      // Only their order differs.
      if (changes_.size() == before) changes_.push_back({path_, live_names, next_names});
      return true;
    }
    if (live.size() != next.size()) return false;
    for (size_t i = 0; i < live.size(); ++i)
      if (live[i].is_object() != next[i].is_object()) return false;
    for (size_t i = 0; i < live.size(); ++i)
      descend({.name = std::to_string(i), .element = true, .value = live[i]}, live[i], next[i]);
    return true;
  }

  void descend(PathPart part, const Value& live, const Value& next) {
    path_.push_back(std::move(part));
    compare(live, next);
    path_.pop_back();
  }

  FieldPath path_;
  std::vector<ObjectChange> changes_;
};

bool is_empty(const Value& value) {
  if (value.is_null()) return true;
  if (value.is_boolean()) return !value.get<bool>();
  if (value.is_number()) return value == 0;
  if (value.is_string()) return value.get_ref<const std::string&>().empty();
  return value.empty();
}

/// Under these keys the API server writes quantities in its own way.
bool names_quantities(const std::string& key) {
  static const std::set<std::string> keys = {"requests",  "limits",  "capacity", "hard",
                                             "max",       "min",     "default",  "defaultRequest",
                                             "sizeLimit", "divisor", "storage",  "maxLimitRequestRatio"};
  return keys.contains(key);
}

std::string scalar_text(const Value& value) {
  return value.is_string() ? value.get<std::string>() : value.is_number() ? value.dump() : std::string();
}

bool holds(const Value& live, const Value& wanted, bool quantities) {
  if (live == wanted) return true;
  if (wanted.is_object() && live.is_object()) {
    for (const auto& [key, value] : wanted.items()) {
      const auto found = live.find(key);
      if (found == live.end() ? !is_empty(value) : !holds(*found, value, quantities || names_quantities(key)))
        return false;
    }
    return true;
  }
  if (wanted.is_array() && live.is_array()) {
    if (live.size() != wanted.size()) return false;
    for (size_t i = 0; i < live.size(); ++i)
      if (!holds(live[i], wanted[i], quantities)) return false;
    return true;
  }
  if (!quantities) return false;
  const auto live_amount = parse_quantity(scalar_text(live)), wanted_amount = parse_quantity(scalar_text(wanted));
  return live_amount && wanted_amount && *live_amount == *wanted_amount;
}

}  // namespace

std::string text_of(const FieldPath& path) {
  std::string text;
  for (const PathPart& part : path) {
    if (part.element || part.name.find_first_of("./") != std::string::npos)
      text += "[" + part.name + "]";
    else
      text += (text.empty() ? "" : ".") + part.name;
  }
  return text;
}

std::vector<ObjectChange> changes_between(const Value& live, const Value& next) { return Comparison().run(live, next); }

bool sets_field(const Value& wanted, const FieldPath& path) {
  const Value* at = &wanted;
  for (const PathPart& part : path) {
    if (at->is_object() && !part.element) {
      const auto found = at->find(part.name);
      if (found == at->end()) return false;
      at = &*found;
      continue;
    }
    // A list without names is set as a whole, and so is a scalar.
    if (!at->is_array() || !part.element) return true;
    const std::vector<std::string> names = names_of(*at);
    if (names.empty()) return true;
    const auto match = std::find(names.begin(), names.end(), part.name);
    if (match == names.end()) return false;
    at = &(*at)[static_cast<size_t>(match - names.begin())];
  }
  return true;
}

Value overlaid(const Value& live, const Value& wanted) {
  if (holds_all_of(live, wanted)) return live;
  Value result = live;
  if (live.is_object() && wanted.is_object()) {
    for (const auto& [key, value] : wanted.items())
      result[key] = live.contains(key) ? overlaid(live[key], value) : value;
    return result;
  }
  if (live.is_array() && wanted.is_array()) {
    const std::vector<std::string> live_names = names_of(live), wanted_names = names_of(wanted);
    for (size_t i = 0; i < wanted.size() && !live_names.empty() && !wanted_names.empty(); ++i) {
      const auto match = std::find(live_names.begin(), live_names.end(), wanted_names[i]);
      if (match == live_names.end())
        result.push_back(wanted[i]);
      else
        result[static_cast<size_t>(match - live_names.begin())] =
            overlaid(live[static_cast<size_t>(match - live_names.begin())], wanted[i]);
    }
    if (!live_names.empty() && !wanted_names.empty()) return result;
    if (live.size() == wanted.size()) {
      for (size_t i = 0; i < wanted.size(); ++i) result[i] = overlaid(live[i], wanted[i]);
      return result;
    }
  }
  return wanted;
}

bool holds_all_of(const Value& live, const Value& wanted) { return holds(live, wanted, false); }

}  // namespace slipway
