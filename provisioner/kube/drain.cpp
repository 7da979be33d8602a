#include "kube/drain.h"

#include <algorithm>
#include <map>

#include "base/text.h"
#include "http/message.h"
#include "kube/readiness.h"

namespace slipway {
namespace {

constexpr Seconds call_limit{15};
constexpr size_t page_size = 500;

ObjectKey node_key(const std::string& node) { return {"v1", "Node", "", node}; }

Deadline call_deadline() { return Deadline::in(call_limit); }

Value member(const Value& object, const char* key) {
  return object.is_object() ? object.value(key, Value::object()) : Value::object();
}

bool is_cordoned(const Value& node) { return member(node, "spec").value("unschedulable", Value(false)) == Value(true); }

bool is_cordoned_by_us(const Value& node) {
  return is_cordoned(node) && !text_at(member(member(node, "metadata"), "annotations"), cordon_annotation).empty();
}

std::string place_of_pod(const Value& pod) {
  return text_at(pod["metadata"], "namespace") + "/" + text_at(pod["metadata"], "name");
}

/// The pods of one node. The port's list knows no field selectors, and listing every pod of a large cluster for one
/// node would be waste.
Result<std::vector<Value>> pods_of(ClusterReader& reader, const std::string& node) {
  std::vector<Value> pods;
  std::string next;
  do {
    std::string path =
        "/api/v1/pods?limit=" + std::to_string(page_size) + "&fieldSelector=" + url_encode("spec.nodeName=" + node);
    if (!next.empty()) path += "&continue=" + url_encode(next);
    const Result<std::string> page = reader.probe(path, call_deadline());
    if (!page) return page.error();
    Value list = Value::parse(*page, nullptr, false);
    if (!list.is_object())
      return fail(ErrorKind::unavailable, "the API's answer is not JSON", {.found = page->substr(0, 200)});
    if (list.contains("items") && list["items"].is_array())
      for (Value& pod : list["items"]) {
        pod["kind"] = "Pod";
        pod["apiVersion"] = "v1";
        pods.push_back(std::move(pod));
      }
    next = text_at(member(list, "metadata"), "continue");
  } while (!next.empty());
  return pods;
}

class Drain {
 public:
  Drain(ClusterReader& reader, ClusterWriter& writer, Clock& clock, const std::string& node, const DrainRules& rules)
      : reader_(reader), writer_(writer), clock_(clock), node_(node), rules_(rules) {}

  Result<DrainReport> run() {
    Milliseconds pause{300};
    for (bool first = true;; first = false) {
      if (rules_.cancelled && rules_.cancelled()) return fail(ErrorKind::cancelled, "stopped while draining " + node_);
      const Result<Value> node = reader_.get(node_key(node_), call_deadline());
      if (!node && node.error().kind == ErrorKind::not_found) return std::move(report_);
      if (!node && (first || !retryable(node.error().kind))) return node.error();
      // Anything but True and False: its kubelet has not reported for a while, or never has.
      if (node) {
        const std::string ready = condition_status(*node, "Ready");
        answers_ = ready == "True" || ready == "False";
      }
      const Result<bool> empty = pass(first);
      if (!empty) return empty.error();
      if (*empty) return std::move(report_);
      if (clock_.now() + pause >= rules_.until) return too_late();
      clock_.sleep_until(clock_.now() + pause);
      pause = std::min(pause * 3 / 2, Milliseconds(2000));
    }
  }

 private:
  /// One look and one try at each pod that is left; true if none is.
  Result<bool> pass(bool first) {
    const Result<std::vector<Value>> pods = pods_of(reader_, node_);
    if (!pods && !first && retryable(pods.error().kind)) return false;
    if (!pods) return pods.error();
    blockers_.clear();
    report_.unconfirmed.clear();
    std::vector<const Value*> leaving;
    std::vector<std::string> bare;
    for (const Value& pod : *pods) {
      const PodFate fate = pod_fate(pod);
      if (fate == PodFate::belongs_to_node && first) report_.stayed.push_back(place_of_pod(pod));
      if (fate == PodFate::bare && !rules_.bare_pods) bare.push_back(place_of_pod(pod));
      if (fate == PodFate::evict || (fate == PodFate::bare && rules_.bare_pods)) leaving.push_back(&pod);
    }
    if (!bare.empty())
      return fail(ErrorKind::approval_needed, "pods that no controller would make again run on the node",
                  {.found = join(bare, ", "),
                   .expected = "pods of a Deployment, StatefulSet or Job",
                   .advice = "delete them, or run again with --force, which loses them",
                   .where = node_});
    for (const Value* pod : leaving)
      if (Result<void> evicted = evict(*pod); !evicted) return std::move(evicted).error();
    if (rules_.on_progress && leaving.size() != told_)
      rules_.on_progress(std::to_string(leaving.size()) + " pods still on " + node_);
    told_ = leaving.size();
    return blockers_.empty();
  }

