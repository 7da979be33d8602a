#include <algorithm>

#include "base/text.h"
#include "providers/simulated/api_answers.h"
#include "providers/simulated/api_fields.h"
#include "providers/simulated/api_server.h"

namespace slipway::simulated {
namespace {

HttpResponse immutable(const Value& object, const std::string& field) {
  const std::string message = "Invalid value: field is immutable";
  return refusal(422, "Invalid",
                 text_at(object, "kind") + ".apps \"" + text_at(object["metadata"], "name") +
                     "\" is invalid: " + field + ": " + message,
                 {{"causes", {{{"reason", "FieldValueInvalid"}, {"message", message}, {"field", field}}}}});
}

bool selected(const Value& object, const std::string& selector) {
  const Value labels = object["metadata"].value("labels", Value::object());
  for (const std::string& part : split(selector, ',')) {
    const size_t equals = part.find('=');
    if (equals == std::string::npos ? !labels.contains(part)
                                    : text_at(labels, part.substr(0, equals).c_str()) != part.substr(equals + 1))
      return false;
  }
  return true;
}

}  // namespace

HttpResponse ApiServer::list(const Target& target, const std::map<std::string, std::string>& query) {
  std::vector<Value> found;
  const auto paths = by_kind_.find(target.kind->kind);
  for (const std::string& path : paths == by_kind_.end() ? std::set<std::string>() : paths->second) {
    const Value& object = objects_.at(path);
    if (text_at(object, "apiVersion") != target.kind->api_version()) continue;
    if (!target.name_space.empty() && text_at(object["metadata"], "namespace") != target.name_space) continue;
    if (query.contains("labelSelector") && !selected(object, query.at("labelSelector"))) continue;
    if (query.contains("fieldSelector") &&
        "spec.nodeName=" + text_at(object.value("spec", Value::object()), "nodeName") != query.at("fieldSelector"))
      continue;
    Value item = object;
    // Items of a real list carry neither.
    item.erase("kind");
    item.erase("apiVersion");
    found.push_back(std::move(item));
  }
  const size_t first = query.contains("continue") ? std::stoul(query.at("continue")) : 0;
  const size_t limit = query.contains("limit") ? std::stoul(query.at("limit")) : found.size();
  const size_t last = std::min(found.size(), first + limit);
  Value metadata = {{"resourceVersion", std::to_string(version_)}};
  if (last < found.size()) metadata["continue"] = std::to_string(last);
  return ok({{"kind", target.kind->kind + "List"},
             {"metadata", metadata},
             {"items",
              std::vector<Value>(found.begin() + static_cast<long>(first), found.begin() + static_cast<long>(last))}});
}

std::string ApiServer::key_of_target(const Target& target) const {
  return place({target.kind->api_version(), target.kind->kind, target.name_space, target.name});
}

std::optional<HttpResponse> ApiServer::refuse(const Target& target, const Value& live, const Value& next) const {
  if (target.kind->namespaced) {
    const auto home = objects_.find("/api/v1/namespaces/" + target.name_space);
    if (home == objects_.end()) return not_found("namespaces", target.name_space);
    if (home->second["metadata"].contains("deletionTimestamp") && live.is_null())
      return refusal(
          403, "Forbidden",
          target.kind->plural + " \"" + target.name + "\" is forbidden: unable to create new content in namespace " +
              target.name_space + " because it is being terminated",
          {{"causes", {{{"reason", "NamespaceTerminating"}, {"message", "namespace is being terminated"}}}}});
  }
  if (target.kind->kind != "Deployment") return std::nullopt;
  static const std::set<std::string> known = {"replicas",
                                              "selector",
                                              "template",
                                              "strategy",
                                              "minReadySeconds",
                                              "revisionHistoryLimit",
                                              "progressDeadlineSeconds",
                                              "paused"};
  for (const auto& [key, value] : next["spec"].items())
    if (!known.contains(key)) {
      const std::string message = "failed to create typed patch object (" + target.name_space + "/" + target.name +
                                  "; apps/v1, Kind=Deployment): .spec." + key + ": field not declared in schema";
      return HttpResponse{.status = 500, .body = Value{{"kind", "Status"}, {"message", message}, {"code", 500}}.dump()};
    }
  if (live.is_object() && live["spec"].value("selector", Value()) != next["spec"].value("selector", Value()))
    return immutable(next, "spec.selector");
  return std::nullopt;
}

HttpResponse ApiServer::apply(const Target& target, const HttpRequest& request,
                              const std::map<std::string, std::string>& query) {
  const std::string path = key_of_target(target);
  Value applied = Value::parse(request.body);
  applied.erase("status");
  const Value live = objects_.contains(path) ? objects_.at(path) : Value();
  const Value fields = fields_of(owned_part(applied));
  Value next = live.is_null() ? applied : live;
  Value old_fields = Value::object(), others = Value::object();
  for (const Value& entry : entries(next)) {
    if (entry["manager"] == query.at("fieldManager") && entry["operation"] == "Apply")
      old_fields = entry["fieldsV1"];
    else
      others = united(others, entry["fieldsV1"]);
  }
  const Value managed = entries(next);
  give_up(next, old_fields, fields, others);
  next = merged(next, applied);
  set_defaults(next);
  if (std::optional<HttpResponse> refused = refuse(target, live, next)) return *refused;
  Value kept = Value::array();
  const Value changed = live.is_null() ? Value::object() : changed_fields(owned_part(live), owned_part(next));
  for (Value entry : managed) {
    if (entry["manager"] == query.at("fieldManager") && entry["operation"] == "Apply") continue;
    // Forced: what we set to another value is ours alone.
    if (!changed.empty()) entry["fieldsV1"] = without(entry["fieldsV1"], changed);
    if (!entry["fieldsV1"].empty()) kept.push_back(std::move(entry));
  }
  kept.push_back(entry_of(query.at("fieldManager"), "Apply", applied, fields));
  next["metadata"]["managedFields"] = kept;
  const bool dry = query.contains("dryRun");
  const bool same = live.is_object() && next == live;
  if (!same) stamp(next, live);
  if (!dry && !same) store(path, next);
  return {.status = live.is_null() ? 201 : 200, .body = next.dump()};
}

HttpResponse ApiServer::merge_patch(const Target& target, const HttpRequest& request) {
  const std::string path = key_of_target(target);
  if (!objects_.contains(path)) return not_found(target.kind->plural, target.name);
  Value patch = Value::parse(request.body);
  const std::string wanted = patch.contains("metadata") ? text_at(patch["metadata"], "resourceVersion") : "";
  if (!wanted.empty() && wanted != text_at(objects_[path]["metadata"], "resourceVersion"))
    return refusal(
        409, "Conflict",
        "Operation cannot be fulfilled on " + target.kind->plural + " \"" + target.name +
            "\": the object has been modified; please apply your changes to the latest version and try again");
  const Value before = objects_[path];
  Value next = before;
  next.merge_patch(patch);
  stamp(next, before);
  store(path, next);
  return ok(next);
}

HttpResponse ApiServer::remove(const Target& target, const HttpRequest& request) {
  const std::string path = key_of_target(target);
  if (!objects_.contains(path)) return not_found(target.kind->plural, target.name);
  Value next = objects_[path];
  Value& metadata = next["metadata"];
  const Value options = Value::parse(request.body);
  if (options.contains("preconditions") && text_at(options["preconditions"], "uid") != text_at(metadata, "uid"))
    return refusal(409, "Conflict", "the UID in the precondition does not match");
  if (metadata.contains("finalizers") && !metadata["finalizers"].empty()) {
    metadata["deletionTimestamp"] = "2026-01-03T00:00:00Z";
    store(path, next);
    return ok(next);
  }
  drop(path);
  return ok({{"kind", "Status"}, {"status", "Success"}});
}

HttpResponse ApiServer::evict(const Target& target) {
  const std::string path = key_of_target(target);
  if (!objects_.contains(path)) return not_found("pods", target.name);
  for (const auto& [other, budget] : objects_) {
    if (text_at(budget, "kind") != "PodDisruptionBudget") continue;
    const auto labels = objects_[path]["metadata"].value("labels", Value::object());
    bool guards = text_at(budget["metadata"], "namespace") == target.name_space;
    for (const auto& [key, value] : budget["spec"]["selector"]["matchLabels"].items())
      guards = guards && labels.contains(key) && labels[key] == value;
    if (!guards || budget.value("status", Value::object()).value("disruptionsAllowed", 0) > 0) continue;
    return refusal(429, "TooManyRequests", "Cannot evict pod as it would violate the pod's disruption budget.",
                   {{"causes",
                     {{{"reason", "DisruptionBudget"},
                       {"message", "The disruption budget " + text_at(budget["metadata"], "name") +
                                       " needs 1 healthy pods and has 1 currently"}}}}});
  }
  Value leaving = objects_[path];
  leaving["metadata"]["deletionTimestamp"] = "2026-01-03T00:00:00Z";
  store(path, std::move(leaving));
  return refusal(201, "", "");
}

}  // namespace slipway::simulated
