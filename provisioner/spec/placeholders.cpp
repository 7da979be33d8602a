#include "spec/placeholders.h"

#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/text.h"

namespace slipway {
namespace {

bool path_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
}

/// Walks a tree; `pointer_` is where it stands, for messages.
class Expander {
 public:
  explicit Expander(const Value& variables) : variables_(variables) {}

  Result<Value> expand(const Value& tree) {
    if (tree.is_string()) return expand_text(tree.get_ref<const std::string&>());
    if (tree.is_array()) return expand_list(tree);
    if (tree.is_object()) return expand_map(tree);
    return tree;
  }

  const std::string& pointer() const { return pointer_; }

 private:
  /// Adds one step to the pointer while it lives; on an error the pointer stays, so that it names the culprit.
  template <class Action>
  auto below(const std::string& token, Action action) {
    const size_t before = pointer_.size();
    pointer_ += '/';
    pointer_ += replace_all(replace_all(token, "~", "~0"), "/", "~1");
    auto result = action();
    if (result) pointer_.resize(before);
    return result;
  }

  Result<Value> expand_list(const Value& list) {
    Value out = Value::array();
    for (size_t i = 0; i < list.size(); ++i) {
      Result<Value> item = below(std::to_string(i), [&]() -> Result<Value> {
        if (list[i].is_object() && list[i].contains("$each")) return expand_each(list[i]);
        return expand(list[i]);
      });
      if (!item) return item;
      if (list[i].is_object() && list[i].contains("$each"))
        for (Value& element : *item) out.push_back(std::move(element));
      else
        out.push_back(std::move(*item));
    }
    return out;
  }

  Result<Value> expand_map(const Value& map) {
    Value out = Value::object();
    if (map.contains("$each"))
      return fail(ErrorKind::bad_input, "$each outside a list", {.expected = "$each as an element of a list"});
    for (const auto& [key, value] : map.items()) {
      const Value& original = value;
      Result<Value> name = expand_text(key);
      if (!name) return name;
      if (!name->is_string())
        return fail(ErrorKind::bad_input, "a key must be text",
                    {.found = key + " gives " + name->dump(), .expected = "a placeholder that gives text"});
      if (out.contains(name->get_ref<const std::string&>()))
        return fail(ErrorKind::bad_input, "duplicate key after placeholders", {.found = name->get<std::string>()});
      Result<Value> item = below(key, [&] { return expand(original); });
      if (!item) return item;
      out[name->get<std::string>()] = std::move(*item);
    }
    return out;
  }

  /// The elements for which one `$each` stands, as a list.
  Result<Value> expand_each(const Value& element) {
    const Value& each = element.at("$each");
    const bool selects = each.is_object() && each.contains("having");
    const bool shaped = element.size() == 1 && each.is_object() && each.size() == (selects ? 4 : 3) &&
                        each.contains("in") && each.contains("as") && each.contains("do") &&
                        each.at("as").is_string() && (!selects || each.at("having").is_string());
    if (!shaped)
      return fail(
          ErrorKind::bad_input, "a malformed $each",
          {.found = element.dump(),
           .expected = "$each: {in: \"${path}\", as: name, do: …}, perhaps with having: key, alone in its element"});
    Result<Value> items = expand(each.at("in"));
    if (!items) return items;
    if (!items->is_structured())
      return fail(ErrorKind::bad_input, "$each over something that is no list",
                  {.found = each.at("in").dump() + " is " + items->type_name(), .expected = "a list or a map"});
    Value out = Value::array();
    for (const auto& [key, value] : items->items()) {
      if (selects && !has(value, each.at("having").get_ref<const std::string&>())) continue;
      const Value item = items->is_object() ? Value{{"key", key}, {"value", value}} : value;
      locals_.emplace_back(each.at("as").get<std::string>(), &item);
      Result<Value> made = below("$each", [&] { return below("do", [&] { return expand(each.at("do")); }); });
      locals_.pop_back();
      if (!made) return made;
      if (made->is_array())
        for (Value& piece : *made) out.push_back(std::move(piece));
      else
        out.push_back(std::move(*made));
    }
    return out;
  }

  static bool has(const Value& item, const std::string& key) {
    return item.is_object() && item.contains(key) && !item.at(key).is_null();
  }

