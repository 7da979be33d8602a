#include "spec/spec.h"

#include <algorithm>
#include <filesystem>

#include "base/digest.h"
#include "base/file.h"
#include "base/text.h"
#include "spec/checks.h"
#include "spec/overlay.h"
#include "spec/spec_build.h"

namespace slipway {
namespace {

/// `digest`: of all that was read; may be null.
SpecDraft read_draft(const std::string& path, const std::string& text, std::string* digest) {
  SpecDraft draft;
  YamlReading reading = read_yaml_tree(text, draft.faults);
  // After a syntax error there is nothing whole to check.
  if (!reading.complete) return draft;
  draft.tree = std::move(reading.documents.front());
  const BaseReading base = take_in_base(draft, path);
  if (digest) *digest = base.text.empty() ? sha256(text) : sha256(sha256(text) + sha256(base.text));
  if (!base.complete) return draft;
  check_keys(draft);
  fill_derived_defaults(draft);
  check_settings(draft);
  check_networks(draft);
  check_pools(draft);
  sort_faults(draft.faults);
  return draft;
}

/// For somebody who named a file that is not there: the one beside it that they may have meant, or how to get a first
/// one.
Error no_such_spec(const std::filesystem::path& path) {
  std::vector<std::string> beside;
  std::error_code ignored;
  const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : ".";
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored))
    if (entry.path().extension() == ".yaml" || entry.path().extension() == ".yml")
      beside.push_back(entry.path().filename().string());
  std::sort(beside.begin(), beside.end());
  const std::optional<std::string> near = nearest(path.filename().string(), beside);
  const std::string first = "slipway init --file " + shell_quote(path.string()) + " writes a first one";
  return fail(ErrorKind::bad_input, "there is no such spec",
              {.found = beside.empty() ? "no file " + path.string()
                                       : "no file " + path.string() + "; there: " + join(beside, ", "),
               .advice = near ? "did you mean '" + (path.parent_path() / *near).string() + "'?" : first});
}

}  // namespace

std::string_view name(Role role) { return role == Role::control_plane ? "control-plane" : "worker"; }

const Pool* Spec::find_pool(std::string_view pool) const {
  const auto found =
      std::find_if(pools.begin(), pools.end(), [&](const Pool& candidate) { return candidate.name == pool; });
  return found == pools.end() ? nullptr : &*found;
}

std::vector<SpecFault> check_spec(const std::string& text) { return read_draft("", text, nullptr).faults; }

Result<Spec> parse_spec(const std::string& path, const std::string& text) {
  std::string digest;
  SpecDraft draft = read_draft(path, text, &digest);
  if (!draft.faults.empty()) return to_error(path, std::move(draft.faults));
  Spec spec = build_spec(draft, path);
  spec.path = path;
  spec.digest = digest;
  return spec;
}

Result<Spec> load_spec(const std::string& path) {
  Result<std::string> text = read_file(path);
  if (!text && text.error().kind == ErrorKind::not_found) return no_such_spec(path);
  if (!text) return std::move(text).error().while_doing("reading the spec " + path);
  return parse_spec(path, *text);
}

}  // namespace slipway
