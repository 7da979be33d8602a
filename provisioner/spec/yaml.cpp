#include "spec/yaml.h"

#include <charconv>

#include "base/text.h"
#include "spec/yaml_tree.h"

namespace slipway {
namespace {

std::vector<std::string> tokens(const std::string& json_pointer) {
  std::vector<std::string> parts = split(json_pointer, '/');
  parts.erase(parts.begin());
  for (std::string& part : parts) part = replace_all(replace_all(part, "~1", "/"), "~0", "~");
  return parts;
}

struct Found {
  const YamlNode* node;
  Mark key;    ///< Of the map key under which the node stands, or the node's own.
  bool whole;  ///< The pointer was followed to its end.
};

Found follow(const YamlNode& root, const std::string& json_pointer) {
  Found found{&root, root.mark, true};
  for (const std::string& token : tokens(json_pointer)) {
    if (found.node->kind == YamlNode::Kind::list) {
      size_t index = 0;
      const auto read = std::from_chars(token.data(), token.data() + token.size(), index);
      if (read.ec == std::errc() && read.ptr == token.data() + token.size() && index < found.node->items.size()) {
        found.node = &found.node->items[index];
        found.key = found.node->mark;
        continue;
      }
    } else if (const YamlEntry* entry = found.node->find(token)) {
      found.node = &entry->node;
      found.key = entry->mark;
      continue;
    }
    found.whole = false;
    break;
  }
  return found;
}

std::string place(const std::string& path, Mark mark) {
  return path + ":" + std::to_string(mark.line) + ":" + std::to_string(mark.column);
}

YamlDocument document(const std::string& path, YamlNode tree) {
  YamlDocument made{.value = to_value(tree), .path = path, .tree = nullptr};
  made.tree = std::make_shared<const YamlNode>(std::move(tree));
  return made;
}

}  // namespace

std::string YamlDocument::where(const std::string& json_pointer) const {
  return place(path, follow(*tree, json_pointer).node->mark);
}

std::string YamlDocument::where_key(const std::string& json_pointer) const {
  return place(path, follow(*tree, json_pointer).key);
}

SpecFault YamlDocument::fault_at(const std::string& json_pointer, std::string message) const {
  const Mark mark = follow(*tree, json_pointer).node->mark;
  return {mark.line, mark.column, std::move(message), "", "", ""};
}

std::vector<std::string> YamlDocument::keys(const std::string& json_pointer) const {
  const Found found = follow(*tree, json_pointer);
  std::vector<std::string> keys;
  if (found.whole)
    for (const YamlEntry& entry : found.node->entries) keys.push_back(entry.key);
  return keys;
}

Result<YamlDocument> read_yaml(const std::string& path, const std::string& text) {
  std::vector<SpecFault> faults;
  YamlReading reading = read_yaml_tree(text, faults);
  if (!faults.empty()) return to_error(path, std::move(faults));
  return document(path, std::move(reading.documents.front()));
}

Result<std::vector<YamlDocument>> read_yaml_documents(const std::string& path, const std::string& text) {
  std::vector<SpecFault> faults;
  YamlReading reading = read_yaml_trees(text, faults);
  if (!faults.empty()) return to_error(path, std::move(faults));
  std::vector<YamlDocument> documents;
  for (YamlNode& tree : reading.documents)
    if (!tree.is_null()) documents.push_back(document(path, std::move(tree)));
  return documents;
}

Result<Value> parse_yaml(const std::string& path, const std::string& text) {
  Result<YamlDocument> read = read_yaml(path, text);
  if (!read) return std::move(read).error();
  return std::move(read->value);
}

Result<std::vector<Value>> parse_yaml_documents(const std::string& path, const std::string& text) {
  Result<std::vector<YamlDocument>> read = read_yaml_documents(path, text);
  if (!read) return std::move(read).error();
  std::vector<Value> values;
  for (YamlDocument& document : *read) values.push_back(std::move(document.value));
  return values;
}

}  // namespace slipway
