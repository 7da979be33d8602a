#include "cluster/database_replicas.h"

#include <algorithm>
#include <cstdlib>

#include "base/quantity.h"
#include "base/text.h"
#include "kube/readiness.h"

namespace slipway {
namespace {

const std::string place = "postgres";
/// More than this and a replica is behind; it is also what a hand-over waits for.
constexpr double large_lag = 64.0 * 1024 * 1024;
constexpr double small_lag = 16.0 * 1024 * 1024;
constexpr Seconds figure_limit{6};
constexpr Seconds pod_end_limit{100};

Deadline soon() { return Deadline::in(Seconds(15)); }

ObjectKey pod_key(const std::string& name) { return {"v1", "Pod", place, name}; }

Value member(const Value& object, const char* key) {
  return object.is_object() ? object.value(key, Value::object()) : Value::object();
}

DatabaseReplica replica_of(ClusterReader& reader, const std::string& name) {
  DatabaseReplica replica{.name = name, .node = {}};
  const Result<Value> pod = reader.get(pod_key(name), soon());
  if (!pod) return replica;
  replica.node = text_at(member(*pod, "spec"), "nodeName");
  replica.pod_ready = condition_status(*pod, "Ready") == "True";
  if (text_at(member(*pod, "status"), "phase") != "Running") return replica;
  const Result<std::string> figures =
      reader.probe("/api/v1/namespaces/postgres/pods/http:" + name + ":9187/proxy/metrics", Deadline::in(figure_limit));
  if (figures) read_replica_figures(*figures, replica);
  return replica;
}

std::string behind(const DatabaseReplica& replica, double bytes) {
  return format_bytes(static_cast<uint64_t>(bytes)) + " and " + std::to_string(static_cast<int64_t>(replica.seconds)) +
         " s behind";
}

/// Who takes over where the user names nobody: the one that a change under way has chosen already, else another one.
/// Null where there is none.
const DatabaseReplica* usual_successor(const DatabaseView& view) {
  const DatabaseReplica* chosen = view.find(view.primary);
  if (chosen && chosen->answers && !chosen->primary) return chosen;
  const auto other = std::find_if(view.replicas.begin(), view.replicas.end(),
                                  [&](const DatabaseReplica& replica) { return replica.name != view.primary; });
  return other == view.replicas.end() ? nullptr : &*other;
}

}  // namespace

void read_replica_figures(const std::string& text, DatabaseReplica& replica) {
  constexpr std::string_view prefix = "slipway_database_";
  for (const std::string& line : split(text, '\n')) {
    if (!line.starts_with(prefix)) continue;
    const std::string name = line.substr(prefix.size(), line.find_first_of("{ ") - prefix.size());
    const double value = std::strtod(line.c_str() + line.find_last_of(' '), nullptr);
    if (name == "primary") {
      replica.answers = true;
      replica.primary = value == 1;
    } else if (name == "streaming") {
      replica.streaming = value > 0;
    } else if (name == "written_bytes") {
      replica.written = value;
    } else if (name == "applied_bytes") {
      replica.applied = value;
    } else if (name == "lag_seconds") {
      replica.seconds = value;
    }
  }
}

const DatabaseReplica* DatabaseView::find(const std::string& name) const {
  const auto found = std::find_if(replicas.begin(), replicas.end(),
                                  [&](const DatabaseReplica& replica) { return replica.name == name; });
  return found == replicas.end() ? nullptr : &*found;
}

Result<DatabaseView> look_at_database(ClusterReader& reader, int replicas) {
  Result<Value> role = reader.get({"v1", "ConfigMap", place, "postgres-role"}, soon());
  if (!role && role.error().kind == ErrorKind::not_found)
    return fail(ErrorKind::not_found, "this cluster has no database",
                {.found = role.error().found,
                 .advice = "addons: {postgres: {enabled: true}} in the spec, then slipway bootstrap"});
  if (!role) return std::move(role).error();
  DatabaseView view{.primary = text_at(member(*role, "data"), "primary"), .replicas = {}};
  for (int i = 0; i < replicas; ++i) view.replicas.push_back(replica_of(reader, "postgres-" + std::to_string(i)));
  return view;
}

std::optional<double> lag_of(const DatabaseView& view, const DatabaseReplica& replica) {
  const auto primary = std::find_if(view.replicas.begin(), view.replicas.end(),
                                    [](const DatabaseReplica& other) { return other.answers && other.primary; });
  if (primary == view.replicas.end() || !replica.answers) return std::nullopt;
  return std::max(0.0, primary->written - replica.applied);
}

std::vector<std::string> replica_problems(const DatabaseView& view) {
  std::vector<std::string> problems, writers;
  for (const DatabaseReplica& replica : view.replicas) {
    if (replica.answers && replica.primary) writers.push_back(replica.name);
    if (!replica.answers) {
      problems.push_back(replica.name + " does not answer" +
                         (replica.node.empty() ? ", its pod is on no node" : "; its node is " + replica.node));
      continue;
    }
    if (replica.primary) continue;
    const std::optional<double> lag = lag_of(view, replica);
    if (!replica.streaming && replica.name != view.primary)
      problems.push_back(replica.name + " does not follow the primary" + (lag ? ": " + behind(replica, *lag) : ""));
    else if (lag && *lag > large_lag)
      problems.push_back(replica.name + " is " + behind(replica, *lag));
  }
  if (writers.empty()) problems.push_back("nobody takes writes; " + view.primary + " should");
  if (writers.size() > 1) problems.push_back("two take writes: " + join(writers, " and "));
  if (writers.size() == 1 && writers.front() != view.primary)
    problems.push_back(writers.front() + " takes writes; " + view.primary + " should");
  return problems;
}

Result<std::string> choose_successor(const DatabaseView& view, const std::string& asked) {
  const DatabaseReplica* primary = view.find(view.primary);
  const DatabaseReplica* successor = asked.empty() ? usual_successor(view) : view.find(asked);
  if (!successor)
    return fail(ErrorKind::not_found, "no such replica of the database",
                {.found = asked.empty() ? "one server and no replica" : asked,
                 .expected = "addons.postgres.replicas: 2, then postgres-0 or postgres-1",
                 .advice = view.replicas.size() < 2 ? "set replicas: 2, then slipway bootstrap" : ""});
  if (!successor->answers)
    return fail(ErrorKind::verification, successor->name + " cannot take over: it does not answer",
                {.found = successor->node.empty() ? "its pod is on no node" : "its pod on " + successor->node,
                 .advice = "kubectl -n postgres logs " + successor->name + " -c postgres"});
  const bool lives = primary && primary != successor && primary->answers && primary->primary;
  const std::optional<double> lag = lag_of(view, *successor);
  if (lives && !successor->primary && (!successor->streaming || (lag && *lag > small_lag)))
    return fail(ErrorKind::verification, successor->name + " cannot take over yet: it is too far behind",
                {.found = behind(*successor, lag.value_or(0)) + (successor->streaming ? "" : ", and not streaming"),
                 .expected = "streaming, less than " + format_bytes(static_cast<uint64_t>(small_lag)) + " behind",
                 .advice = "wait until slipway status shows it close"});
  return successor->name;
}

Result<Fence> fence_primary(Writer& writer, const FormerPrimary& former) {
  const Result<Value> node = writer.read.cluster.get({"v1", "Node", "", former.machine}, soon());
  if (!node && node.error().kind != ErrorKind::not_found) return node.error();
  const bool obeys = node && condition_status(*node, "Ready") == "True";
  if (former.answers && obeys) return Fence::steps_down;
  if (former.answers)
    return fail(ErrorKind::unavailable, former.pod + " takes writes, and nothing can tell it to step down",
                {.found = "it answers, but the kubelet of " + former.machine + " does not",
                 .expected = "a node that is Ready",
                 .advice = "slipway repair SPEC " + former.machine + ", or switch that machine off and run again"});
  if (former.machine_state == "stopped" || former.machine_state == "absent") return Fence::machine_off;
  std::string doubt;
  if (obeys) {
    const Result<void> ended = writer.cluster.remove(pod_key(former.pod), Deadline::in(pod_end_limit));
    if (ended) return Fence::pod_ended;
    if (!retryable(ended.error().kind)) return ended.error();
    doubt = "the kubelet of " + former.machine + " does not confirm that the pod ended";
  } else {
    doubt = "node " + former.machine + (node ? " is not Ready" : " is gone") + ", and whether its machine runs is " +
            (former.machine_state.empty() ? "unknown" : "certain: " + former.machine_state);
  }
  if (former.users_word) return Fence::users_word;
  return fail(ErrorKind::approval_needed, "nothing says that " + former.pod + " takes no more writes",
              {.found = doubt,
               .expected = "a machine that is off, or a kubelet that ends the pod",
               .advice = "switch " + former.machine +
                         " off and run again; where you know that it is off or will not come back, run again with "
                         "--approve"});
}

const char* describe(Fence fence) {
  switch (fence) {
    case Fence::steps_down:
      return "the former primary steps down first";
    case Fence::machine_off:
      return "the former primary's machine is off";
    case Fence::pod_ended:
      return "the former primary's pod has ended";
    case Fence::users_word:
      return "the former primary is dead by your word";
  }
  return "";
}

void hurry_role(Writer& writer, const DatabaseView& view, const std::string& successor) {
  // A changed pod is looked at by its kubelet at once, its volumes too. Without it the role comes a minute later.
  for (const DatabaseReplica& replica : view.replicas)
    (void)writer.cluster.patch(pod_key(replica.name),
                               {{"metadata", {{"annotations", {{"slipway.dev/primary", successor}}}}}}, soon());
}

Result<void> wait_for_primary(Writer& writer, int replicas, const std::string& successor,
                              const BackupJobOptions& options) {
  for (;;) {
    const Result<DatabaseView> view = look_at_database(writer.read.cluster, replicas);
    if (!view && !retryable(view.error().kind)) return view.error();
    const DatabaseReplica* now = view ? view->find(successor) : nullptr;
    if (now && now->answers && now->primary && now->pod_ready) return {};
    if (options.cancelled && options.cancelled())
      return fail(ErrorKind::cancelled, "stopped while " + successor + " takes over; it goes on by itself");
    if (writer.clock.now() >= options.until)
      return fail(ErrorKind::timeout, successor + " does not take over",
                  {.found = !now            ? "the API does not answer"
                            : !now->answers ? "it does not answer"
                            : !now->primary ? "it still follows"
                                            : "its pod is not ready",
                   .advice = "kubectl -n postgres logs " + successor +
                             " -c postgres; then the same command again, which goes on"});
    writer.clock.sleep_until(writer.clock.now() + Seconds(1));
  }
}

}  // namespace slipway
