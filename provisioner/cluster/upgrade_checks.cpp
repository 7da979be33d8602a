#include "cluster/upgrade_checks.h"

#include <algorithm>
#include <set>

#include "base/text.h"
#include "kube/drain.h"
#include "kube/readiness.h"

namespace slipway {
namespace {

/// More than the timer's steps: a backup at its hour is not late.
constexpr std::chrono::minutes backup_slack{30};
constexpr uint64_t programs_bytes = 300ull << 20;
constexpr uint64_t images_bytes = 600ull << 20;  // Where the archive is yet to be made.

Value below(const Value& object, const char* key) {
  return object.is_object() ? object.value(key, Value::object()) : Value::object();
}
std::string name_of(const Value& object) { return text_at(below(object, "metadata"), "name"); }
std::string place_of(const Value& object) {
  return text_at(below(object, "metadata"), "namespace") + "/" + name_of(object);
}
bool cordoned_by_us(const Value& node) {
  return below(below(node, "metadata"), "annotations").contains(cordon_annotation);
}

/// The lines of one part of the script's answer: "== disk", "== apis".
std::vector<std::string> part_of(const std::string& answer, const std::string& title) {
  std::vector<std::string> lines;
  bool inside = false;
  for (const std::string& line : split(answer, '\n')) {
    if (line.starts_with("== "))
      inside = line == "== " + title;
    else if (inside && !line.empty())
      lines.push_back(line);
  }
  return lines;
}

/// The value of `label` in a line of Prometheus' text format.
std::string label_of(const std::string& line, const std::string& label) {
  const std::string key = label + "=\"";
  size_t at = line.find("{" + key);
  if (at == std::string::npos) at = line.find("," + key);
  if (at == std::string::npos) return {};
  const size_t begin = at + 1 + key.size();
  return line.substr(begin, line.find('"', begin) - begin);
}

bool selects(const Value& selector, const Value& labels) {
  const Value wanted = below(selector, "matchLabels");
  for (const auto& [key, value] : wanted.items())
    if (labels.value(key, Value()) != value) return false;
  for (const Value& rule : selector.value("matchExpressions", Value::array())) {
    const std::string key = text_at(rule, "key"), how = text_at(rule, "operator");
    const Value values = rule.value("values", Value::array());
    const bool there = labels.contains(key);
    const bool among = there && std::find(values.begin(), values.end(), labels.at(key)) != values.end();
    if ((how == "In" && !among) || (how == "NotIn" && among) || (how == "Exists" && !there) ||
        (how == "DoesNotExist" && there))
      return false;
  }
  return true;
}

bool tolerates(const Value& pod, const Value& taint) {
  for (const Value& toleration : below(pod, "spec").value("tolerations", Value::array())) {
    const std::string key = text_at(toleration, "key"), effect = text_at(toleration, "effect");
    if (!key.empty() && key != text_at(taint, "key")) continue;
    if (!effect.empty() && effect != text_at(taint, "effect")) continue;
    if (text_at(toleration, "operator", "Equal") == "Exists" || text_at(toleration, "value") == text_at(taint, "value"))
      return true;
  }
  return false;
}

/// Whether the pod may run on the node at all, as far as taints and labels tell.
bool takes(const Value& node, const Value& pod) {
  if (below(node, "spec").value("unschedulable", Value()) == Value(true) && !cordoned_by_us(node)) return false;
  for (const Value& taint : below(node, "spec").value("taints", Value::array()))
    if (text_at(taint, "effect") != "PreferNoSchedule" && !text_at(taint, "key").starts_with("node.kubernetes.io/") &&
        !tolerates(pod, taint))
      return false;
  const Value labels = below(below(node, "metadata"), "labels");
  const Value selector = below(below(pod, "spec"), "nodeSelector");
  for (const auto& [key, value] : selector.items())
    if (labels.value(key, Value()) != value) return false;
  return true;
}

/// Of one budget: nothing, or why the nodes of its pods cannot be emptied.
std::optional<Error> budget_problem(const Value& budget, const std::vector<Value>& nodes,
                                    const std::vector<const Value*>& pods) {
  std::map<std::string, std::vector<const Value*>> by_node;
  for (const Value* pod : pods)
    if (below(*pod, "metadata").value("namespace", Value()) == below(budget, "metadata").value("namespace", Value()) &&
        selects(below(below(budget, "spec"), "selector"), below(below(*pod, "metadata"), "labels")))
      by_node[text_at(below(*pod, "spec"), "nodeName")].push_back(pod);
  const Value status = below(budget, "status");
  const int64_t expected = status.value("expectedPods", int64_t{0}),
                wanted = status.value("desiredHealthy", int64_t{0});
  if (by_node.empty() || expected == 0) return std::nullopt;
  const std::string counts = std::to_string(wanted) + " of " + std::to_string(expected) + " pods must stay";
  if (wanted >= expected)
    return fail(ErrorKind::conflict, "a disruption budget never lets a pod go",
                {.found = "PodDisruptionBudget " + place_of(budget) + ": " + counts,
                 .expected = "a budget that spares one pod at least",
                 .advice = "start more replicas, or relax the budget while the upgrade runs"});
  for (const auto& [node, there] : by_node) {
    if (static_cast<int64_t>(there.size()) <= expected - wanted) continue;
    const bool elsewhere = std::any_of(nodes.begin(), nodes.end(), [&, &name = node](const Value& other) {
      return name_of(other) != name && takes(other, *there.front());
    });
    if (!elsewhere)
      return fail(ErrorKind::conflict, "a disruption budget cannot be kept while a node is drained",
                  {.found = "PodDisruptionBudget " + place_of(budget) + ": " + counts + ", " +
                            std::to_string(there.size()) + " run on " + node + " and no other node takes them",
                   .expected = "another node for them",
                   .advice = "slipway node add, or relax the budget while the upgrade runs"});
  }
  return std::nullopt;
}

}  // namespace

std::vector<Error> node_problems(const UpgradeQuestion& question, const std::vector<std::string>& machines,
                                 const std::vector<Value>& nodes, const std::string& api_release) {
  std::vector<Error> problems;
  const ClusterRelease& release = question.release;
  const std::optional<Release> api = parse_release(api_release), to = parse_release(release.to);
  if (!api || !to) return problems;
  if (api_release != release.running && !(question.begun && api_release == release.to))
    problems.push_back(
        fail(ErrorKind::world_changed, "the API server is of another release than the state knows",
             {.found = api_release, .expected = release.running, .advice = "slipway doctor " + question.spec_path}));
  std::map<std::string, const Value*> by_name;
  for (const Value& node : nodes) by_name[name_of(node)] = &node;
  std::vector<std::string> absent, not_ready, newer, older;
  for (const std::string& machine : machines)
    if (!by_name.contains(machine)) absent.push_back(machine);
  for (const auto& [name, node] : by_name) {
    const bool ours = std::find(machines.begin(), machines.end(), name) != machines.end();
    const bool at_work = question.begun && cordoned_by_us(*node);
    if (ours && !at_work && condition_status(*node, "Ready") != "True") not_ready.push_back(name);
    const std::string version = text_at(below(below(*node, "status"), "nodeInfo"), "kubeletVersion");
    const std::optional<Release> kubelet = parse_release(version);
    if (!kubelet) continue;
    if (*kubelet > (question.begun ? std::max(*api, *to) : *api)) newer.push_back(name + " " + version);
    if (kubelet->minor + oldest_kubelet < to->minor) older.push_back(name + " " + version);
  }
  if (!absent.empty())
    problems.push_back(fail(ErrorKind::unavailable, "machines are no nodes of the cluster",
                            {.found = join(absent, ", "), .advice = "slipway repair " + question.spec_path}));
  if (!not_ready.empty())
    problems.push_back(
        fail(ErrorKind::unavailable, "nodes are not Ready",
             {.found = join(not_ready, ", "),
              .expected = "every node Ready before one is taken out of service",
              .advice = "slipway repair " + question.spec_path + "; slipway doctor " + question.spec_path}));
  if (!newer.empty())
    problems.push_back(fail(ErrorKind::conflict, "kubelets are newer than the API server",
                            {.found = join(newer, ", "),
                             .expected = "v" + api_release + " or older",
                             .advice = "take those nodes out (slipway node remove), or put an older kubelet on them"}));
  if (!older.empty())
    problems.push_back(fail(ErrorKind::conflict, "kubelets would be too old for the API server",
                            {.found = join(older, ", "),
                             .expected = "at most three minor releases behind " + release.to,
                             .advice = "upgrade or remove those nodes first"}));
  return problems;
}

std::vector<Error> etcd_problems(const UpgradeQuestion& question, const std::vector<EtcdSeat>& seats,
                                 size_t control_planes) {
  std::vector<std::string> silent;
  for (const EtcdSeat& seat : seats)
    if (!seat.healthy) silent.push_back(seat.name.empty() ? "one without a name" : seat.name);
  const size_t healthy = seats.size() - silent.size();
  if (question.begun && healthy * 2 > seats.size()) return {};
  if (silent.empty() && seats.size() == control_planes) return {};
  return {fail(ErrorKind::unavailable, "etcd is not healthy",
               {.found = silent.empty() ? std::to_string(seats.size()) + " members" : "silent: " + join(silent, ", "),
                .expected = std::to_string(control_planes) + " healthy members, one on each control plane",
                .advice = "slipway doctor " + question.spec_path +
                          "; a control plane that is lost: slipway node replace " + question.spec_path + " NAME"})};
}

std::vector<Error> backup_age_problems(const UpgradeQuestion& question, std::optional<WallTime> newest, WallTime now) {
  if (question.begun || (newest && now - *newest <= std::chrono::hours(question.backup_hours) + backup_slack))
    return {};
  return {
      fail(ErrorKind::approval_needed, "etcd has no recent backup",
           {.found = newest ? "the newest is of " + format_time(*newest) : "none",
            .expected = "one of the last " + std::to_string(question.backup_hours) +
                        " hours: there is no other way back from an upgrade",
            .advice = "slipway backup create etcd " + question.spec_path + "; or go on without one: --accept backup"})};
}

std::vector<Error> drain_problems(const UpgradeQuestion& question, const std::vector<Value>& nodes,
                                  const std::vector<Value>& pods, const std::vector<Value>& budgets) {
  std::vector<Error> problems;
  if (nodes.size() < 2) return problems;
  // What was upgraded already is not drained again.
  std::set<std::string> done;
  for (const Value& node : nodes)
    if (text_at(below(below(node, "status"), "nodeInfo"), "kubeletVersion") == "v" + question.release.to)
      done.insert(name_of(node));
  std::vector<const Value*> moving;
  std::vector<std::string> bare;
  for (const Value& pod : pods) {
    const std::string node = text_at(below(pod, "spec"), "nodeName");
    if (node.empty() || done.contains(node)) continue;
    const PodFate fate = pod_fate(pod);
    if (fate == PodFate::evict) moving.push_back(&pod);
    if (fate == PodFate::bare) bare.push_back(place_of(pod) + " on " + node);
  }
  for (const Value& budget : budgets)
    if (std::optional<Error> problem = budget_problem(budget, nodes, moving)) problems.push_back(std::move(*problem));
  if (!bare.empty())
    problems.push_back(fail(ErrorKind::approval_needed, "pods that no controller would make again run on the nodes",
                            {.found = join(bare, ", "),
                             .expected = "pods of a Deployment, StatefulSet or Job",
                             .advice = "delete them, or lose them: --accept bare-pods"}));
  return problems;
}

std::string upgrade_script() {
  return R"(# room and deprecated APIs
echo '== disk'
for folder in /var/lib/containerd /var/lib/slipway /usr/local/bin; do
  [ -d $folder ] && df -Pk $folder | awk -v folder=$folder 'NR == 2 { print folder, $4, $6 }'
done
manifest=/etc/kubernetes/manifests/kube-apiserver.yaml
[ -e $manifest ] || exit 0
port=$(sed -n 's/^    - --secure-port=//p' $manifest)
figures=$(kubectl --kubeconfig /etc/kubernetes/admin.conf --server "https://127.0.0.1:${port:-6443}" \
  --request-timeout 20s get --raw /metrics 2>/dev/null) || { echo '== silent'; echo yes; exit 0; }
echo '== apis'
printf '%s\n' "$figures" | grep '^apiserver_requested_deprecated_apis{'
exit 0
)";
}

