#pragma once
// Objects that another program makes: a kustomize folder, or a Helm chart. Their output goes the way of every other
// object; nothing of it is installed by these programs, and no release is kept.

#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "kube/gates.h"
#include "spec/yaml.h"

namespace slipway {

/// Programs for machines that have none of these in PATH; or empty.
struct RenderingTools {
  std::string kubectl;  ///< Has kustomize within it.
  std::string helm;
};

struct Rendering {
  std::string add_on;  ///< Its name, for errors.
  std::string folder;  ///< Of the kustomization, or of the chart.
  bool chart = false;
  std::string name_space;                 ///< Of objects that name none.
  std::string release;                    ///< Charts: `.Release.Name`.
  std::string hooks;                      ///< Charts: "refuse", "apply" (as ordinary objects) or "leave_out".
  Value values;                           ///< Charts: over the chart's own; may hold secrets.
  std::vector<std::string> api_versions;  ///< Charts: what `.Capabilities.APIVersions` has besides the defaults.
  std::string kubernetes;                 ///< Charts: `.Capabilities.KubeVersion`.
  RenderingTools tools;
};

/// Reads `render:` of an addon.yaml, its placeholders filled in; relative folders lie in `base`.
///   {kustomize: ./overlay, namespace: lab}
///   {chart: ./chart, namespace: lab, release: lab, values: {…}, hooks: apply, api_versions:
///   [monitoring.coreos.com/v1]}
/// Errors: bad_input, its `where` a JSON pointer.
Result<Rendering> rendering_from(const Value& section, const std::string& add_on, const std::string& base);

/// Runs `kustomize build`, or `helm template` twice, and answers the objects; those that live in a namespace name one.
/// Errors: not_found (the program is missing, and what to install), bad_input (what it says; a chart whose output
/// differs from run to run; hooks of installation, unless `hooks` says what becomes of them).
Result<std::vector<Value>> render(const Rendering& rendering);

/// The addon.yaml that a bare folder is as good as: one with a Chart.yaml, or with a kustomization. Empty: neither.
std::string implied_add_on(const std::string& folder, const std::string& name);

/// A gate for each workload, for add-ons that name none of their own.
Result<std::vector<Gate>> workload_gates(const std::vector<Value>& objects);

// The pure halves of render.
/// Lists taken apart, tests and hooks of deletion left out, a namespace where one is missing. Errors: bad_input
/// (hooks).
Result<std::vector<Value>> settle_rendered(const Rendering& rendering, const std::vector<Value>& objects);

}  // namespace slipway