  Result<Value> expand_text(const std::string& text) {
    if (text.find('$') == std::string::npos) return Value(text);
    std::string out;
    for (size_t i = 0; i < text.size(); ++i) {
      const char next = i + 1 < text.size() ? text[i + 1] : '\0';
      if (text[i] != '$' || (next != '$' && next != '{')) {
        out += text[i];
        continue;
      }
      if (next == '$') {
        out += '$';
        ++i;
        continue;
      }
      const size_t end = text.find('}', i + 2);
      const std::string path = end == std::string::npos ? std::string() : std::string(text, i + 2, end - (i + 2));
      if (path.empty() || !well_formed(path))
        return fail(ErrorKind::bad_input, "a malformed placeholder",
                    {.found = text.substr(i), .expected = "${path.to.value}", .advice = "write $${ for a literal ${"});
      Result<Value> value = look_up(path);
      if (!value) return value;
      if (i == 0 && end + 1 == text.size()) return value;
      if (value->is_structured() || value->is_null())
        return fail(ErrorKind::bad_input, "a value that cannot stand inside text",
                    {.found = "${" + path + "} is " + value->type_name(),
                     .expected = "text, a number, true or false; or the placeholder alone in its value"});
      out += value->is_string() ? value->get<std::string>() : value->dump();
      i = end;
    }
    return Value(out);
  }

  static bool well_formed(const std::string& path) {
    for (const char c : path)
      if (!path_character(c)) return false;
    return path.front() != '.' && path.back() != '.' && path.find("..") == std::string::npos;
  }

  Result<Value> look_up(const std::string& path) const {
    const std::vector<std::string> parts = split(path, '.');
    const Value* at = &variables_;
    size_t from = 0;
    for (auto local = locals_.rbegin(); local != locals_.rend(); ++local) {
      if (local->first != parts.front()) continue;
      at = local->second;
      from = 1;
      break;
    }
    for (size_t i = from; i < parts.size(); ++i) {
      const Value* child = child_of(*at, parts[i]);
      if (!child) return unknown(path, parts, i, *at);
      at = child;
    }
    return *at;
  }

  static const Value* child_of(const Value& value, const std::string& part) {
    if (value.is_object()) {
      const auto found = value.find(part);
      return found == value.end() ? nullptr : &*found;
    }
    size_t index = 0;
    const auto read = std::from_chars(part.data(), part.data() + part.size(), index);
    const bool number = read.ec == std::errc() && read.ptr == part.data() + part.size();
    return value.is_array() && number && index < value.size() ? &value[index] : nullptr;
  }

  Error unknown(const std::string& path, const std::vector<std::string>& parts, size_t failed,
                const Value& parent) const {
    const std::string before = join({parts.begin(), parts.begin() + static_cast<std::ptrdiff_t>(failed)}, ".");
    std::vector<std::string> names;
    if (parent.is_object())
      for (const auto& [key, value] : parent.items()) names.push_back(key);
    if (failed == 0)
      for (const auto& [name, value] : locals_) names.push_back(name);
    std::string expected = parent.is_array() ? "an index below " + std::to_string(parent.size())
                                             : (names.empty() ? "" : "one of " + join(names, ", "));
    if (!before.empty() && !expected.empty()) expected += " in " + before;
    if (expected.empty()) expected = before + " has nothing below it";
    std::string advice;
    if (const std::optional<std::string> near = nearest(parts[failed], names)) {
      std::vector<std::string> better = parts;
      better[failed] = *near;
      advice = "did you mean ${" + join(better, ".") + "}?";
    }
    return fail(ErrorKind::bad_input, "unknown placeholder ${" + path + "}",
                {.found = "${" + path + "}", .expected = std::move(expected), .advice = std::move(advice)});
  }

  const Value& variables_;
  std::vector<std::pair<std::string, const Value*>> locals_;
  std::string pointer_;
};

}  // namespace

Result<Value> expand(const Value& tree, const Value& variables) {
  Expander expander(variables);
  Result<Value> made = expander.expand(tree);
  if (made) return made;
  Error error = std::move(made).error();
  error.where = expander.pointer();
  return error;
}

Result<Value> expand(const YamlDocument& document, const Value& variables) {
  Result<Value> made = expand(document.value, variables);
  if (made) return made;
  Error error = std::move(made).error();
  error.where = document.where(error.where);
  return error;
}

}  // namespace slipway