std::vector<Error> room_problems(const std::map<std::string, std::string>& answers,
                                 const std::map<std::string, uint64_t>& images) {
  std::vector<Error> problems;
  for (const auto& [machine, answer] : answers) {
    const auto known = images.find(machine);
    const uint64_t archive = known == images.end() || known->second == 0 ? images_bytes : known->second;
    // As they are kept and as they are unpacked; on their way there; programs beside those that run.
    const std::map<std::string, uint64_t> needs = {{"/var/lib/containerd", 2 * archive},
                                                   {"/var/lib/slipway", archive + programs_bytes},
                                                   {"/usr/local/bin", programs_bytes}};
    std::map<std::string, uint64_t> wanted, free;  // By mount point.
    for (const std::string& line : part_of(answer, "disk")) {
      const std::vector<std::string> words = split(line, ' ');
      if (words.size() != 3 || !needs.contains(words[0])) continue;
      wanted[words[2]] += needs.at(words[0]);
      free[words[2]] = std::strtoull(words[1].c_str(), nullptr, 10) * 1024;
    }
    for (const auto& [mount, bytes] : wanted)
      if (free[mount] < bytes)
        problems.push_back(fail(ErrorKind::quota, "too little room for the images of the next release",
                                {.found = format_bytes(free[mount]) + " free in " + mount,
                                 .expected = format_bytes(bytes),
                                 .advice = "make room on the host, or give its pool a larger disk",
                                 .where = machine}));
  }
  return problems;
}

