#include "spec/checker.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/text.h"
#include "spec/quantity.h"

namespace slipway {
namespace {

SpecFault fault_of(const Mark& mark, std::string message, std::string found, std::string expected, std::string advice) {
  return {mark.line,           mark.column,       std::move(message),         std::move(found),
          std::move(expected), std::move(advice), mark.file ? *mark.file : ""};
}

std::string list_of(const std::vector<std::string_view>& words) {
  if (words.empty()) return {};
  if (words.size() == 1) return std::string(words[0]);
  return join({words.begin(), words.end() - 1}, ", ") + " or " + std::string(words.back());
}

std::string did_you_mean(const std::string& word, const std::vector<std::string>& candidates) {
  const std::optional<std::string> near = nearest(word, candidates);
  return near ? "did you mean '" + *near + "'?" : "";
}

/// What a key takes, for the "expected" line.
std::string expectation(const Key& key) {
  switch (key.type) {
    case Type::choice:
      return list_of(key.choices);
    case Type::flag:
      return "true or false";
    case Type::integer:
      return key.least && key.most
                 ? "a whole number from " + std::to_string(*key.least) + " to " + std::to_string(*key.most)
                 : "a whole number";
    case Type::number:
      return "a number such as 0.25, not below zero";
    case Type::size:
      if (key.least) return "a size of at least " + bytes_text(static_cast<uint64_t>(*key.least));
      break;
    case Type::list:
      return "a list";
    case Type::text_or_object:
      return "a name, or a map";
    case Type::object:
    case Type::map:
    case Type::free:
      return "a map of key: value";
    default:
      break;
  }
  const Format* format = format_of(key.type);
  return format ? std::string(format->expected) : "";
}

Value default_of(const SchemaNode& schema) {
  if (schema.key && !schema.key->fallback.empty()) {
    Value fallback = Value::parse(schema.key->fallback);
    if (schema.type() == Type::size) return parse_bytes(fallback.get<std::string>()).value();
    return fallback;
  }
  if (schema.type() != Type::object) return nullptr;
  Value made = Value::object();
  for (const auto& child : schema.children)
    if (Value value = default_of(*child); !value.is_null()) made[child->name] = std::move(value);
  return made.empty() ? Value() : made;
}

class Checker {
 public:
  explicit Checker(std::vector<SpecFault>& faults) : faults_(faults) {}

  /// The good part of the node, or null where there is none. `own` is the place of the node's key.
  Value check(const SchemaNode& schema, const YamlNode& node, Mark own) {
    switch (schema.type()) {
      case Type::object:
      case Type::free:
        return check_object(schema, node, own);
      case Type::map:
        return check_map(schema, node);
      case Type::list:
        return check_list(schema, node);
      case Type::text_or_object:
        if (node.kind == YamlNode::Kind::map) return check_object(schema, node, own);
        return check_text(schema, node, *format_of(Type::text));
      case Type::choice:
        return check_choice(schema, node);
      case Type::flag:
        if (node.scalar.is_boolean()) return node.scalar;
        return refuse(schema, node, yes_or_no(node.text));
      case Type::integer:
        return check_integer(schema, node);
      case Type::number:
        if (node.scalar.is_number() && node.scalar.get<double>() >= 0) return node.scalar;
        return refuse(schema, node, "");
      default:
        return check_text(schema, node, *format_of(schema.type()));
    }
  }

 private:
  void add(Mark mark, std::string message, std::string found, std::string expected, std::string advice) {
    faults_.push_back(fault_of(mark, std::move(message), std::move(found), std::move(expected), std::move(advice)));
  }

  Value refuse(const SchemaNode& schema, const YamlNode& node, std::string advice) {
    add(node.mark, "bad value for " + path_, describe(node), expectation(*schema.key), std::move(advice));
    return nullptr;
  }

  static std::string yes_or_no(const std::string& text) {
    if (text == "yes" || text == "on" || text == "Yes" || text == "On") return "write true";
    if (text == "no" || text == "off" || text == "No" || text == "Off") return "write false";
    return {};
  }

  /// Checks something one step further down the path.
  template <class Action>
  Value below(const std::string& step, Action action) {
    const size_t before = path_.size();
    if (!path_.empty() && !step.starts_with('[')) path_ += '.';
    path_ += step;
    Value value = action();
    path_.resize(before);
    return value;
  }

