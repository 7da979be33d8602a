#include "cluster/node_step.h"

#include <algorithm>

#include "kube/drain.h"

namespace slipway {
namespace {

constexpr Seconds call_limit{15};
/// The kubelet's, on a node that its cloud controller has not looked at; and what that one writes when it has.
const Taint uninitialised{"node.cloudprovider.kubernetes.io/uninitialized", "true", "NoSchedule"};
constexpr const char* initialised_label = "node.kubernetes.io/instance-type";

ObjectKey node_key(const std::string& name) { return {"v1", "Node", "", name}; }

/// The condition's status, reason and message; status "Unknown" where it is missing.
Value ready_condition(const Value& node) {
  if (node.contains("status") && node["status"].contains("conditions"))
    for (const Value& condition : node["status"]["conditions"])
      if (text_at(condition, "type") == "Ready") return condition;
  return {{"status", "Unknown"}};
}

std::string taint_text(const std::string& key, const std::string& value, const std::string& effect) {
  return key + (value.empty() ? "" : "=" + value) + ":" + effect;
}

Value facts_of(const Value& node) {
  Value facts = {{"labels", node["metadata"].value("labels", Value::object())},
                 {"taints", Value::array()},
                 {"provider_id", text_at(node.value("spec", Value::object()), "providerID")},
                 {"ready", text_at(ready_condition(node), "status") == "True"}};
  if (node.contains("spec"))
    for (const Value& taint : node["spec"].value("taints", Value::array()))
      facts["taints"].push_back(taint_text(text_at(taint, "key"), text_at(taint, "value"), text_at(taint, "effect")));
  return facts;
}

bool has_taint(const Value& facts, const Taint& taint) {
  const std::string text = taint_text(taint.key, taint.value, taint.effect);
  return std::any_of(facts.at("taints").begin(), facts.at("taints").end(),
                     [&](const Value& seen) { return seen == text; });
}

/// Whether a cloud controller has yet to look at the node and would not do it by itself.
bool wants_initialising(const Value& facts) {
  return !facts.at("labels").contains(initialised_label) && !has_taint(facts, uninitialised);
}

}  // namespace

std::string NodeStep::provider_id(const Inputs& inputs) const {
  return wish_.cloud ? wish_.cloud->node_id(inputs.at("id").get<std::string>()) : std::string();
}

Value NodeStep::patch_for(const Value& node, const std::string& provider_id) const {
  const Value facts = facts_of(node);
  Value patch = {{"metadata", {{"labels", wish_.labels}}}};
  Value taints = Value::array();
  bool changed = false;
  const auto add = [&](const Taint& taint) {
    taints.push_back({{"key", taint.key}, {"value", taint.value}, {"effect", taint.effect}});
    changed = true;
  };
  for (const Value& taint : node.value("spec", Value::object()).value("taints", Value::array()))
    if (wish_.cloud || text_at(taint, "key") != uninitialised.key)
      taints.push_back(taint);
    else
      changed = true;
  for (const Taint& taint : wish_.taints)
    if (!has_taint(facts, taint)) add(taint);
  if (wish_.cloud && wants_initialising(facts)) add(uninitialised);
  if (changed) patch["spec"]["taints"] = std::move(taints);
  if (!provider_id.empty()) patch["spec"]["providerID"] = provider_id;
  return patch;
}

Result<Observation> NodeStep::observe(Reader& reader, const Inputs&) const {
  const Result<std::optional<Value>> node =
      reader.cluster.listed(node_key(wish_.machine.text()), Deadline::in(call_limit));
  if (!node) return node.error();
  if (!*node) return Observation{};
  Observation seen{.exists = true, .facts = facts_of(**node)};
  seen.outputs["ready"] = true;
  return seen;
}

Diff NodeStep::diff(const Observation& seen, const Inputs& inputs) const {
  if (!seen.exists) return {.action = Action::create, .reason = Reason::missing};
  Diff diff{.action = Action::update, .reason = Reason::drift};
  const Value& labels = seen.facts.at("labels");
  for (const auto& [key, value] : wish_.labels)
    if (text_at(labels, key.c_str(), "\n") != value)
      diff.fields.push_back(
          {.field = "label/" + key, .old_value = labels.contains(key) ? labels.at(key) : Value(), .new_value = value});
  for (const Taint& taint : wish_.taints)
    if (!has_taint(seen.facts, taint))
      diff.fields.push_back(
          {.field = "taint/" + taint.key, .new_value = taint_text(taint.key, taint.value, taint.effect)});
  if (const std::string id = provider_id(inputs); !id.empty() && text_at(seen.facts, "provider_id") != id)
    diff.fields.push_back({.field = "provider id", .old_value = seen.facts.at("provider_id"), .new_value = id});
  const std::string taint = taint_text(uninitialised.key, uninitialised.value, uninitialised.effect);
  if (wish_.cloud && wants_initialising(seen.facts))
    diff.fields.push_back({.field = "taint/" + uninitialised.key, .new_value = taint});
  if (!wish_.cloud && has_taint(seen.facts, uninitialised))
    diff.fields.push_back({.field = "taint/" + uninitialised.key, .old_value = taint});
  if (!seen.facts.at("ready").get<bool>())
    diff.fields.push_back({.field = "ready", .old_value = false, .new_value = true});
  return diff.fields.empty() ? Diff{} : diff;
}

Result<Outputs> NodeStep::apply(Writer& writer, const Diff&, const Inputs& inputs, Recorder& recorder) const {
  const ObjectKey key = node_key(wish_.machine.text());
  const Result<HostAccess> access = host_access_from(inputs.at("access"));
  if (!access) return access.error();
  const std::string id = provider_id(inputs);
  const Instant begun = writer.clock.now();
  const Instant until = begun + std::chrono::minutes(4);
  bool restarted = false, labelled = false, taken_away = false;
  for (std::string last = "not registered";; writer.clock.sleep_until(writer.clock.now() + Milliseconds(400))) {
    if (recorder.cancelled()) return fail(ErrorKind::cancelled, "stopped while waiting for the node");
    if (writer.clock.now() >= until)
      return fail(ErrorKind::timeout, "the node did not become Ready",
                  {.found = last,
                   .expected = "Ready",
                   .advice = "slipway ssh SPEC " + wish_.machine.text() + " journalctl -u kubelet -n 50",
                   .where = wish_.machine.text()});
    Result<Value> node = writer.read.cluster.get(key, Deadline::in(call_limit));
    if (!node && node.error().kind == ErrorKind::not_found) {
      // A kubelet whose Node was deleted registers again when it starts, with the certificate it has.
      if (!restarted && writer.clock.now() - begun > Seconds(20)) {
        recorder.progress("restarting the kubelet, which has not registered");
        const Result<ScriptOutcome> outcome =
            writer.hosts.run(*access, {.text = "systemctl restart kubelet"}, Deadline::in(Seconds(60)));
        if (!outcome) return Error(outcome.error()).while_doing("restarting the kubelet");
        restarted = true;
      }
      continue;
    }
    if (!node) {
      if (!retryable(node.error().kind)) return std::move(node).error();
      last = node.error().summary;
      continue;
    }
    const Value facts = facts_of(*node);
    if (!labelled) {
      const std::string recorded = text_at(facts, "provider_id");
      if (!id.empty() && !recorded.empty() && recorded != id) {
        if (taken_away)
          return fail(ErrorKind::bad_input, "the kubelet registers another machine's provider id",
                      {.found = recorded,
                       .expected = id,
                       .advice = "take provider-id out of kubernetes.extra_args.kubelet",
                       .where = wish_.machine.text()});
        // It cannot be changed: the Node is that of a former machine, and this one registers anew.
        recorder.progress("taking away the Node of a former machine");
        Result<void> gone = writer.cluster.remove(key, Deadline::in(call_limit));
        if (!gone && gone.error().kind != ErrorKind::not_found) return std::move(gone).error();
        taken_away = true;
        continue;
      }
      const Result<Value> patched = writer.cluster.patch(key, patch_for(*node, id), Deadline::in(call_limit));
      if (!patched) return patched.error();
      labelled = true;
    }
    if (facts.at("ready").get<bool>()) return Outputs{{"ready", true}};
    const std::string message = text_at(ready_condition(*node), "message", "no status yet");
    if (message != last) recorder.progress(message);
    last = message;
  }
}

Result<Observation> RemoveNodeStep::observe(Reader& reader, const Inputs&) const {
  const Result<std::optional<Value>> node = reader.cluster.listed(node_key(node_), Deadline::in(call_limit));
  if (!node) return node.error();
  Observation seen{.exists = node->has_value()};
  if (!seat_) return seen;
  const Result<bool> listed = seat_->listed(reader);
  if (!listed) return listed.error();
  seen.facts = {{"etcd", *listed}};
  seen.exists = seen.exists || *listed;
  return seen;
}

Diff RemoveNodeStep::diff(const Observation& seen, const Inputs&) const {
  if (!seen.exists) return {};
  Diff diff{.action = Action::remove, .reason = Reason::not_in_spec};
  if (seen.facts.is_object() && seen.facts.value("etcd", Value()) == Value(true))
    diff.note = "takes its member out of etcd";
  return diff;
}

Result<Outputs> RemoveNodeStep::apply(Writer& writer, const Diff&, const Inputs&, Recorder& recorder) const {
  if (seat_) {
    // A member that is dead counts against the quorum as long as it is listed; a living one serves while pods move.
    const Result<bool> dead = seat_->dead(writer);
    if (!dead) return dead.error();
    if (*dead)
      if (Result<void> out = seat_->take_out(writer, recorder); !out) return std::move(out).error();
  }
  const Result<Cordon> cordoned =
      cordon(writer.read.cluster, writer.cluster, node_, RunId("removal"), Deadline::in(call_limit));
  if (!cordoned && cordoned.error().kind != ErrorKind::not_found) return cordoned.error();
  const Result<DrainReport> drained =
      drain(writer.read.cluster, writer.cluster, writer.clock, node_,
            {.until = writer.clock.now() + std::chrono::minutes(5),
             .bare_pods = true,  // The removal was approved, and with it the end of what nobody makes again.
             .on_progress = [&](std::string_view text) { recorder.progress(text); },
             .cancelled = [&] { return recorder.cancelled(); }});
  if (!drained) return Error(drained.error()).while_doing("draining " + node_);
  if (seat_)
    if (Result<void> out = seat_->take_out(writer, recorder); !out) return std::move(out).error();
  if (Result<void> gone = delete_node(writer.cluster, node_, Deadline::in(Seconds(60))); !gone)
    return std::move(gone).error();
  return Outputs{};
}

}  // namespace slipway
