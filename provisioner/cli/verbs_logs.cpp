// `slipway logs`: what a machine's services or an add-on's pods wrote last.

#include <set>

#include "base/text.h"
#include "cli/host_access.h"
#include "cli/output.h"
#include "cli/session.h"
#include "cli/verbs.h"
#include "kube/objects_step.h"

namespace slipway {
namespace {

constexpr Seconds call_limit{30};

/// Which pods are an add-on's: all of a namespace that it made, and those that its workloads elsewhere select.
struct PodChoice {
  std::string name_space, selector;
  auto operator<=>(const PodChoice&) const = default;
};

std::string selector_of(const Value& workload) {
  const Value labels = workload.value("/spec/selector/matchLabels"_json_pointer, Value::object());
  std::vector<std::string> parts;
  for (const auto& [key, value] : labels.items())
    if (value.is_string()) parts.push_back(key + "=" + value.get<std::string>());
  return join(parts, ",");
}

std::set<PodChoice> choices_of(Session& session, const std::string& add_on) {
  std::set<PodChoice> choices;
  std::set<std::string> own;
  std::vector<ObjectKey> keys;
  for (const auto& [id, record] : session.store().snapshot().steps)
    if (id.text() == "addon/" + add_on || id.text().starts_with("addon/" + add_on + "/"))
      for (ObjectKey& key : recorded_inventory(record.outputs)) keys.push_back(std::move(key));
  for (const ObjectKey& key : keys)
    if (key.kind == "Namespace" && own.insert(key.name).second) choices.insert({key.name, ""});
  for (const ObjectKey& key : keys) {
    if (key.kind != "Deployment" && key.kind != "DaemonSet" && key.kind != "StatefulSet") continue;
    if (own.contains(key.name_space)) continue;
    if (const Result<Value> live = session.reader().cluster.get(key, Deadline::in(call_limit)); live)
      choices.insert({key.name_space, selector_of(*live)});
  }
  return choices;
}

Value logs_of_pod(Session& session, const Value& pod, int lines) {
  const ObjectKey key = key_of(pod);
  Value rows = Value::array();
  for (const Value& container : pod.value("/spec/containers"_json_pointer, Value::array())) {
    const std::string name = text_at(container, "name");
    const Result<std::string> text =
        session.reader().cluster.probe("/api/v1/namespaces/" + key.name_space + "/pods/" + key.name +
                                           "/log?container=" + name + "&tailLines=" + std::to_string(lines),
                                       Deadline::in(call_limit));
    rows.push_back({{"pod", key.name_space + "/" + key.name},
                    {"container", name},
                    {"log", text ? *text : ""},
                    {"problem", text ? "" : text.error().summary + " " + text.error().found}});
  }
  return rows;
}

int logs_of_add_on(Session& session, const std::string& add_on, int lines) {
  const Options& options = session.options();
  Value rows = Value::array();
  for (const PodChoice& choice : choices_of(session, add_on)) {
    const Result<std::vector<Value>> pods =
        session.reader().cluster.list({"v1", "Pod", choice.name_space, ""}, choice.selector, Deadline::in(call_limit));
    if (!pods) return report_error(options, pods.error());
    for (const Value& pod : *pods)
      for (Value& row : logs_of_pod(session, pod, lines)) rows.push_back(std::move(row));
  }
  std::string text;
  for (const Value& row : rows) {
    text += "== " + text_at(row, "pod") + " " + text_at(row, "container") + "\n" + text_at(row, "log");
    if (const std::string problem = text_at(row, "problem"); !problem.empty()) text += "(" + problem + ")\n";
  }
  print_result(options, rows.empty() ? "No pods.\n" : text, {{"format", 1}, {"addon", add_on}, {"logs", rows}});
  return 0;
}

int logs_of_machine(Session& session, const HostAccess& host, int lines) {
  const Options& options = session.options();
  const Result<ScriptOutcome> outcome =
      session.writer().hosts.run(host,
                                 {.text = "journalctl --no-pager -o short-iso -n " + std::to_string(lines) +
                                          " -u kubelet -u containerd -u slipway-node-prepare -u ssh\n"},
                                 Deadline::in(std::chrono::minutes(2)));
  if (!outcome) return report_error(options, outcome.error());
  print_result(options, outcome->output, {{"format", 1}, {"machine", options.names.front()}, {"log", outcome->output}});
  return outcome->exit_status;
}

}  // namespace

int verb_logs(const Options& options) {
  Result<std::unique_ptr<Session>> session = Session::open(options, "logs", Access::look);
  if (!session) return report_error(options, session.error());
  const std::string& name = options.names.front();
  const State state = (*session)->store().snapshot();
  if (state.steps.contains(StepId("addon/" + name))) return logs_of_add_on(**session, name, options.lines);
  Result<HostAccess> host = access_of(**session, name);
  if (!host) {
    Error error = std::move(host).error();
    error.summary = "neither a machine nor an add-on of this cluster";
    return report_error(options, error);
  }
  return logs_of_machine(**session, *host, options.lines);
}

}  // namespace slipway
