#include "base/text.h"
#include "spec/spec.h"
#include "spec/yaml_tree.h"

namespace slipway {
namespace {

/// Where the line of that mark begins; the text's end where there are fewer lines.
size_t line_start(const std::string& text, int line) {
  size_t at = 0;
  for (int number = 1; number < line && at < text.size(); ++number) {
    const size_t end = text.find('\n', at);
    at = end == std::string::npos ? text.size() : end + 1;
  }
  return at;
}

/// The text with `words` at `at` in the place of `length` bytes.
std::string changed_at(std::string text, size_t at, size_t length, const std::string& words) {
  return text.replace(std::min(at, text.size()), length, words);
}

/// Every way to write the version that the text's shape offers; which of them is right, reading it again tells.
std::vector<std::string> candidates(const std::string& text, const YamlNode& tree, const std::string& version) {
  const YamlEntry* kubernetes = tree.find("kubernetes");
  const YamlEntry* entry = kubernetes ? kubernetes->node.find("version") : nullptr;
  if (entry) {
    const size_t quote = text.compare(entry->node.offset, entry->node.text.size(), entry->node.text) == 0 ? 0 : 1;
    return {changed_at(text, entry->node.offset + quote, entry->node.text.size(), version)};
  }
  if (!kubernetes) {
    const std::string line_end = text.find("\r\n") == std::string::npos ? "\n" : "\r\n";
    const std::string gap = text.empty() || text.ends_with('\n') ? "" : line_end;
    return {text + gap + "kubernetes: {version: " + version + "}" + line_end};
  }
  if (kubernetes->node.entries.empty()) return {};
  const Mark first = kubernetes->node.entries.front().mark;
  const size_t at = line_start(text, first.line) + static_cast<size_t>(first.column - 1);
  return {
      changed_at(text, at, 0, "version: " + version + ", "),
      changed_at(text, at, 0, "version: " + version + "\n" + std::string(static_cast<size_t>(first.column - 1), ' '))};
}

}  // namespace

Result<std::string> with_kubernetes_version(const std::string& text, const std::string& version) {
  std::vector<SpecFault> faults;
  const YamlReading reading = read_yaml_tree(text, faults);
  if (!faults.empty()) return to_error("the spec", std::move(faults));
  const YamlNode& tree = reading.documents.front();
  Value wanted = to_value(tree);
  if (wanted.is_object() && (!wanted.contains("kubernetes") || wanted["kubernetes"].is_object())) {
    wanted["kubernetes"]["version"] = version;
    for (std::string& changed : candidates(text, tree, version)) {
      std::vector<SpecFault> after;
      const YamlReading reread = read_yaml_tree(changed, after);
      if (after.empty() && to_value(reread.documents.front()) == wanted) return std::move(changed);
    }
  }
  return fail(ErrorKind::bad_input, "kubernetes.version cannot be written in place",
              {.expected = "kubernetes: {version: " + version + "}", .advice = "change the file by hand"});
}

}  // namespace slipway
