#include "kube/readiness.h"

#include <functional>
#include <map>

namespace slipway {
namespace {

const Value& member(const Value& object, const char* key) {
  static const Value none = Value::object();
  if (!object.is_object()) return none;
  const auto found = object.find(key);
  return found == object.end() || found->is_null() ? none : *found;
}

int64_t number_at(const Value& object, const char* key, int64_t otherwise = 0) {
  const Value& value = member(object, key);
  return value.is_number() ? value.get<int64_t>() : otherwise;
}

const Value* find_condition(const Value& object, const std::string& type) {
  const Value& conditions = member(member(object, "status"), "conditions");
  if (!conditions.is_array()) return nullptr;
  for (const Value& condition : conditions)
    if (text_at(condition, "type") == type) return &condition;
  return nullptr;
}

const Readiness ready{.ready = true};

Readiness not_yet(std::string why) { return {.why = std::move(why)}; }

std::string of(int64_t have, int64_t want, const char* what) {
  return std::to_string(have) + " of " + std::to_string(want) + " " + what;
}

/// The controller has not yet looked at the version that was applied last.
bool unseen(const Value& object) {
  return number_at(member(object, "status"), "observedGeneration", -1) <
         number_at(member(object, "metadata"), "generation");
}

constexpr const char* waiting_for_controller = "its controller has not seen the new version yet";

Readiness of_condition(const Value& object, const std::string& type) {
  if (condition_status(object, type) == "True") return ready;
  const std::string text = condition_text(object, type);
  return not_yet("not " + type + (text.empty() ? "" : ": " + text));
}

Readiness of_deployment(const Value& object) {
  if (unseen(object)) return not_yet(waiting_for_controller);
  const Value& status = member(object, "status");
  const int64_t wanted = number_at(member(object, "spec"), "replicas", 1);
  const int64_t updated = number_at(status, "updatedReplicas"), all = number_at(status, "replicas");
  const int64_t available = number_at(status, "availableReplicas");
  const std::string stuck = condition_status(object, "Progressing") == "False" ? condition_text(object, "Progressing")
                            : condition_status(object, "ReplicaFailure") == "True"
                                ? condition_text(object, "ReplicaFailure")
                                : "";
  const std::string tail = stuck.empty() ? "" : " (" + stuck + ")";
  if (updated < wanted) return not_yet(of(updated, wanted, "pods made in the new version") + tail);
  if (available < wanted) return not_yet(of(available, wanted, "pods available") + tail);
  if (all > updated) return not_yet(std::to_string(all - updated) + " pods of the old version still there");
  return ready;
}

Readiness of_daemon_set(const Value& object) {
  if (unseen(object)) return not_yet(waiting_for_controller);
  const Value& status = member(object, "status");
  const int64_t wanted = number_at(status, "desiredNumberScheduled");
  const bool by_hand = text_at(member(member(object, "spec"), "updateStrategy"), "type") == "OnDelete";
  const int64_t updated = number_at(status, "updatedNumberScheduled");
  if (!by_hand && updated < wanted) return not_yet(of(updated, wanted, "pods in the new version"));
  const int64_t available = number_at(status, "numberAvailable");
  return available < wanted ? not_yet(of(available, wanted, "pods available")) : ready;
}

Readiness of_stateful_set(const Value& object) {
  if (unseen(object)) return not_yet(waiting_for_controller);
  const Value& status = member(object, "status");
  const Value& strategy = member(member(object, "spec"), "updateStrategy");
  const int64_t wanted = number_at(member(object, "spec"), "replicas", 1);
  const int64_t available = number_at(status, "availableReplicas");
  if (available < wanted) return not_yet(of(available, wanted, "pods available"));
  if (text_at(strategy, "type") == "OnDelete" ||
      text_at(status, "currentRevision") == text_at(status, "updateRevision"))
    return ready;
  // Pods below the partition are kept in the old version on purpose.
  const int64_t to_update = wanted - number_at(member(strategy, "rollingUpdate"), "partition");
  const int64_t updated = number_at(status, "updatedReplicas");
  return updated < to_update ? not_yet(of(updated, to_update, "pods in the new version")) : ready;
}

Readiness of_replica_set(const Value& object) {
  if (unseen(object)) return not_yet(waiting_for_controller);
  const int64_t wanted = number_at(member(object, "spec"), "replicas", 1);
  const int64_t available = number_at(member(object, "status"), "availableReplicas");
  return available < wanted ? not_yet(of(available, wanted, "pods available")) : ready;
}

Readiness of_pod(const Value& object) {
  const std::string phase = text_at(member(object, "status"), "phase", "Pending");
  if (phase == "Succeeded") return ready;
  if (phase == "Failed")
    return {.final = true,
            .why = "failed: " + text_at(member(object, "status"), "message",
                                        text_at(member(object, "status"), "reason", "see its log"))};
  if (phase == "Running" && condition_status(object, "Ready") == "True") return ready;
  const std::string unscheduled =
      condition_status(object, "PodScheduled") == "False" ? condition_text(object, "PodScheduled") : "";
  return not_yet(phase + (unscheduled.empty() ? ", not Ready" : ", not scheduled: " + unscheduled));
}

Readiness of_job(const Value& object) {
  if (condition_status(object, "Complete") == "True") return ready;
  if (condition_status(object, "Failed") == "True")
    return {.final = true, .why = "failed: " + condition_text(object, "Failed")};
  const Value& status = member(object, "status");
  return not_yet(of(number_at(status, "succeeded"), number_at(member(object, "spec"), "completions", 1), "runs done") +
                 ", " + std::to_string(number_at(status, "failed")) + " failed");
}

Readiness of_claim(const Value& object) {
  const std::string phase = text_at(member(object, "status"), "phase", "Pending");
  if (phase == "Bound") return ready;
  const std::string cls = text_at(member(object, "spec"), "storageClassName");
  return {.final = phase == "Lost", .why = phase + ", not Bound" + (cls.empty() ? "" : " (storage class " + cls + ")")};
}

Readiness of_volume(const Value& object) {
  const std::string phase = text_at(member(object, "status"), "phase", "Pending");
  return phase == "Bound" || phase == "Available" ? ready : not_yet(phase + ", neither Bound nor Available");
}

Readiness of_namespace(const Value& object) {
  const std::string phase = text_at(member(object, "status"), "phase", "Active");
  return phase == "Active" ? ready : not_yet(phase);
}

Readiness of_service(const Value& object) {
  if (text_at(member(object, "spec"), "type") != "LoadBalancer") return ready;
  const Value& ingress = member(member(member(object, "status"), "loadBalancer"), "ingress");
  return ingress.is_array() && !ingress.empty() ? ready : not_yet("no load balancer has given it an address");
}

Readiness of_definition(const Value& object) {
  if (condition_status(object, "NamesAccepted") == "False")
    return {.final = true, .why = "its names are taken: " + condition_text(object, "NamesAccepted")};
  return of_condition(object, "Established");
}

Readiness of_other(const Value& object) {
  if (member(object, "status").contains("observedGeneration") && unseen(object)) return not_yet(waiting_for_controller);
  // The last two are the Gateway API's.
  for (const char* type : {"Ready", "Available", "Programmed", "Accepted"})
    if (!condition_status(object, type).empty()) return of_condition(object, type);
  return ready;
}

}  // namespace

std::string condition_status(const Value& object, const std::string& type) {
  const Value* condition = find_condition(object, type);
  return condition ? text_at(*condition, "status") : "";
}

std::string condition_text(const Value& object, const std::string& type) {
  const Value* condition = find_condition(object, type);
  if (!condition) return "";
  const std::string reason = text_at(*condition, "reason"), message = text_at(*condition, "message");
  if (reason.empty() || message.empty()) return reason + message;
  return reason + ": " + message;
}

Readiness readiness_of(const Value& object) {
  static const std::map<std::string, std::function<Readiness(const Value&)>> by_kind = {
      {"Deployment", of_deployment},
      {"DaemonSet", of_daemon_set},
      {"StatefulSet", of_stateful_set},
      {"ReplicaSet", of_replica_set},
      {"Pod", of_pod},
      {"Node", [](const Value& node) { return of_condition(node, "Ready"); }},
      {"Job", of_job},
      {"PersistentVolumeClaim", of_claim},
      {"PersistentVolume", of_volume},
      {"Namespace", of_namespace},
      {"Service", of_service},
      {"CustomResourceDefinition", of_definition},
      {"APIService", [](const Value& service) { return of_condition(service, "Available"); }},
  };
  if (!text_at(member(object, "metadata"), "deletionTimestamp").empty()) return not_yet("being deleted");
  const auto found = by_kind.find(text_at(object, "kind"));
  return found == by_kind.end() ? of_other(object) : found->second(object);
}

}  // namespace slipway
