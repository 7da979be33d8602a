#include "spec/schema.h"

#include <algorithm>
#include <cassert>

#include "base/text.h"

namespace slipway {
namespace {

void insert(SchemaNode& root, const Key& key) {
  SchemaNode* at = &root;
  std::vector<std::string> parts;
  for (std::string part : split(key.path, '.')) {
    const bool item = part.ends_with("[]");
    if (item) part.resize(part.size() - 2);
    parts.push_back(std::move(part));
    if (item) parts.push_back("[]");
  }
  for (size_t i = 0; i < parts.size(); ++i) {
    const bool repeated = parts[i] == "[]" || parts[i].starts_with('<');
    SchemaNode* next = at->each.get();
    if (!repeated) {
      const auto found = std::find_if(at->children.begin(), at->children.end(),
                                      [&](const auto& node) { return node->name == parts[i]; });
      next = found == at->children.end() ? nullptr : found->get();
    }
    if (!next) {
      assert(i + 1 == parts.size() && "a parent's row comes before its children's");
      auto made = std::make_unique<SchemaNode>();
      made->name = parts[i];
      next = made.get();
      if (repeated)
        at->each = std::move(made);
      else
        at->children.push_back(std::move(made));
    }
    at = next;
  }
  at->key = &key;
}

std::unique_ptr<SchemaNode> build() {
  auto root = std::make_unique<SchemaNode>();
  for (const Key& key : spec_keys()) insert(*root, key);
  return root;
}

}  // namespace

const SchemaNode* SchemaNode::child(std::string_view wanted) const {
  const auto found =
      std::find_if(children.begin(), children.end(), [&](const auto& node) { return node->name == wanted; });
  return found == children.end() ? nullptr : found->get();
}

const SchemaNode& spec_schema() {
  static const std::unique_ptr<SchemaNode> root = build();
  return *root;
}

}  // namespace slipway