std::vector<Error> deprecation_problems(const UpgradeQuestion& question,
                                        const std::map<std::string, std::string>& answers,
                                        std::vector<std::string>& later) {
  if (question.begun) return {};
  const std::optional<Release> to = parse_release(question.release.to);
  std::set<std::string> gone, old;
  std::vector<std::string> silent;
  for (const auto& [machine, answer] : answers) {
    if (!part_of(answer, "silent").empty()) silent.push_back(machine);
    for (const std::string& line : part_of(answer, "apis")) {
      const std::optional<Release> removed = parse_release(label_of(line, "removed_release") + ".0");
      if (!removed || !to) continue;
      const std::string group = label_of(line, "group");
      const std::string api = label_of(line, "resource") + (group.empty() ? "" : "." + group) + "/" +
                              label_of(line, "version") + " (gone with " + minor_of(*removed) + ")";
      (removed->minor <= to->minor ? gone : old).insert(api);
    }
  }
  later.assign(old.begin(), old.end());
  std::vector<Error> problems;
  if (!silent.empty())
    problems.push_back(fail(ErrorKind::unavailable, "an API server does not tell which deprecated APIs are in use",
                            {.found = join(silent, ", "), .advice = "slipway doctor " + question.spec_path}));
  if (!gone.empty())
    problems.push_back(fail(ErrorKind::approval_needed, "APIs that the next release lacks are in use",
                            {.found = join({gone.begin(), gone.end()}, ", "),
                             .expected = "no request for them since the API servers began",
                             .advice = "the audit log of a control plane names who asks (k8s.io/deprecated); move them "
                                       "to the newer API, or go on: --accept deprecated-apis"}));
  return problems;
}

}  // namespace slipway
