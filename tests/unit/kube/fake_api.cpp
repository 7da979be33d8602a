#include "fake_api.h"

#include <algorithm>
#include <gtest/gtest.h>

#include "base/text.h"
#include "kube/quantity.h"
#include "spec/yaml.h"

#include "fake_answers.h"
#include "fake_fields.h"

namespace slipway::testing {
namespace {

class FakeTransport final : public ApiTransport {
 public:
  explicit FakeTransport(FakeApi& api) : api_(api) {}
  Result<HttpResponse> send(const HttpRequest& request) override { return api_.handle(request); }

 private:
  FakeApi& api_;
};

std::string decoded(const std::string& text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      out += static_cast<char>(std::stoi(text.substr(i + 1, 2), nullptr, 16));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

/// As the API writes them: "1000m" -> "1", "1024Mi" -> "1Gi".
void normalise_quantities(Value& resources) {
  for (Value& group : resources)
    for (Value& amount : group) {
      const auto parsed = parse_quantity(amount.is_string() ? amount.get<std::string>() : amount.dump());
      if (!parsed || *parsed % 1000000000 != 0) continue;
      const auto whole = static_cast<uint64_t>(*parsed / 1000000000);
      constexpr uint64_t gibi = 1ull << 30;
      amount = whole >= gibi && whole % gibi == 0 ? std::to_string(whole / gibi) + "Gi" : std::to_string(whole);
      if (whole < gibi && whole >= (1ull << 20) && whole % (1ull << 20) == 0)
        amount = std::to_string(whole >> 20) + "Mi";
    }
}

void drop_empty_entries(Value& object) {
  Value kept = Value::array();
  for (Value& entry : entries(object))
    if (!entry["fieldsV1"].empty()) kept.push_back(std::move(entry));
  object["metadata"]["managedFields"] = std::move(kept);
}

}  // namespace

FakeApi::FakeApi() {
  kinds_ = {{"", "v1", "Namespace", "namespaces", false},
            {"", "v1", "Node", "nodes", false},
            {"", "v1", "PersistentVolume", "persistentvolumes", false},
            {"", "v1", "Pod", "pods"},
            {"", "v1", "Service", "services"},
            {"", "v1", "ConfigMap", "configmaps"},
            {"", "v1", "Secret", "secrets"},
            {"", "v1", "ServiceAccount", "serviceaccounts"},
            {"", "v1", "Event", "events"},
            {"", "v1", "PersistentVolumeClaim", "persistentvolumeclaims"},
            {"apps", "v1", "Deployment", "deployments"},
            {"apps", "v1", "DaemonSet", "daemonsets"},
            {"apps", "v1", "StatefulSet", "statefulsets"},
            {"apps", "v1", "ReplicaSet", "replicasets"},
            {"batch", "v1", "Job", "jobs"},
            {"batch", "v1", "CronJob", "cronjobs"},
            {"policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets"},
            {"discovery.k8s.io", "v1", "EndpointSlice", "endpointslices"},
            {"rbac.authorization.k8s.io", "v1", "ClusterRole", "clusterroles", false},
            {"admissionregistration.k8s.io", "v1", "ValidatingWebhookConfiguration", "validatingwebhookconfigurations",
             false},
            {"apiextensions.k8s.io", "v1", "CustomResourceDefinition", "customresourcedefinitions", false}};
  for (const char* name : {"default", "kube-system"})
    put({{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", name}}}}, "kube-apiserver");
}

std::unique_ptr<KubeClient> FakeApi::client(std::vector<std::string> fallbacks) {
  return std::make_unique<KubeClient>(
      KubeAccess{.server = "https://10.0.0.10:6443", .fallback_servers = std::move(fallbacks)},
      std::make_unique<FakeTransport>(*this));
}

std::string FakeApi::place(const ObjectKey& key) const {
  for (const Kind& kind : kinds_)
    if (kind.kind == key.kind && kind.api_version() == key.api_version)
      return kind.prefix() + (kind.namespaced ? "/namespaces/" + key.name_space : "") + "/" + kind.plural + "/" +
             key.name;
  ADD_FAILURE() << "the fake does not know " << key.kind;
  return "";
}

void FakeApi::put(const Value& object, const std::string& by) {
  Value next = object;
  set_defaults(next);
  stamp(next, Value());
  entries(next).push_back(entry_of(by, "Update", object, fields_of(owned_part(object))));
  objects_[place(key_of(object))] = next;
  after_write(next);
}

void FakeApi::edit(const ObjectKey& key, const Value& patch, const std::string& by) {
  Value& live = objects_.at(place(key));
  const Value before = live;
  live.merge_patch(patch);
  set_defaults(live);
  const Value changed = changed_fields(owned_part(before), owned_part(live));
  for (Value& entry : entries(live)) entry["fieldsV1"] = without(entry["fieldsV1"], changed);
  drop_empty_entries(live);
  entries(live).push_back(entry_of(by, "Update", live, changed));
  stamp(live, before);
}

void FakeApi::set_status(const ObjectKey& key, const Value& status) { objects_.at(place(key))["status"] = status; }

std::optional<Value> FakeApi::find(const ObjectKey& key) const {
  const auto found = objects_.find(place(key));
  return found == objects_.end() ? std::nullopt : std::optional<Value>(found->second);
}

void FakeApi::erase(const ObjectKey& key) { objects_.erase(place(key)); }

size_t FakeApi::count(const std::string& beginning) const {
  return static_cast<size_t>(std::count_if(requests.begin(), requests.end(),
                                           [&](const std::string& line) { return line.starts_with(beginning); }));
}

void FakeApi::stamp(Value& object, const Value& before) {
  Value& metadata = object["metadata"];
  metadata["resourceVersion"] = std::to_string(++version_);
  if (!metadata.contains("uid")) metadata["uid"] = "uid-" + std::to_string(version_);
  metadata["creationTimestamp"] = "2026-01-01T00:00:00Z";
  const bool same = before.is_object() && before.value("spec", Value()) == object.value("spec", Value());
  if (!same) metadata["generation"] = metadata.value("generation", 0) + 1;
}

void FakeApi::set_defaults(Value& object) const {
  if (text_at(object, "kind") != "Deployment" || !object.contains("spec")) return;
  Value& spec = object["spec"];
  if (!spec.contains("replicas")) spec["replicas"] = 1;
  if (!spec.contains("revisionHistoryLimit")) spec["revisionHistoryLimit"] = 10;
  for (Value& container : spec["template"]["spec"]["containers"]) {
    if (!container.contains("imagePullPolicy")) container["imagePullPolicy"] = "IfNotPresent";
    if (container.contains("ports"))
      for (Value& port : container["ports"])
        if (!port.contains("protocol")) port["protocol"] = "TCP";
    if (container.contains("resources")) normalise_quantities(container["resources"]);
  }
}

void FakeApi::after_write(const Value& object) {
  if (text_at(object, "kind") != "CustomResourceDefinition") return;
  const Value& spec = object["spec"];
  for (const Value& version : spec["versions"]) {
    const Kind kind{spec["group"], version["name"], spec["names"]["kind"], spec["names"]["plural"],
                    text_at(spec, "scope") == "Namespaced"};
    const bool known = std::any_of(kinds_.begin(), kinds_.end(), [&](const Kind& other) {
      return other.kind == kind.kind && other.api_version() == kind.api_version();
    });
    if (!known) kinds_.push_back(kind);
  }
}

std::optional<FakeApi::Target> FakeApi::target_of(const std::string& path) const {
  for (const Kind& kind : kinds_) {
    if (!path.starts_with(kind.prefix() + "/")) continue;
    std::vector<std::string> parts = split(path.substr(kind.prefix().size() + 1), '/');
    Target target{.kind = &kind, .name_space = {}, .name = {}, .part = {}};
    if (kind.namespaced && parts.size() >= 3 && parts[0] == "namespaces") {
      target.name_space = parts[1];
      parts.erase(parts.begin(), parts.begin() + 2);
    }
    if (parts[0] != kind.plural || (kind.kind == "Namespace" && parts.size() > 2)) continue;
    if (parts.size() > 1) target.name = parts[1];
    if (parts.size() > 2) target.part = parts[2];
    return target;
  }
  return std::nullopt;
}

HttpResponse FakeApi::discovery(bool core) const {
  std::map<std::string, std::map<std::string, Value>> groups;
  for (const Kind& kind : kinds_) {
    if (kind.group.empty() != core) continue;
    Value& resources = groups[kind.group][kind.version];
    resources.push_back({{"resource", kind.plural},
                         {"responseKind", {{"group", ""}, {"version", ""}, {"kind", kind.kind}}},
                         {"scope", kind.namespaced ? "Namespaced" : "Cluster"},
                         {"verbs", {"get", "list"}}});
  }
  Value items = Value::array();
  for (const auto& [group, versions] : groups) {
    Value list = Value::array();
    for (const auto& [version, resources] : versions)
      list.push_back({{"version", version}, {"resources", resources}, {"freshness", "Current"}});
    items.push_back({{"metadata", core ? Value::object() : Value{{"name", group}}}, {"versions", list}});
  }
  return ok({{"kind", "APIGroupDiscoveryList"}, {"apiVersion", "apidiscovery.k8s.io/v2"}, {"items", items}});
}

Result<HttpResponse> FakeApi::handle(const HttpRequest& request) {
  if (intercept)
    if (std::optional<Result<HttpResponse>> answer = intercept(request)) return *answer;
  const std::lock_guard lock(mutex_);
  const std::string url = request.url.substr(request.url.find('/', 8));
  const std::string path = decoded(url.substr(0, url.find('?')));
  std::map<std::string, std::string> query;
  if (const size_t mark = url.find('?'); mark != std::string::npos)
    for (const std::string& part : split(url.substr(mark + 1), '&'))
      query[part.substr(0, part.find('='))] = decoded(part.substr(part.find('=') + 1));
  requests.push_back(request.method + " " + path + (query.contains("dryRun") ? "?dryRun" : ""));
  if (path == "/readyz") return HttpResponse{.status = 200, .body = "ok"};
  if (path == "/api" || path == "/apis") return discovery(path == "/api");
  if (path.find("/proxy") != std::string::npos) {
    const auto found = proxied.find(path);
    const int status = found == proxied.end() ? 503 : found->second;
    return HttpResponse{.status = status, .body = "from the service"};
  }
  const std::optional<Target> target = target_of(path);
  if (!target) return HttpResponse{.status = 404, .body = "404 page not found\n"};
  const auto header = std::find_if(request.headers.begin(), request.headers.end(),
                                   [](const auto& pair) { return pair.first == "Content-Type"; });
  const std::string content = header == request.headers.end() ? "" : header->second;
  if (request.method == "POST" && target->part == "eviction") return evict(*target);
  if (request.method == "PATCH" && content == "application/apply-patch+yaml") return apply(*target, request, query);
  if (request.method == "PATCH") return merge_patch(*target, request);
  if (request.method == "DELETE") return remove(*target, request);
  if (target->name.empty()) return list(*target, query);
  const auto found = objects_.find(key_of_target(*target));
  if (found == objects_.end()) return not_found(target->kind->plural, target->name);
  if (target->kind->kind == "CustomResourceDefinition" && asked_[path]++ >= establish_after)
    found->second["status"]["conditions"] = {{{"type", "Established"}, {"status", "True"}}};
  return ok(found->second);
}

Value yaml(const std::string& text) {
  Result<Value> value = parse_yaml("test.yaml", text);
  if (!value) ADD_FAILURE() << describe(value.error());
  return value ? *value : Value();
}

std::vector<Value> yamls(const std::string& text) {
  Result<std::vector<Value>> values = parse_yaml_documents("test.yaml", text);
  if (!values) ADD_FAILURE() << describe(values.error());
  return values ? *values : std::vector<Value>();
}

}  // namespace slipway::testing
