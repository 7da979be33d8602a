#include "providers/simulated/api_server.h"

#include <algorithm>

#include "base/quantity.h"
#include "base/text.h"
#include "providers/simulated/api_answers.h"
#include "providers/simulated/api_fields.h"

namespace slipway::simulated {
namespace {

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

ApiServer::ApiServer() {
  kinds_ = {
      {"", "v1", "Namespace", "namespaces", false},
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
      {"policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets"},
      {"discovery.k8s.io", "v1", "EndpointSlice", "endpointslices"},
      {"rbac.authorization.k8s.io", "v1", "ClusterRole", "clusterroles", false},
      {"rbac.authorization.k8s.io", "v1", "ClusterRoleBinding", "clusterrolebindings", false},
      {"rbac.authorization.k8s.io", "v1", "Role", "roles"},
      {"rbac.authorization.k8s.io", "v1", "RoleBinding", "rolebindings"},
      {"batch", "v1", "CronJob", "cronjobs"},
      {"networking.k8s.io", "v1", "Ingress", "ingresses"},
      {"networking.k8s.io", "v1", "IngressClass", "ingressclasses", false},
      {"networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies"},
      {"storage.k8s.io", "v1", "StorageClass", "storageclasses", false},
      {"autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers"},
      {"scheduling.k8s.io", "v1", "PriorityClass", "priorityclasses", false},
      {"admissionregistration.k8s.io", "v1", "MutatingWebhookConfiguration", "mutatingwebhookconfigurations", false},
      {"admissionregistration.k8s.io", "v1", "ValidatingWebhookConfiguration", "validatingwebhookconfigurations",
       false},
      {"apiextensions.k8s.io", "v1", "CustomResourceDefinition", "customresourcedefinitions", false}};
  put_namespaces();
}

void ApiServer::put_namespaces() {
  for (const char* name : {"default", "kube-system"})
    put({{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", name}}}}, "kube-apiserver");
}

std::string ApiServer::place(const ObjectKey& key) const {
  for (const Kind& kind : kinds_)
    if (kind.kind == key.kind && kind.api_version() == key.api_version)
      return kind.prefix() + (kind.namespaced ? "/namespaces/" + key.name_space : "") + "/" + kind.plural + "/" +
             key.name;
  return "";
}

void ApiServer::put(const Value& object, const std::string& by) {
  Value next = object;
  set_defaults(next);
  stamp(next, Value());
  entries(next).push_back(entry_of(by, "Update", object, fields_of(owned_part(object))));
  store(place(key_of(object)), std::move(next));
}

void ApiServer::edit(const ObjectKey& key, const Value& patch, const std::string& by) {
  const std::string path = place(key);
  const Value before = objects_.at(path);
  Value live = before;
  live.merge_patch(patch);
  set_defaults(live);
  const Value changed = changed_fields(owned_part(before), owned_part(live));
  for (Value& entry : entries(live)) entry["fieldsV1"] = without(entry["fieldsV1"], changed);
  drop_empty_entries(live);
  entries(live).push_back(entry_of(by, "Update", live, changed));
  stamp(live, before);
  store(path, std::move(live));
}

void ApiServer::set_status(const ObjectKey& key, const Value& status) {
  const std::string path = place(key);
  Value& live = objects_.at(path);
  if (live.value("status", Value()) == status) return;
  live["status"] = status;
  if (on_change) on_change(path, &live);
}

std::optional<Value> ApiServer::find(const ObjectKey& key) const {
  const auto found = objects_.find(place(key));
  return found == objects_.end() ? std::nullopt : std::optional<Value>(found->second);
}

void ApiServer::erase(const ObjectKey& key) { drop(place(key)); }

void ApiServer::load(const std::string& path, Value object) {
  const std::string version = text_at(object["metadata"], "resourceVersion");
  if (!version.empty()) version_ = std::max<uint64_t>(version_, std::stoull(version));
  by_kind_[text_at(object, "kind")].insert(path);
  add_defined_kinds(object);
  objects_[path] = std::move(object);
}

void ApiServer::store(const std::string& path, Value object) {
  by_kind_[text_at(object, "kind")].insert(path);
  Value& live = objects_[path] = std::move(object);
  add_defined_kinds(live);
  if (on_change) on_change(path, &live);
}

void ApiServer::drop(const std::string& path) {
  const auto found = objects_.find(path);
  if (found == objects_.end()) return;
  by_kind_[text_at(found->second, "kind")].erase(path);
  objects_.erase(found);
  if (on_change) on_change(path, nullptr);
}

void ApiServer::clear() {
  objects_.clear();
  by_kind_.clear();
  put_namespaces();
}

std::vector<Value> ApiServer::all(const std::string& kind) const {
  std::vector<Value> found;
  const auto paths = by_kind_.find(kind);
  if (paths == by_kind_.end()) return found;
  for (const std::string& path : paths->second) found.push_back(objects_.at(path));
  return found;
}

void ApiServer::stamp(Value& object, const Value& before) {
  Value& metadata = object["metadata"];
  metadata["resourceVersion"] = std::to_string(++version_);
  if (!metadata.contains("uid")) metadata["uid"] = "uid-" + std::to_string(version_);
  metadata["creationTimestamp"] = "2026-01-01T00:00:00Z";
  const bool same = before.is_object() && before.value("spec", Value()) == object.value("spec", Value());
  if (!same) metadata["generation"] = metadata.value("generation", 0) + 1;
}

void ApiServer::set_defaults(Value& object) const {
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

void ApiServer::add_defined_kinds(const Value& object) {
  if (text_at(object, "kind") != "CustomResourceDefinition") return;
  const Value& spec = object.at("spec");
  for (const Value& version : spec.at("versions")) {
    const Kind kind{spec["group"], version["name"], spec["names"]["kind"], spec["names"]["plural"],
                    text_at(spec, "scope") == "Namespaced"};
    const bool known = std::any_of(kinds_.begin(), kinds_.end(), [&](const Kind& other) {
      return other.kind == kind.kind && other.api_version() == kind.api_version();
    });
    if (!known) kinds_.push_back(kind);
  }
}

std::optional<ApiServer::Target> ApiServer::target_of(const std::string& path) const {
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

HttpResponse ApiServer::discovery(bool core) const {
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

ApiCall read_call(const HttpRequest& request) {
  const std::string url = request.url.substr(request.url.find('/', 8));
  ApiCall call{.path = decoded(url.substr(0, url.find('?'))), .query = {}};
  if (const size_t mark = url.find('?'); mark != std::string::npos)
    for (const std::string& part : split(url.substr(mark + 1), '&'))
      call.query[part.substr(0, part.find('='))] = decoded(part.substr(part.find('=') + 1));
  return call;
}

Result<HttpResponse> ApiServer::handle(const HttpRequest& request) {
  const auto [path, query] = read_call(request);
  if (path == "/version")
    return ok({{"major", "1"}, {"minor", release.substr(2, release.rfind('.') - 2)}, {"gitVersion", "v" + release}});
  if (path == "/readyz") return HttpResponse{.status = 200, .body = "ok"};
  if (path == "/api" || path == "/apis") return discovery(path == "/api");
  if (path.find("/proxy") != std::string::npos) {
    return HttpResponse{.status = proxied ? proxied(path) : 503, .body = "from the service"};
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

}  // namespace slipway::simulated
