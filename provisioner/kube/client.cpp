#include "kube/client.h"

#include <algorithm>
#include <set>
#include <thread>

#include "base/secret.h"
#include "base/text.h"
#include "kube/status.h"

namespace slipway {
namespace {

constexpr size_t page_size = 500;
/// How old the list of kinds must be before an unknown kind makes us read it again.
constexpr Milliseconds rediscovery_pause{300};

/// Deleting one of these ends pods, which should be gone before the owner counts as gone.
bool runs_pods(const std::string& kind) {
  static const std::set<std::string> kinds = {"Deployment", "DaemonSet", "StatefulSet", "ReplicaSet", "Job", "CronJob"};
  return kinds.contains(kind);
}

/// Why an object that is being deleted is still there.
std::string what_holds(const Value& object) {
  std::vector<std::string> reasons;
  const Value metadata = object.value("metadata", Value::object());
  if (metadata.contains("finalizers") && metadata["finalizers"].is_array())
    for (const Value& finalizer : metadata["finalizers"])
      if (finalizer.is_string()) reasons.push_back("finalizer " + finalizer.get<std::string>());
  if (object.contains("status") && object["status"].is_object() && object["status"].contains("conditions") &&
      object["status"]["conditions"].is_array())
    for (const Value& condition : object["status"]["conditions"])
      if (text_at(condition, "status") == "True" && text_at(object, "kind") == "Namespace")
        reasons.push_back(text_at(condition, "message"));
  return reasons.empty() ? "still there" : "still there: " + join(reasons, "; ");
}

}  // namespace

KubeClient::KubeClient(KubeAccess access) : KubeClient(access, make_http_transport(access)) {}

KubeClient::KubeClient(KubeAccess access, std::unique_ptr<ApiTransport> transport) : transport_(std::move(transport)) {
  servers_.push_back(access.server);
  for (const std::string& server : access.fallback_servers)
    if (std::find(servers_.begin(), servers_.end(), server) == servers_.end()) servers_.push_back(server);
  for (std::string& server : servers_)
    while (server.ends_with('/')) server.pop_back();
}

Result<HttpResponse> KubeClient::send(const Call& call, Deadline deadline) {
  const size_t first = preferred_;
  Result<HttpResponse> answer = fail(ErrorKind::unavailable, "no API server is known");
  std::vector<std::string> tried;
  for (size_t i = 0; i < servers_.size(); ++i) {
    const size_t server = (first + i) % servers_.size();
    HttpRequest request{.method = call.method,
                        .url = servers_[server] + call.path,
                        .headers = {{"Accept", call.accept}},
                        .body = call.body,
                        .deadline = deadline,
                        .max_body = 512ull << 20};
    if (!call.content_type.empty()) request.headers.emplace_back("Content-Type", call.content_type);
    ++calls_;
    answer = transport_->send(request);
    if (answer) {
      preferred_ = server;
      if (answer->ok()) return answer;
      return error_from_api(request, *answer);
    }
    tried.push_back(servers_[server] + ": " + answer.error().summary);
    if (answer.error().kind != ErrorKind::unavailable || deadline.passed()) break;
  }
  if (tried.size() > 1 && !answer.ok()) {
    Error error = std::move(answer).error();
    error.found = "tried " + join(tried, "; ");
    return error;
  }
  return answer;
}

Result<Value> KubeClient::ask(const Call& call, Deadline deadline) {
  Result<HttpResponse> answer = send(call, deadline);
  if (!answer) return std::move(answer).error();
  Value value = Value::parse(answer->body, nullptr, false);
  if (value.is_discarded() || !value.is_object())
    return fail(ErrorKind::unavailable, "the API's answer is not JSON",
                {.found = redact(answer->body.substr(0, 200)), .where = call.method + " " + call.path});
  return value;
}

Result<Value> KubeClient::ask(const Call& call, const ObjectKey& kind, Deadline deadline) {
  Result<Value> answer = ask(call, deadline);
  if (answer || !is_unknown_path(answer.error())) return answer;
  const std::lock_guard lock(discovery_mutex_);
  discovery_ = nullptr;
  return unknown_kind(kind.api_version, kind.kind);
}

Result<ApiResource> KubeClient::resource(const std::string& api_version, const std::string& kind, Deadline deadline) {
  const std::lock_guard lock(discovery_mutex_);
  if (discovery_) {
    if (const ApiResource* found = discovery_->find(api_version, kind)) return *found;
    if (std::chrono::steady_clock::now() - discovered_at_ < rediscovery_pause) return unknown_kind(api_version, kind);
  }
  auto fresh = std::make_shared<Discovery>();
  for (const char* root : {"/api", "/apis"}) {
    Result<HttpResponse> answer = send({.path = root, .accept = Discovery::accept}, deadline);
    if (!answer) return std::move(answer).error().while_doing("asking which kinds the API serves");
    if (Result<void> added = fresh->add(answer->body); !added) return std::move(added).error();
  }
  discovery_ = std::move(fresh);
  discovered_at_ = std::chrono::steady_clock::now();
  if (const ApiResource* found = discovery_->find(api_version, kind)) return *found;
  return unknown_kind(api_version, kind);
}

Result<std::string> KubeClient::path(const ObjectKey& key, Deadline deadline) {
  const Result<ApiResource> where = resource(key.api_version, key.kind, deadline);
  if (!where) return where.error();
  return path_of(*where, key);
}

Result<std::string> KubeClient::probe(const std::string& path, Deadline deadline) {
  Result<HttpResponse> answer = send({.path = path, .accept = "*/*"}, deadline);
  if (!answer) return std::move(answer).error();
  return std::move(answer->body);
}

Result<Value> KubeClient::get(const ObjectKey& key, Deadline deadline) {
  const Result<std::string> where = path(key, deadline);
  if (!where) return where.error();
  return ask({.path = *where}, key, deadline);
}

Result<std::vector<Value>> KubeClient::list(const ObjectKey& key, const std::string& selector, Deadline deadline) {
  const Result<std::string> where = path({key.api_version, key.kind, key.name_space, ""}, deadline);
  if (!where) return where.error();
  std::string base = *where + "?limit=" + std::to_string(page_size);
  if (!selector.empty()) base += "&labelSelector=" + url_encode(selector);
  // A continuation expires after some minutes (410); then the list begins anew.
  for (int attempt = 1;; ++attempt) {
    Result<std::vector<Value>> items = list_pages(key, base, deadline);
    const bool expired = !items && items.error().found.starts_with("HTTP 410");
    if (!expired || attempt == 3) return items;
  }
}

Result<std::vector<Value>> KubeClient::list_pages(const ObjectKey& key, const std::string& base, Deadline deadline) {
  std::vector<Value> items;
  std::string next;
  do {
    Result<Value> page = ask({.path = base + (next.empty() ? "" : "&continue=" + url_encode(next))}, key, deadline);
    if (!page) return std::move(page).error();
    if (const auto found = page->find("items"); found != page->end() && found->is_array())
      for (Value& item : *found) {
        // Items of a list carry neither; whoever handles them as objects needs both.
        item["apiVersion"] = key.api_version;
        item["kind"] = key.kind;
        items.push_back(std::move(item));
      }
    const auto metadata = page->find("metadata");
    next = metadata == page->end() ? "" : text_at(*metadata, "continue");
  } while (!next.empty());
  return items;
}

Result<Value> KubeClient::server_side_apply(const Value& object, bool dry_run, Deadline deadline) {
  const ObjectKey key = key_of(object);
  const Result<std::string> where = path(key, deadline);
  if (!where) return where.error();
  // JSON is YAML, which is what the API wants here.
  Result<Value> applied = ask({.method = "PATCH",
                               .path = *where + "?fieldManager=" + field_manager +
                                       "&force=true&fieldValidation=Strict" + (dry_run ? "&dryRun=All" : ""),
                               .body = object.dump(-1, ' ', false, Value::error_handler_t::replace),
                               .content_type = "application/apply-patch+yaml"},
                              key, deadline);
  if (!applied) return std::move(applied).error().while_doing((dry_run ? "comparing " : "applying ") + describe(key));
  return applied;
}

Result<Value> KubeClient::preview(const Value& object, Deadline deadline) {
  return server_side_apply(object, true, deadline);
}

Result<Value> KubeClient::apply(const Value& object, Deadline deadline) {
  return server_side_apply(object, false, deadline);
}

Result<Value> KubeClient::patch(const ObjectKey& key, const Value& merge_patch, Deadline deadline) {
  const Result<std::string> where = path(key, deadline);
  if (!where) return where.error();
  Result<Value> patched = ask({.method = "PATCH",
                               .path = *where + "?fieldManager=" + field_manager + "&fieldValidation=Strict",
                               .body = merge_patch.dump(-1, ' ', false, Value::error_handler_t::replace),
                               .content_type = "application/merge-patch+json"},
                              key, deadline);
  if (!patched) return std::move(patched).error().while_doing("changing " + describe(key));
  return patched;
}

Result<void> KubeClient::remove(const ObjectKey& key, Deadline deadline) {
  const Result<std::string> where = path(key, deadline);
  // Without its kind the API cannot hold the object either.
  if (!where) return is_unknown_kind(where.error()) ? Result<void>{} : where.error();
  Result<Value> found = ask({.path = *where}, deadline);
  if (!found)
    return found.error().kind == ErrorKind::not_found
               ? Result<void>{}
               : std::move(found).error().while_doing("looking at " + describe(key));
  const std::string uid = text_at(found->value("metadata", Value::object()), "uid");
  // The object that was looked at, not one that somebody makes under its name meanwhile.
  const Value delete_options = {{"apiVersion", "v1"},
                                {"kind", "DeleteOptions"},
                                {"propagationPolicy", runs_pods(key.kind) ? "Foreground" : "Background"},
                                {"preconditions", {{"uid", uid}}}};
  Result<Value> deleted =
      ask({.method = "DELETE", .path = *where, .body = delete_options.dump(), .content_type = "application/json"},
          deadline);
  if (!deleted && deleted.error().kind != ErrorKind::not_found)
    return std::move(deleted).error().while_doing("deleting " + describe(key));
  return wait_until_gone(key, *where, uid, deadline);
}

Result<void> KubeClient::wait_until_gone(const ObjectKey& key, const std::string& path, const std::string& uid,
                                         Deadline deadline) {
  std::string last = "deletion asked for";
  for (Milliseconds pause{50};; pause = std::min(pause * 2, Milliseconds(1000))) {
    const Result<Value> now = ask({.path = path}, deadline);
    if (!now && now.error().kind == ErrorKind::not_found) return {};
    if (!now && !retryable(now.error().kind)) return Error(now.error()).while_doing("deleting " + describe(key));
    if (now) {
      if (text_at(now->value("metadata", Value::object()), "uid") != uid) return {};
      last = what_holds(*now);
    } else {
      last = now.error().summary;
    }
    if (deadline.left() <= pause)
      return fail(ErrorKind::timeout, "deletion not finished in time",
                  {.found = describe(key) + ": " + last,
                   .expected = "gone",
                   .advice = "kubectl get " + key.kind + " " + key.name +
                             (key.name_space.empty() ? "" : " -n " + key.name_space) + " -o yaml"});
    std::this_thread::sleep_for(pause);
  }
}

Result<void> KubeClient::evict(const std::string& name_space, const std::string& pod, Deadline deadline) {
  const Result<std::string> where = path({"v1", "Pod", name_space, pod}, deadline);
  if (!where) return where.error();
  const Value eviction = {
      {"apiVersion", "policy/v1"}, {"kind", "Eviction"}, {"metadata", {{"name", pod}, {"namespace", name_space}}}};
  Result<Value> evicted =
      ask({.method = "POST", .path = *where + "/eviction", .body = eviction.dump(), .content_type = "application/json"},
          deadline);
  if (evicted || evicted.error().kind == ErrorKind::not_found) return {};
  return std::move(evicted).error().while_doing("evicting pod " + name_space + "/" + pod);
}

}  // namespace slipway
