#include "base/text.h"
#include "spec/spec.h"
#include "spec/yaml_tree.h"

namespace slipway {
namespace {

Error not_editable(const std::string& pool, std::string found) {
  return fail(ErrorKind::bad_input, "the count of pool '" + pool + "' cannot be changed in place",
              {.found = std::move(found),
               .expected = "count: N, a plain number without alias, anchor or tag",
               .advice = "change the file by hand"});
}

const YamlNode* count_node(const YamlNode& tree, const std::string& pool) {
  const YamlEntry* pools = tree.find("pools");
  const YamlEntry* entry = pools ? pools->node.find(pool) : nullptr;
  const YamlEntry* count = entry ? entry->node.find("count") : nullptr;
  return count ? &count->node : nullptr;
}

}  // namespace

Result<std::string> with_pool_count(const std::string& text, const std::string& pool, int count) {
  if (count < 0)
    return fail(ErrorKind::bad_input, "a pool cannot have " + std::to_string(count) + " machines",
                {.expected = "0 or more"});
  std::vector<SpecFault> faults;
  const YamlReading reading = read_yaml_tree(text, faults);
  if (!faults.empty()) return to_error("the spec", std::move(faults));
  const YamlNode& tree = reading.documents.front();

  const YamlEntry* pools = tree.find("pools");
  const YamlEntry* entry = pools ? pools->node.find(pool) : nullptr;
  // The base is shared: what is changed here must be this file's own.
  if (tree.find("extends") && !count_node(tree, pool))
    return fail(ErrorKind::bad_input, "the count of pool '" + pool + "' does not stand in this file",
                {.found = "extends: " + tree.find("extends")->node.text,
                 .expected = "pools." + pool + ".count in the file itself, since others share its base",
                 .advice = "write pools: {" + pool + ": {count: N}} into it, with the present N, and run again"});
  if (!entry) {
    std::vector<std::string> names;
    if (pools)
      for (const YamlEntry& candidate : pools->node.entries) names.push_back(candidate.key);
    const std::optional<std::string> near = nearest(pool, names);
    return fail(ErrorKind::not_found, "no such pool",
                {.found = pool,
                 .expected = names.empty() ? "a pool of the spec" : join(names, ", "),
                 .advice = near ? "did you mean '" + *near + "'?" : ""});
  }
  if (entry->node.find("hosts"))
    return fail(ErrorKind::bad_input, "pool '" + pool + "' lists its hosts",
                {.expected = "a pool with count", .advice = "add or remove hosts in the spec itself"});
  const YamlNode* node = count_node(tree, pool);
  if (!node) return not_editable(pool, "no count");
  if (!node->plain || !node->scalar.is_number_integer()) return not_editable(pool, describe(*node));
  if (text.compare(node->offset, node->text.size(), node->text) != 0) return not_editable(pool, describe(*node));

  std::string changed = text;
  changed.replace(node->offset, node->text.size(), std::to_string(count));
  // An alias elsewhere may name the pool's block; then this count is not the one of this pool alone.
  std::vector<SpecFault> after;
  const YamlReading reread = read_yaml_tree(changed, after);
  Value wanted = to_value(tree);
  wanted["pools"][pool]["count"] = count;
  if (!after.empty() || to_value(reread.documents.front()) != wanted)
    return not_editable(pool, "a block that an alias shares with others");
  return changed;
}

}  // namespace slipway
