#pragma once
// YAML for every room: playbooks, manifests, versions.yaml, the spec. Reading gives plain Values; a YamlDocument also
// remembers where each came from, so that a later complaint can name file:line:column.
//
//   Result<YamlDocument> book = read_yaml(path, text);
//   …
//   return fail(ErrorKind::bad_input, "unknown module", {.found = name, .where = book->where("/3/modul")});
//
// Scalars follow YAML 1.2, narrowed where it surprises: quoted = text; true, false (True, TRUE) are booleans, never
// yes, no, on, off; decimal integers and floats with a dot are numbers; empty, ~ and null are null; all else is text,
// so also 0644, 0x1f, 1e3 and 12:30. Anchors and aliases work; merge keys ('<<'), keys that are not text, duplicate
// keys and application tags are faults. All faults of a file come in one bad_input error, each with its place. Threads:
// any. Never throws.

#include <memory>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "spec/fault.h"

namespace slipway {

struct YamlNode;

/// One document: its data, and the place of every key and value in it. Copies share the places.
struct YamlDocument {
  Value value;
  std::string path;                      ///< As given by the caller.
  std::shared_ptr<const YamlNode> tree;  ///< Opaque; never null after read_yaml.

  /// "file:line:column" of the value at a JSON pointer (RFC 6901), e.g. "/tasks/3/file". Where the pointer leads to
  /// nothing, the place of the deepest value on its way.
  std::string where(const std::string& json_pointer) const;
  /// As `where`, of the map key instead of its value.
  std::string where_key(const std::string& json_pointer) const;
  /// A fault at that place, for code that gathers several; make an error of them with to_error(path, faults).
  SpecFault fault_at(const std::string& json_pointer, std::string message) const;
  /// The keys of the map at the pointer in file order (Values sort theirs); empty where there is no map.
  std::vector<std::string> keys(const std::string& json_pointer) const;
};

/// One document; an empty file is null. Errors: bad_input.
Result<YamlDocument> read_yaml(const std::string& path, const std::string& text);
/// Every document of a file with `---` between them, the empty ones left out. Errors: bad_input.
Result<std::vector<YamlDocument>> read_yaml_documents(const std::string& path, const std::string& text);

/// The same without places.
Result<Value> parse_yaml(const std::string& path, const std::string& text);
Result<std::vector<Value>> parse_yaml_documents(const std::string& path, const std::string& text);

/// The value as YAML in block style, keys sorted, ending with a newline; parse_yaml reads the same value back. Text
/// that YAML 1.1 readers would take for something else (yes, 0644, 12:30) is quoted.
std::string emit_yaml(const Value& value);

}  // namespace slipway