  void unknown_key(const YamlEntry& entry, const std::vector<std::string>& known) {
    // A merge key has its own fault already.
    if (entry.key == "<<") return;
    std::string advice = did_you_mean(entry.key, known);
    if (advice.empty() && entry.node.is_null() && entry.key.find(':') != std::string::npos)
      advice = "YAML wants a blank after the ':'";
    add(entry.mark, "unknown key '" + entry.key + "'" + (path_.empty() ? "" : " in " + path_), entry.key,
        join(known, ", "), std::move(advice));
  }

  Value check_object(const SchemaNode& schema, const YamlNode& node, Mark own) {
    const bool empty = node.is_null();
    if (node.kind != YamlNode::Kind::map && !empty) {
      if (schema.key) return refuse(schema, node, "");
      add(node.mark, "not a spec", describe(node), "a map of key: value",
          node.text.find(':') == std::string::npos ? "" : "YAML wants a blank after the ':'");
      return nullptr;
    }
    std::vector<std::string> known;
    for (const auto& child : schema.children) known.push_back(child->name);
    Value made = Value::object();
    for (const YamlEntry& entry : node.entries) {
      const SchemaNode* child = schema.child(entry.key);
      if (child)
        keep(made, entry.key, below(entry.key, [&] { return check(*child, entry.node, entry.mark); }));
      else if (schema.type() == Type::free)
        made[entry.key] = to_value(entry.node);
      else
        unknown_key(entry, known);
    }
    for (const auto& child : schema.children) {
      if (node.find(child->name)) continue;
      if (child->key->required)
        add(own, "missing key '" + child->name + "'" + (path_.empty() ? "" : " in " + path_), "",
            child->name + ": " + expectation(*child->key), "");
      else
        keep(made, child->name, default_of(*child));
    }
    return made;
  }

  /// Of a duplicate key, which is a fault already, the first counts.
  static void keep(Value& object, const std::string& key, Value value) {
    if (!value.is_null() && !object.contains(key)) object[key] = std::move(value);
  }

  Value check_map(const SchemaNode& schema, const YamlNode& node) {
    if (node.is_null()) return Value::object();
    if (node.kind != YamlNode::Kind::map) return refuse(schema, node, "");
    const Format* names = format_of(schema.key->key_type);
    const std::vector<std::string> known(schema.key->choices.begin(), schema.key->choices.end());
    Value made = Value::object();
    for (const YamlEntry& entry : node.entries) {
      const bool own = !schema.key->open_with.empty() && entry.node.kind == YamlNode::Kind::map &&
                       entry.node.find(std::string(schema.key->open_with)) != nullptr;
      if (!known.empty() && !own && std::find(known.begin(), known.end(), entry.key) == known.end()) {
        unknown_key(entry, known);
        continue;
      }
      if (known.empty())
        if (std::optional<Complaint> wrong = names->check(entry.key)) {
          add(entry.mark, wrong->message + " in " + path_, wrong->found, wrong->expected, wrong->advice);
          continue;
        }
      keep(made, entry.key, below(entry.key, [&] { return check(*schema.each, entry.node, entry.mark); }));
    }
    return made;
  }

  Value check_list(const SchemaNode& schema, const YamlNode& node) {
    if (node.is_null()) return Value::array();
    if (node.kind != YamlNode::Kind::list) return refuse(schema, node, "");
    Value made = Value::array();
    for (size_t i = 0; i < node.items.size(); ++i) {
      // Bad items stay as null, so that the others keep their index.
      made.push_back(
          below("[" + std::to_string(i) + "]", [&] { return check(*schema.each, node.items[i], node.items[i].mark); }));
    }
    return made;
  }

  Value check_choice(const SchemaNode& schema, const YamlNode& node) {
    const std::vector<std::string> known(schema.key->choices.begin(), schema.key->choices.end());
    if (node.scalar.is_string() && std::find(known.begin(), known.end(), node.text) != known.end()) return node.scalar;
    return refuse(schema, node, did_you_mean(node.text, known));
  }

