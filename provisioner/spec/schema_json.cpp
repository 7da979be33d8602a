#include "spec/schema.h"
#include "spec/spec.h"

namespace slipway {
namespace {

// Keeps the table's order, which is the order in which people read.
using Ordered = nlohmann::ordered_json;

/// What a file says: all of it, or over a base what differs. A key without a value takes the base's away, and what is
/// required may stand in the base; lists are taken whole.
enum class Saying { spec, difference };

Ordered schema_of(const SchemaNode& node, Saying saying);

Ordered text_schema(const Key& key, Type type) {
  Ordered made{{"type", "string"}};
  const Format* format = format_of(type);
  if (format && !format->pattern.empty()) made["pattern"] = format->pattern;
  if (key.type != Type::size && key.least) made["minLength"] = *key.least;
  return made;
}

Ordered object_schema(const SchemaNode& node, Saying saying) {
  Ordered properties = Ordered::object(), required = Ordered::array();
  for (const auto& child : node.children) {
    properties[child->name] = schema_of(*child, saying);
    if (child->key->required && saying == Saying::spec) required.push_back(child->name);
  }
  // A block with nothing below it is null in YAML and an empty block to us.
  Ordered made{{"type", node.key && required.empty() ? Ordered{"object", "null"} : Ordered("object")}};
  made["properties"] = std::move(properties);
  if (!required.empty()) made["required"] = std::move(required);
  made["additionalProperties"] = node.type() == Type::free;
  return made;
}

Ordered map_schema(const SchemaNode& node, Saying saying) {
  Ordered made{{"type", Ordered{"object", "null"}}};
  if (!node.key->choices.empty()) {
    for (const std::string_view name : node.key->choices)
      made["properties"][std::string(name)] = schema_of(*node.each, saying);
    made["additionalProperties"] = false;
    if (!node.key->open_with.empty()) {
      Ordered other = schema_of(*node.each, saying);
      if (saying == Saying::spec) other["required"] = Ordered{std::string(node.key->open_with)};
      made["additionalProperties"] = std::move(other);
    }
    return made;
  }
  made["propertyNames"] = {{"pattern", format_of(node.key->key_type)->pattern}};
  made["additionalProperties"] = schema_of(*node.each, saying);
  return made;
}

Ordered bare_schema(const SchemaNode& node, Saying saying) {
  const Key& key = *node.key;
  switch (node.type()) {
    case Type::object:
    case Type::free:
      return object_schema(node, saying);
    case Type::map:
      return map_schema(node, saying);
    case Type::list:
      return {{"type", Ordered{"array", "null"}}, {"items", schema_of(*node.each, Saying::spec)}};
    case Type::text_or_object:
      return {{"anyOf", Ordered::array({text_schema(key, Type::text), object_schema(node, saying)})}};
    case Type::choice:
      return {{"enum", key.choices}};
    case Type::flag:
      return {{"type", "boolean"}};
    case Type::integer: {
      Ordered made{{"type", "integer"}};
      if (key.least) made["minimum"] = *key.least;
      if (key.most) made["maximum"] = *key.most;
      return made;
    }
    case Type::number:
      return {{"type", "number"}, {"minimum", 0}};
    default:
      return text_schema(key, key.type);
  }
}

/// No value at all is right as well.
void permit_null(Ordered& made) {
  if (made.contains("enum"))
    made["enum"].push_back(nullptr);
  else if (made.contains("type") && made["type"].is_string())
    made["type"] = Ordered{made["type"], "null"};
}

Ordered schema_of(const SchemaNode& node, Saying saying) {
  Ordered made = bare_schema(node, saying);
  if (saying == Saying::difference) permit_null(made);
  if (!node.key->about.empty()) made["description"] = node.key->about;
  // Over a base the base's value holds.
  if (!node.key->fallback.empty() && saying == Saying::spec) made["default"] = Ordered::parse(node.key->fallback);
  return made;
}

Ordered root_schema(Saying saying) {
  Ordered made = object_schema(spec_schema(), saying);
  if (saying == Saying::spec) return made;
  // The two that no base can give.
  for (const char* key : {"extends", "name"})
    made["properties"][key] = schema_of(*spec_schema().child(key), Saying::spec);
  made["required"] = {"extends", "name"};
  return made;
}

}  // namespace

std::string spec_json_schema() {
  Ordered made{{"$schema", "https://json-schema.org/draft/2020-12/schema"},
               {"title", "Slipway cluster spec"},
               {"description", "Made by Slipway from its table of keys; see spec.md."}};
  made["if"] = {{"required", Ordered::array({"extends"})}};
  made["then"] = {{"$ref", "#/$defs/difference"}};
  made["else"] = {{"$ref", "#/$defs/spec"}};
  made["$defs"] = {{"spec", root_schema(Saying::spec)}, {"difference", root_schema(Saying::difference)}};
  return made.dump(2) + "\n";
}

}  // namespace slipway
