#include "spec/spec.h"

#include <algorithm>

#include "base/digest.h"
#include "base/file.h"
#include "spec/checks.h"
#include "spec/spec_build.h"

namespace slipway {
namespace {

SpecDraft read_draft(const std::string& text) {
  SpecDraft draft;
  YamlReading reading = read_yaml_tree(text, draft.faults);
  // After a syntax error there is nothing whole to check.
  if (!reading.complete) return draft;
  draft.tree = std::move(reading.documents.front());
  check_keys(draft);
  fill_derived_defaults(draft);
  check_settings(draft);
  check_networks(draft);
  check_pools(draft);
  sort_faults(draft.faults);
  return draft;
}

}  // namespace

std::string_view name(Role role) { return role == Role::control_plane ? "control-plane" : "worker"; }

const Pool* Spec::find_pool(std::string_view pool) const {
  const auto found =
      std::find_if(pools.begin(), pools.end(), [&](const Pool& candidate) { return candidate.name == pool; });
  return found == pools.end() ? nullptr : &*found;
}

std::vector<SpecFault> check_spec(const std::string& text) { return read_draft(text).faults; }

Result<Spec> parse_spec(const std::string& path, const std::string& text) {
  SpecDraft draft = read_draft(text);
  if (!draft.faults.empty()) return to_error(path, std::move(draft.faults));
  Spec spec = build_spec(draft, path);
  spec.path = path;
  spec.digest = sha256(text);
  return spec;
}

Result<Spec> load_spec(const std::string& path) {
  Result<std::string> text = read_file(path);
  if (!text) return std::move(text).error().while_doing("reading the spec " + path);
  return parse_spec(path, *text);
}

}  // namespace slipway