  Value check_integer(const SchemaNode& schema, const YamlNode& node) {
    const Key& key = *schema.key;
    if (!node.scalar.is_number_integer())
      return refuse(schema, node, node.scalar.is_string() && is_integer(node.text) ? "write it without quotes" : "");
    const bool large =
        node.scalar.is_number_unsigned() && node.scalar.get<uint64_t>() > static_cast<uint64_t>(INT64_MAX);
    const int64_t number = large ? INT64_MAX : node.scalar.get<int64_t>();
    if ((key.least && number < *key.least) || (key.most && number > *key.most)) return refuse(schema, node, "");
    return number;
  }

  static bool is_integer(const std::string& text) {
    return !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
  }

  Value check_text(const SchemaNode& schema, const YamlNode& node, const Format& format) {
    const Key& key = *schema.key;
    if (!node.scalar.is_string()) {
      const bool quotable = (key.type == Type::text || key.type == Type::name || key.type == Type::label_value ||
                             key.type == Type::text_or_object) &&
                            (node.scalar.is_number() || node.scalar.is_boolean());
      return refuse(schema, node, quotable ? "put it in quotes: \"" + node.text + "\"" : "");
    }
    if (node.text.empty() && !fits_empty(key, format)) {
      add(node.mark, "bad value for " + path_, "empty text", expectation(key),
          key.required ? "" : "leave the key out to get its default");
      return nullptr;
    }
    if (std::optional<Complaint> wrong = format.check(node.text)) {
      const std::string message = wrong->message.empty() ? "bad value for " + path_ : path_ + ": " + wrong->message;
      add(node.mark, message, wrong->found.empty() ? node.text : wrong->found,
          wrong->expected.empty() ? expectation(key) : wrong->expected, wrong->advice);
      return nullptr;
    }
    if (key.type != Type::size) return node.scalar;
    const auto bytes = static_cast<int64_t>(parse_bytes(node.text).value());
    if (key.least && bytes < *key.least) return refuse(schema, node, "");
    return bytes;
  }

  static bool fits_empty(const Key& key, const Format& format) {
    if (key.least && *key.least > 0) return false;
    if (key.type == Type::text || key.type == Type::path) return true;
    return !format.check("");
  }

  std::vector<SpecFault>& faults_;
  std::string path_;
};

struct Place {
  Mark key, node;
  bool whole = true;
};

Place find_place(const YamlNode& root, const std::vector<std::string>& path) {
  Place place{root.mark, root.mark};
  const YamlNode* at = &root;
  for (const std::string& step : path) {
    const YamlEntry* entry = at->find(step);
    size_t index = 0;
    if (entry) {
      at = &entry->node;
      place = {entry->mark, entry->node.mark};
    } else if (at->kind == YamlNode::Kind::list &&
               std::from_chars(step.data(), step.data() + step.size(), index).ec == std::errc() &&
               index < at->items.size()) {
      at = &at->items[index];
      place = {at->mark, at->mark};
    } else {
      // A value that is not there is missing from its map: the map's key is what a reader looks for.
      return {place.key, place.key, false};
    }
  }
  return place;
}

}  // namespace

void SpecDraft::add(const std::vector<std::string>& path, std::string message, std::string found, std::string expected,
                    std::string advice) {
  const Mark mark = find_place(tree, path).node;
  faults.push_back(fault_of(mark, std::move(message), std::move(found), std::move(expected), std::move(advice)));
}

void SpecDraft::add_at_key(const std::vector<std::string>& path, std::string message, std::string found,
                           std::string expected, std::string advice) {
  const Mark mark = find_place(tree, path).key;
  faults.push_back(fault_of(mark, std::move(message), std::move(found), std::move(expected), std::move(advice)));
}

bool SpecDraft::written(const std::vector<std::string>& path) const { return find_place(tree, path).whole; }

const Value* SpecDraft::at(const std::vector<std::string>& path) const {
  const Value* at = &value;
  for (const std::string& step : path) {
    const auto found = at->is_object() ? at->find(step) : at->end();
    if (found == at->end()) return nullptr;
    at = &*found;
  }
  return at;
}

std::string SpecDraft::text(const std::vector<std::string>& path) const {
  const Value* found = at(path);
  return found && found->is_string() ? found->get<std::string>() : "";
}

void check_keys(SpecDraft& draft) {
  Checker checker(draft.faults);
  draft.value = checker.check(spec_schema(), draft.tree, draft.tree.mark);
  if (!draft.value.is_object()) draft.value = Value::object();
}

}  // namespace slipway
