#include "spec/overlay.h"

#include <algorithm>
#include <filesystem>

#include "base/file.h"
#include "spec/spec.h"

namespace slipway {
namespace {

void stamp(YamlNode& node, const std::string* file) {
  node.mark.file = file;
  for (YamlEntry& entry : node.entries) {
    entry.mark.file = file;
    stamp(entry.node, file);
  }
  for (YamlNode& item : node.items) stamp(item, file);
}

/// The base with what `over` says put over it.
YamlNode merged(YamlNode base, const YamlNode& over) {
  base.mark = over.mark;
  for (const YamlEntry& entry : over.entries) {
    const auto same = std::find_if(base.entries.begin(), base.entries.end(),
                                   [&](const YamlEntry& candidate) { return candidate.key == entry.key; });
    if (same == base.entries.end())
      base.entries.push_back(entry);
    else if (entry.node.is_null())
      base.entries.erase(same);
    else if (entry.node.kind == YamlNode::Kind::map && same->node.kind == YamlNode::Kind::map)
      *same = {entry.key, entry.mark, merged(std::move(same->node), entry.node)};
    else
      *same = entry;
  }
  return base;
}

}  // namespace

BaseReading take_in_base(SpecDraft& draft, const std::string& path) {
  const YamlEntry* extends = draft.tree.find("extends");
  // What is no text is the table's to complain of.
  if (!extends || !extends->node.scalar.is_string() || extends->node.text.empty()) return {};
  const Mark mark = extends->node.mark;
  const std::string file = resolve_path(extends->node.scalar.get<std::string>(), path);
  std::error_code ignored;
  const auto refuse = [&](std::string message, std::string found) {
    draft.faults.push_back(
        {mark.line, mark.column, std::move(message), std::move(found), "a spec, from this file's folder on", ""});
    return BaseReading{.complete = false};
  };
  if (!std::filesystem::is_regular_file(file, ignored)) return refuse("no such base", file);
  Result<std::string> text = read_file(file);
  if (!text) return refuse("the base cannot be read", describe(text.error()));

  std::vector<SpecFault> faults;
  YamlReading reading = read_yaml_tree(*text, faults);
  if (reading.complete) {
    const YamlNode& base = reading.documents.front();
    if (base.kind != YamlNode::Kind::map) {
      faults.push_back({1, 1, "not a spec", describe(base), "a map of key: value", ""});
      reading.complete = false;
    } else if (const YamlEntry* again = base.find("extends")) {
      faults.push_back({again->mark.line, again->mark.column, "a base that extends another file", again->node.text,
                        "one base, and files that extend it", ""});
      reading.complete = false;
    }
  }
  for (SpecFault& fault : faults) {
    fault.path = file;
    draft.faults.push_back(std::move(fault));
  }
  if (!reading.complete) return {.complete = false};
  draft.base = std::make_shared<const std::string>(file);
  stamp(reading.documents.front(), draft.base.get());
  draft.tree = merged(std::move(reading.documents.front()), draft.tree);
  return {.text = std::move(*text)};
}

}  // namespace slipway
