#include "cluster/upgrade_step.h"

#include <algorithm>

#include "kube/drain.h"
#include "kube/readiness.h"

namespace slipway {
namespace {

constexpr Seconds call_limit{15};
constexpr std::chrono::minutes ready_limit{6};

ObjectKey node_key(const MachineName& machine) { return {"v1", "Node", "", machine.text()}; }

Value below(const Value& object, const char* key) {
  return object.is_object() ? object.value(key, Value::object()) : Value::object();
}

/// {"kubelet": "v1.35.8", "ready": true, "cordon": "upgrade-…"}; the cordon is empty where it is none of ours.
Value facts_of(const Value& node) {
  return {{"kubelet", text_at(below(below(node, "status"), "nodeInfo"), "kubeletVersion")},
          {"ready", condition_status(node, "Ready") == "True"},
          {"cordon", text_at(below(below(node, "metadata"), "annotations"), cordon_annotation)}};
}

/// The fields that belong to the host, as its playbook knows them.
Diff host_part(const Diff& diff) {
  Diff part = diff;
  std::erase_if(part.fields, [](const FieldChange& change) { return change.field.starts_with("node/"); });
  if (part.fields.empty()) part.action = Action::none;
  return part;
}

}  // namespace

Result<Observation> UpgradeStep::observe(Reader& reader, const Inputs& inputs) const {
  Result<Observation> host = upgrade_->observe(reader, inputs);
  if (!host) return host;
  const Result<std::optional<Value>> node = reader.cluster.listed(node_key(wish_.machine), Deadline::in(call_limit));
  if (!node) return node.error();
  if (!*node)
    return fail(ErrorKind::not_found, "the machine is no node of the cluster",
                {.found = wish_.machine.text(), .advice = "slipway repair SPEC " + wish_.machine.text()});
  host->facts = {{"host", std::move(host->facts)}, {"node", facts_of(**node)}, {"stamped", host->exists}};
  host->exists = true;
  return host;
}

Diff UpgradeStep::diff(const Observation& seen, const Inputs& inputs) const {
  Observation host = seen;
  host.facts = seen.facts.at("host");
  host.exists = seen.facts.at("stamped").get<bool>();
  Diff diff = upgrade_->diff(host, inputs);
  const Value& node = seen.facts.at("node");
  const std::string wanted = "v" + wish_.to;
  if (text_at(node, "kubelet") != wanted)
    diff.fields.push_back({.field = "node/kubelet", .old_value = text_at(node, "kubelet"), .new_value = wanted});
  if (!text_at(node, "cordon").empty())
    diff.fields.push_back({.field = "node/cordon", .old_value = text_at(node, "cordon"), .new_value = {}});
  // What makes a node of the right release not Ready is none of the upgrade's business, unless it left it so.
  if (diff.fields.empty()) return {};
  diff.action = Action::update;
  diff.reason = Reason::version;
  diff.note.clear();
  return diff;
}

Diff UpgradeStep::forecast(const Inputs& inputs) const {
  Diff diff = upgrade_->forecast(inputs);
  diff.action = Action::update;
  diff.reason = Reason::version;
  // The host is looked at once what it gets is there.
  diff.fields = {{.field = "*", .unknown = true},
                 {.field = "node/kubelet", .old_value = "v" + wish_.from, .new_value = "v" + wish_.to}};
  diff.note = "looked at once the programs are there";
  return diff;
}

bool UpgradeStep::needs_input(const std::string& input, const Diff& diff) const {
  return upgrade_->needs_input(input, host_part(diff));
}

Result<Outputs> UpgradeStep::apply(Writer& writer, const Diff& diff, const Inputs& inputs, Recorder& recorder) const {
  const Diff host = host_part(diff);
  const bool restarts = host.action != Action::none ||
                        std::any_of(diff.fields.begin(), diff.fields.end(),
                                    [](const FieldChange& change) { return change.field == "node/kubelet"; });
  if (restarts)
    if (Result<void> emptied = empty_node(writer, recorder); !emptied) return std::move(emptied).error();
  if (host.action != Action::none) {
    recorder.progress("to Kubernetes " + wish_.to);
    Result<Outputs> upgraded = upgrade_->apply(writer, host, inputs, recorder);
    if (!upgraded) return upgraded;
  }
  if (Result<void> kept = bring_back_configuration(writer, inputs, recorder); !kept) return std::move(kept).error();
  if (Result<void> ready = wait_until_ready(writer, recorder); !ready) return std::move(ready).error();
  if (Result<void> given_back =
          uncordon(writer.read.cluster, writer.cluster, wish_.machine.text(), Deadline::in(call_limit));
      !given_back)
    return std::move(given_back).error();
  return Outputs{{"done", true}};
}

Result<void> UpgradeStep::empty_node(Writer& writer, Recorder& recorder) const {
  const std::string& node = wish_.machine.text();
  const Result<Cordon> cordoned =
      cordon(writer.read.cluster, writer.cluster, node, wish_.run, Deadline::in(call_limit));
  if (!cordoned) return cordoned.error();
  if (*cordoned == Cordon::users) recorder.log(node + " was cordoned by somebody else, and stays so");
  if (!wish_.drains) return {};
  recorder.progress("draining");
  const Result<DrainReport> drained = drain(writer.read.cluster, writer.cluster, writer.clock, node,
                                            {.until = writer.clock.now() + wish_.drain_limit,
                                             .bare_pods = wish_.bare_pods,
                                             .on_progress = [&](std::string_view text) { recorder.progress(text); },
                                             .cancelled = [&] { return recorder.cancelled(); }});
  if (!drained) return Error(drained.error()).while_doing("draining " + node);
  recorder.log(std::to_string(drained->evicted.size()) + " pods moved away from " + node);
  return {};
}

/// kubeadm writes the kubelet's configuration anew; what we keep of it comes back over that.
Result<void> UpgradeStep::bring_back_configuration(Writer& writer, const Inputs& inputs, Recorder& recorder) const {
  const Result<Observation> seen = kubelet_->observe(writer.read, inputs);
  if (!seen) return seen.error();
  const Diff diff = kubelet_->diff(*seen, inputs);
  if (diff.empty()) return {};
  const Result<Outputs> kept = kubelet_->apply(writer, diff, inputs, recorder);
  return kept ? Result<void>() : Result<void>(kept.error());
}

Result<void> UpgradeStep::wait_until_ready(Writer& writer, Recorder& recorder) const {
  const Instant until = writer.clock.now() + ready_limit;
  for (std::string last;; writer.clock.sleep_until(writer.clock.now() + Milliseconds(500))) {
    if (recorder.cancelled()) return fail(ErrorKind::cancelled, "stopped while waiting for the node");
    const Result<Value> node = writer.read.cluster.get(node_key(wish_.machine), Deadline::in(call_limit));
    std::string now = node ? "" : node.error().summary;
    if (!node && !retryable(node.error().kind)) return node.error();
    if (node) {
      const Value facts = facts_of(*node);
      const bool ready = facts.at("ready").get<bool>();
      if (ready && text_at(facts, "kubelet") == "v" + wish_.to) return {};
      now = "kubelet " + text_at(facts, "kubelet") + (ready ? ", Ready" : ", not Ready");
    }
    if (writer.clock.now() >= until)
      return fail(ErrorKind::timeout, "the upgraded node did not become Ready",
                  {.found = now,
                   .expected = "kubelet v" + wish_.to + ", Ready",
                   .advice = "slipway ssh SPEC " + wish_.machine.text() + " journalctl -u kubelet -n 50",
                   .where = wish_.machine.text()});
    if (now != last) recorder.progress(now);
    last = now;
  }
}

}  // namespace slipway