  Result<void> evict(const Value& pod) {
    const std::string place = place_of_pod(pod);
    if (!text_at(pod["metadata"], "deletionTimestamp").empty()) {
      note_evicted(place);
      if (answers_)
        blockers_[place] = "is ending since " + text_at(pod["metadata"], "deletionTimestamp");
      else
        report_.unconfirmed.push_back(place);
      return {};
    }
    Result<void> evicted =
        writer_.evict(text_at(pod["metadata"], "namespace"), text_at(pod["metadata"], "name"), call_deadline());
    if (evicted) {
      note_evicted(place);
      // Whether it is gone, the next look will tell; of a node that does not answer nobody will.
      blockers_[place] = "is ending";
      return {};
    }
    if (!retryable(evicted.error().kind)) return evicted;
    blockers_[place] = evicted.error().found.empty() ? evicted.error().summary : evicted.error().found;
    return {};
  }

  void note_evicted(const std::string& place) {
    if (std::find(report_.evicted.begin(), report_.evicted.end(), place) == report_.evicted.end())
      report_.evicted.push_back(place);
  }

  Error too_late() const {
    std::vector<std::string> lines;
    for (const auto& [pod, why] : blockers_) lines.push_back(pod + ": " + why);
    return fail(
        ErrorKind::timeout, "the node could not be emptied in time",
        {.found = join(lines, "\n"),
         .expected = "every pod that can run elsewhere gone from the node",
         .advice = "start more replicas of what its disruption budget guards, or relax the budget; then run again",
         .where = node_});
  }

  ClusterReader& reader_;
  ClusterWriter& writer_;
  Clock& clock_;
  const std::string& node_;
  const DrainRules& rules_;
  bool answers_ = true;
  DrainReport report_;
  std::map<std::string, std::string> blockers_;  ///< Pod -> why it is still there, as of the last pass.
  size_t told_ = 0;
};

}  // namespace

PodFate pod_fate(const Value& pod) {
  const Value metadata = member(pod, "metadata");
  const std::string phase = text_at(member(pod, "status"), "phase");
  if (member(metadata, "annotations").contains("kubernetes.io/config.mirror")) return PodFate::belongs_to_node;
  for (const Value& owner : metadata.value("ownerReferences", Value::array())) {
    if (owner.value("controller", Value(false)) != Value(true)) continue;
    return text_at(owner, "kind") == "DaemonSet" || text_at(owner, "kind") == "Node" ? PodFate::belongs_to_node
           : phase == "Succeeded" || phase == "Failed"                               ? PodFate::finished
                                                                                     : PodFate::evict;
  }
  return phase == "Succeeded" || phase == "Failed" ? PodFate::finished : PodFate::bare;
}

Result<Cordon> cordon(ClusterReader& reader, ClusterWriter& writer, const std::string& node, const RunId& run,
                      Deadline deadline) {
  const Result<Value> live = reader.get(node_key(node), deadline);
  if (!live) return Error(live.error()).while_doing("cordoning " + node);
  if (is_cordoned(*live) && !is_cordoned_by_us(*live)) return Cordon::users;
  // The version that was looked at: somebody may cordon it, too, right now.
  const Value patch = {{"metadata",
                        {{"annotations", {{cordon_annotation, run.text()}}},
                         {"resourceVersion", text_at(live->at("metadata"), "resourceVersion")}}},
                       {"spec", {{"unschedulable", true}}}};
  const Result<Value> patched = writer.patch(node_key(node), patch, deadline);
  if (!patched) return Error(patched.error()).while_doing("cordoning " + node);
  return Cordon::ours;
}

Result<void> uncordon(ClusterReader& reader, ClusterWriter& writer, const std::string& node, Deadline deadline) {
  const Result<Value> live = reader.get(node_key(node), deadline);
  if (!live && live.error().kind == ErrorKind::not_found) return {};
  if (!live) return Error(live.error()).while_doing("uncordoning " + node);
  if (!is_cordoned_by_us(*live)) return {};
  const Value patch = {{"metadata", {{"annotations", {{cordon_annotation, nullptr}}}}},
                       {"spec", {{"unschedulable", nullptr}}}};
  const Result<Value> patched = writer.patch(node_key(node), patch, deadline);
  if (!patched && patched.error().kind != ErrorKind::not_found)
    return Error(patched.error()).while_doing("uncordoning " + node);
  return {};
}

Result<DrainReport> drain(ClusterReader& reader, ClusterWriter& writer, Clock& clock, const std::string& node,
                          const DrainRules& rules) {
  Result<DrainReport> report = Drain(reader, writer, clock, node, rules).run();
  if (!report) return std::move(report).error().while_doing("draining " + node);
  return report;
}

Result<void> delete_node(ClusterWriter& writer, const std::string& node, Deadline deadline) {
  return writer.remove(node_key(node), deadline);
}

}  // namespace slipway
