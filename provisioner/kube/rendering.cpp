#include "kube/rendering.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <set>

#include "base/file.h"
#include "base/process.h"
#include "base/text.h"

namespace slipway {
namespace {

namespace fs = std::filesystem;

constexpr const char* hook_annotation = "helm.sh/hook";
constexpr std::chrono::minutes render_limit{2};

/// Kinds of upstream that live in no namespace. Definitions in the same output tell of theirs.
const std::set<std::string> cluster_kinds = {"Namespace",
                                             "Node",
                                             "PersistentVolume",
                                             "StorageClass",
                                             "VolumeAttachment",
                                             "CSIDriver",
                                             "CSINode",
                                             "ClusterRole",
                                             "ClusterRoleBinding",
                                             "CustomResourceDefinition",
                                             "APIService",
                                             "PriorityClass",
                                             "RuntimeClass",
                                             "IngressClass",
                                             "GatewayClass",
                                             "DeviceClass",
                                             "FlowSchema",
                                             "PriorityLevelConfiguration",
                                             "MutatingWebhookConfiguration",
                                             "ValidatingWebhookConfiguration",
                                             "MutatingAdmissionPolicy",
                                             "MutatingAdmissionPolicyBinding",
                                             "ValidatingAdmissionPolicy",
                                             "ValidatingAdmissionPolicyBinding",
                                             "CertificateSigningRequest",
                                             "ClusterTrustBundle"};
const std::set<std::string> passed_over = {"test",        "test-success", "test-failure", "pre-delete",
                                           "post-delete", "pre-rollback", "post-rollback"};

/// A folder of our own for the time of one rendering; what lies in it may be secret.
class WorkFolder {
 public:
  WorkFolder() {
    std::string pattern = (fs::temp_directory_path() / "slipway-render-XXXXXX").string();
    if (mkdtemp(pattern.data())) path_ = pattern;
  }
  ~WorkFolder() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  WorkFolder(const WorkFolder&) = delete;
  WorkFolder& operator=(const WorkFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

Error fault(const std::string& where, std::string summary, const Value& found, std::string expected) {
  return fail(ErrorKind::bad_input, std::move(summary),
              {.found = found.is_null() ? "" : found.dump(), .expected = std::move(expected), .where = where});
}

std::string kustomization_in(const std::string& folder) {
  for (const char* name : {"kustomization.yaml", "kustomization.yml", "Kustomization"})
    if (fs::exists(fs::path(folder) / name)) return name;
  return {};
}

Error refused(const Rendering& rendering, const std::string& program, const CommandOutcome& outcome) {
  const std::string& said = outcome.error_output.empty() ? outcome.output : outcome.error_output;
  return fail(ErrorKind::bad_input, program + " cannot render the add-on " + rendering.add_on,
              {.found = std::string(trim(said).substr(0, 2000)),
               .advice = program == "helm" && outcome.error_output.find("charts/ directory") != std::string::npos
                             ? "helm dependency build " + rendering.folder
                             : "",
               .where = rendering.folder});
}

/// The output of the first of these programs that is there; nothing where none is.
Result<std::optional<std::string>> output_of_first(const Rendering& rendering, const std::string& name,
                                                   std::vector<std::vector<std::string>> commands) {
  for (std::vector<std::string>& command : commands) {
    if (command.front().empty()) continue;
    Result<CommandOutcome> outcome = run_command({.arguments = std::move(command), .timeout = render_limit});
    if (!outcome && outcome.error().kind == ErrorKind::not_found) continue;
    if (!outcome) return std::move(outcome).error();
    if (!outcome->ok()) return refused(rendering, name, *outcome);
    return std::optional(std::move(outcome->output));
  }
  return std::optional<std::string>();
}

/// As kubectl reads YAML: its octal numbers and merge keys are gone in what kustomize prints.
Result<std::string> kustomize(const Rendering& rendering, const std::string& folder) {
  Result<std::optional<std::string>> text = output_of_first(rendering, "kustomize",
                                                            {{"kustomize", "build", folder},
                                                             {rendering.tools.kubectl, "kustomize", folder},
                                                             {"kubectl", "kustomize", folder}});
  if (!text) return std::move(text).error();
  if (*text) return std::move(**text);
  return fail(ErrorKind::not_found, "no kustomize to render the add-on " + rendering.add_on,
              {.found = "neither kustomize nor kubectl in PATH or in the cache",
               .expected = "one of them; kubectl has kustomize within it",
               .advice = "slipway artifacts get binary/kubectl, once; or install kustomize",
               .where = rendering.folder});
}

Result<std::string> helm_template(const Rendering& rendering, const std::string& values) {
  std::vector<std::string> command = {"helm",           "template",    rendering.release,
                                      rendering.folder, "--namespace", rendering.name_space,
                                      "--include-crds", "--values",    values};
  if (!rendering.kubernetes.empty()) command.insert(command.end(), {"--kube-version", rendering.kubernetes});
  for (const std::string& version : rendering.api_versions) command.insert(command.end(), {"--api-versions", version});
  std::vector<std::string> other = command;
  other.front() = rendering.tools.helm;
  Result<std::optional<std::string>> text = output_of_first(rendering, "helm", {std::move(command), std::move(other)});
  if (!text) return std::move(text).error();
  if (*text) return std::move(**text);
  return fail(
      ErrorKind::not_found, "the add-on " + rendering.add_on + " is a Helm chart, and there is no helm",
      {.found = "no helm in PATH or in the cache",
       .expected = "helm 3 or later",
       .advice = "slipway artifacts get binary/helm, once; or install helm (https://helm.sh/docs/intro/install)",
       .where = rendering.folder});
}

/// The first object that two renderings tell differently.
std::string first_difference(const std::string& one, const std::string& other) {
  const std::vector<std::string> a = split(one, '\n'), b = split(other, '\n');
  std::string source;
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    if (a[i].starts_with("# Source: ")) source = a[i].substr(10);
    if (a[i] != b[i]) return source;
  }
  return source;
}

Result<std::vector<Value>> render_chart(const Rendering& rendering) {
  const WorkFolder work;
  if (work.path().empty()) return fail(ErrorKind::unavailable, "no temporary folder for a chart's output");
  const std::string values = work.path() + "/values.json";
  if (Result<void> written = write_file_atomically(values, rendering.values.dump(), 0600); !written)
    return std::move(written).error();
  Result<std::string> text = helm_template(rendering, values);
  if (!text) return std::move(text).error();
  const Result<std::string> again = helm_template(rendering, values);
  if (!again) return again.error();
  if (*text != *again)
    return fail(ErrorKind::bad_input, "the chart of " + rendering.add_on + " is different each time it is rendered",
                {.found = "a random value or a time in " + first_difference(*text, *again),
                 .expected = "the same objects from the same values",
                 .advice = "give the chart that value, e.g. a password by `${secrets.NAME}` in an addon.yaml",
                 .where = rendering.folder});
  if (trim(*text).empty()) return std::vector<Value>();
  if (Result<void> written = write_file_atomically(work.path() + "/rendered.yaml", *text, 0600); !written)
    return std::move(written).error();
  const std::string kustomization = "resources: [rendered.yaml]\n";
  if (Result<void> written = write_file_atomically(work.path() + "/kustomization.yaml", kustomization); !written)
    return std::move(written).error();
  const Result<std::string> plain = kustomize(rendering, work.path());
  if (!plain) return plain.error();
  return parse_yaml_documents("objects of " + rendering.add_on, *plain);
}

void take_apart(const Value& object, std::vector<Value>& objects) {
  if (text_at(object, "kind") == "List" && object.contains("items") && object["items"].is_array())
    for (const Value& item : object["items"]) take_apart(item, objects);
  else if (!object.is_null())
    objects.push_back(object);
}

Value member(const Value& object, const char* key) {
  return object.is_object() && object.contains(key) && object[key].is_object() ? object[key] : Value::object();
}

std::vector<std::string> hooks_of(const Value& object) {
  std::vector<std::string> hooks;
  for (const std::string& hook :
       split(text_at(member(member(object, "metadata"), "annotations"), hook_annotation), ','))
    if (const std::string name(trim(hook)); !name.empty() && name != "crd-install") hooks.push_back(name);
  return hooks;
}

std::string named(const Value& object) {
  return text_at(object, "kind") + " " + text_at(member(object, "metadata"), "name");
}

}  // namespace

Result<Rendering> rendering_from(const Value& section, const std::string& add_on, const std::string& base) {
  const std::string where = "/render";
  if (!section.is_object() || section.contains("kustomize") == section.contains("chart"))
    return fault(where, "neither a kustomize folder nor a chart", section, "{kustomize: FOLDER} or {chart: FOLDER}");
  const bool chart = section.contains("chart");
  const std::set<std::string> known =
      chart ? std::set<std::string>{"chart", "namespace", "release", "values", "hooks", "api_versions"}
            : std::set<std::string>{"kustomize", "namespace"};
  for (const auto& [key, ignored] : section.items())
    if (!known.contains(key))
      return fault(where, "unknown key '" + key + "'", Value(), join({known.begin(), known.end()}, ", "));
  Rendering rendering{.add_on = add_on,
                      .folder = (fs::path(base) / text_at(section, chart ? "chart" : "kustomize")).lexically_normal(),
                      .chart = chart,
                      .name_space = text_at(section, "namespace", chart ? add_on : "default"),
                      .release = text_at(section, "release", add_on),
                      .hooks = text_at(section, "hooks", "refuse"),
                      .values = section.value("values", Value::object()),
                      .api_versions = {},
                      .kubernetes = {},
                      .tools = {}};
  // "FOLDER/." is normal as "FOLDER/".
  if (rendering.folder.size() > 1 && rendering.folder.ends_with('/')) rendering.folder.pop_back();
  if (rendering.values.is_null()) rendering.values = Value::object();
  if (!rendering.values.is_object()) return fault(where + "/values", "not a map", Value(), "the chart's values");
  if (rendering.hooks != "refuse" && rendering.hooks != "apply" && rendering.hooks != "leave_out")
    return fault(where + "/hooks", "unknown way with hooks", Value(rendering.hooks), "refuse, apply or leave_out");
  for (const Value& version : section.value("api_versions", Value::array()))
    if (version.is_string()) rendering.api_versions.push_back(version);
  return rendering;
}

Result<std::vector<Value>> settle_rendered(const Rendering& rendering, const std::vector<Value>& objects) {
  std::vector<Value> flat, settled;
  for (const Value& object : objects) take_apart(object, flat);
  std::set<std::string> cluster_wide = cluster_kinds;
  for (const Value& object : flat)
    if (text_at(object, "kind") == "CustomResourceDefinition" && text_at(member(object, "spec"), "scope") == "Cluster")
      cluster_wide.insert(text_at(member(member(object, "spec"), "names"), "kind"));
  std::vector<std::string> undecided;
  bool has_namespace = rendering.name_space == "default" || rendering.name_space.starts_with("kube-"), needs_it = false;
  for (Value& object : flat) {
    const std::vector<std::string> hooks = hooks_of(object);
    const bool passes =
        std::any_of(hooks.begin(), hooks.end(), [](const std::string& hook) { return !passed_over.contains(hook); });
    if (!hooks.empty() && !passes) continue;
    if (passes && rendering.hooks == "leave_out") continue;
    if (passes && rendering.hooks == "refuse") undecided.push_back(named(object) + " (" + join(hooks, ", ") + ")");
    const std::string kind = text_at(object, "kind");
    if (kind == "Namespace" && text_at(member(object, "metadata"), "name") == rendering.name_space)
      has_namespace = true;
    if (object.is_object() && !cluster_wide.contains(kind)) {
      // Kinds whose definition came by another way are named so where they live in no namespace.
      const bool by_name = kind.starts_with("Cluster") && text_at(object, "apiVersion").find('.') != std::string::npos;
      if (!by_name && text_at(member(object, "metadata"), "namespace").empty())
        object["metadata"]["namespace"] = rendering.name_space;
      needs_it = needs_it || text_at(member(object, "metadata"), "namespace") == rendering.name_space;
    }
    settled.push_back(std::move(object));
  }
  if (!undecided.empty())
    return fail(ErrorKind::bad_input, "the chart of " + rendering.add_on + " has hooks, which Slipway does not run",
                {.found = join(undecided, ", "),
                 .expected = "hooks: apply (ordinary objects, in no order of their own) or hooks: leave_out",
                 .advice = "read what they do, then say which under addons." + rendering.add_on,
                 .where = rendering.folder});
  if (rendering.chart && needs_it && !has_namespace)
    settled.push_back({{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", rendering.name_space}}}});
  return settled;
}

Result<std::vector<Value>> render(const Rendering& rendering) {
  if (rendering.chart) {
    Result<std::vector<Value>> objects = render_chart(rendering);
    return objects ? settle_rendered(rendering, *objects) : objects;
  }
  const Result<std::string> text = kustomize(rendering, rendering.folder);
  if (!text) return text.error();
  Result<std::vector<Value>> objects = parse_yaml_documents("objects of " + rendering.add_on, *text);
  return objects ? settle_rendered(rendering, *objects) : objects;
}

std::string implied_add_on(const std::string& folder, const std::string& name) {
  const std::string head = "name: " + Value(name).dump() + "\n";
  if (fs::exists(fs::path(folder) / "Chart.yaml"))
    return head +
           "description: A Helm chart.\n"
           "values:\n"
           "  namespace: {default: " +
           Value(name).dump() + "}\n  release: {default: " + Value(name).dump() +
           "}\n  hooks: {choices: [refuse, apply, leave_out], default: refuse}\n"
           "  api_versions: {type: list, default: []}\n"
           "  values: {type: map, default: {}}\n"
           "render: {chart: ., namespace: \"${values.namespace}\", release: \"${values.release}\", hooks: "
           "\"${values.hooks}\", api_versions: \"${values.api_versions}\", values: \"${values.values}\"}\n";
  if (!kustomization_in(folder).empty())
    return head +
           "description: A kustomize folder.\n"
           "values: {namespace: {default: default}}\n"
           "render: {kustomize: ., namespace: \"${values.namespace}\"}\n";
  return {};
}

Result<std::vector<Gate>> workload_gates(const std::vector<Value>& objects) {
  std::vector<Gate> gates;
  for (const Value& object : objects) {
    const std::string kind = text_at(object, "kind");
    if (kind != "Deployment" && kind != "StatefulSet" && kind != "DaemonSet" && kind != "Job") continue;
    const Value metadata = member(object, "metadata");
    Result<Gate> gate =
        gate_from({{"ready", kind + " " + text_at(metadata, "namespace") + "/" + text_at(metadata, "name")}});
    if (!gate) return std::move(gate).error();
    gates.push_back(std::move(*gate));
  }
  return gates;
}

}  // namespace slipway
