#include "cluster/health.h"

#include <algorithm>
#include <cmath>
#include <ctime>
#include <optional>
#include <set>

#include "base/text.h"

namespace slipway {
namespace {

constexpr int full_disk = 85;  // From here on the kubelet deletes images; at 90 it evicts pods.
constexpr Seconds clock_slack{2}, pending_limit{300}, ending_limit{600}, lease_limit{60};
constexpr size_t shown_pods = 10;

std::optional<WallTime> time_in(const std::string& text) {
  std::tm parts{};
  if (!::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &parts)) return std::nullopt;
  return std::chrono::system_clock::from_time_t(::timegm(&parts));
}

std::optional<double> number_in(const std::string& text) {
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (text.empty() || end == text.c_str()) return std::nullopt;
  return value;
}

std::string minutes(WallTime from, WallTime to) {
  return std::to_string(std::chrono::duration_cast<std::chrono::minutes>(to - from).count()) + " min";
}

/// One line of a host's answer: what, and its words.
using Line = std::vector<std::string>;

std::vector<Line> lines_of(const std::string& text) {
  std::vector<Line> lines;
  for (const std::string& line : split(text, '\n')) {
    Line words = split(line, ' ');
    std::erase(words, "");
    if (words.size() >= 2) lines.push_back(std::move(words));
  }
  return lines;
}

class HostJudge {
 public:
  HostJudge(const HostAnswers& answers, const std::string& spec_path) : answers_(answers), spec_(spec_path) {}

  std::vector<Error> judge() {
    for (const auto& [machine, text] : answers_.text) {
      int uplink = 0;
      for (const Line& line : lines_of(text)) {
        const std::optional<double> value = number_in(line[1]);
        if (line[0] == "clock" && value) clock(machine, *value);
        if (line[0] == "disk" && value && line.size() >= 3) disk(machine, static_cast<int>(*value), line[2], "space");
        if (line[0] == "inodes" && value && line.size() >= 3)
          disk(machine, static_cast<int>(*value), line[2], "inodes");
        if (line[0] == "uplink" && value) uplinks_[uplink = static_cast<int>(*value)].push_back(machine);
        if (line[0] == "pods" && value && line.size() >= 3 && uplink > 0)
          packets(machine, static_cast<int>(*value), line[2], uplink);
        if (line[0] == "dns" && line[1] != "ok") names(machine);
        if (line[0] == "etcd" && line[1] != "ok") etcd(machine);
      }
    }
    if (uplinks_.size() > 1) {
      std::string found;
      for (const auto& [mtu, machines] : uplinks_)
        found += (found.empty() ? "" : "; ") + std::to_string(mtu) + " on " + join(machines, ", ");
      add(ErrorKind::unavailable, "the machines' networks carry packets of different sizes", found, "one MTU",
          "give the interfaces one MTU; until then large answers get lost between these machines");
    }
    return std::move(problems_);
  }

 private:
  void add(ErrorKind kind, const std::string& summary, const std::string& found, const std::string& expected,
           const std::string& advice) {
    problems_.push_back(fail(kind, summary, {.found = found, .expected = expected, .advice = advice}));
  }

  void clock(const std::string& machine, double seconds) {
    const auto since = [](WallTime at) { return std::chrono::duration<double>(at.time_since_epoch()).count(); };
    const double slack = static_cast<double>(clock_slack.count());
    double wrong = 0;
    if (seconds < since(answers_.asked) - slack) wrong = seconds - since(answers_.asked);
    if (seconds > since(answers_.answered) + slack) wrong = seconds - since(answers_.answered);
    if (wrong == 0) return;
    add(ErrorKind::unavailable, "the clock of " + machine + " is wrong",
        std::to_string(std::llround(std::abs(wrong))) +
            (wrong < 0 ? " s behind this machine's" : " s before this machine's"),
        "at most " + std::to_string(clock_slack.count()) + " s",
        "slipway exec " + spec_ + " " + machine + " -- timedatectl");
  }

  void disk(const std::string& machine, int percent, const std::string& place, const char* what) {
    if (percent < full_disk) return;
    add(ErrorKind::quota, "a disk of " + machine + " is filling up",
        place + ": " + std::to_string(percent) + " % of its " + what, "below " + std::to_string(full_disk) + " %",
        "slipway exec " + spec_ + " " + machine + " -- du -xh --max-depth 3 /var; docs/runbooks.md, 2");
  }

  void packets(const std::string& machine, int mtu, const std::string& link, int uplink) {
    const int room = link == "flannel.1" ? 50 : 0;  // VXLAN's own header.
    if (mtu + room <= uplink) return;
    add(ErrorKind::unavailable, "pods on " + machine + " send larger packets than its network carries",
        link + ": " + std::to_string(mtu) + ", the network: " + std::to_string(uplink),
        "at most " + std::to_string(uplink - room),
        "slipway exec " + spec_ + " " + machine + " -- ip link delete " + link +
            "; flannel makes it again as it should be");
  }

  void names(const std::string& machine) {
    add(ErrorKind::unavailable, "cluster DNS does not answer " + machine,
        "no answer for kube-dns.kube-system.svc.cluster.local", "an address", "slipway logs " + spec_ + " coredns");
  }

  void etcd(const std::string& machine) {
    add(ErrorKind::unavailable, "etcd on " + machine + " has no leader or is not healthy", "", "healthy",
        "slipway logs " + spec_ + " " + machine);
  }

  const HostAnswers& answers_;
  const std::string& spec_;
  std::map<int, std::vector<std::string>> uplinks_;
  std::vector<Error> problems_;
};

/// Why a pod is stuck; empty: it is not.
std::string trouble_of(const Value& pod, WallTime now) {
  const Value metadata = pod.value("metadata", Value::object()), status = pod.value("status", Value::object());
  if (const auto ends = time_in(text_at(metadata, "deletionTimestamp")); ends)
    return now - *ends > ending_limit ? "ending for " + minutes(*ends, now) : "";
  static const std::set<std::string> bad = {"CrashLoopBackOff", "ImagePullBackOff",     "ErrImagePull",
                                            "InvalidImageName", "CreateContainerError", "CreateContainerConfigError",
                                            "RunContainerError"};
  for (const char* list : {"initContainerStatuses", "containerStatuses"})
    for (const Value& container : status.value(list, Value::array())) {
      const std::string reason =
          text_at(container.value("state", Value::object()).value("waiting", Value::object()), "reason");
      if (bad.contains(reason)) return text_at(container, "name") + ": " + reason;
    }
  const auto made = time_in(text_at(metadata, "creationTimestamp"));
  if (text_at(status, "phase") == "Pending" && made && now - *made > pending_limit) {
    for (const Value& condition : status.value("conditions", Value::array()))
      if (text_at(condition, "type") == "PodScheduled" && text_at(condition, "status") == "False")
        return "pending for " + minutes(*made, now) + ": " + text_at(condition, "message");
    return "pending for " + minutes(*made, now);
  }
  return {};
}

}  // namespace

std::string health_script(const std::string& dns_address) {
  return replace_all(R"sh(echo "clock $(date +%s.%N)"
df -P / /var/lib/kubelet /var/lib/containerd /var/lib/etcd /var/lib/slipway /var/log 2>/dev/null |
  awk 'NR > 1 && !seen[$6]++ { sub("%", "", $5); print "disk", $5, $6 }'
df -Pi / /var/lib/kubelet /var/lib/containerd /var/lib/etcd 2>/dev/null |
  awk 'NR > 1 && !seen[$6]++ && $5 != "-" { sub("%", "", $5); print "inodes", $5, $6 }'
uplink=$(ip -o -4 route show default | sed -n 's/.* dev \([^ ]*\).*/\1/p' | head -n 1)
[ -n "$uplink" ] && echo "uplink $(cat "/sys/class/net/$uplink/mtu")"
for link in cni0 flannel.1; do
  [ -e /sys/class/net/$link/mtu ] && echo "pods $(cat /sys/class/net/$link/mtu) $link"
done
if [ -e /etc/kubernetes/kubelet.conf ]; then
  # A question to the DNS of the cluster, as its bytes: bash speaks UDP where no program for it is installed. None of
  # them is a line end, at which bash would cut the question in two.
  answer=$(timeout 6 bash -c '
    for try in 1 2; do
      exec 3<>/dev/udp/@DNS@/53
      printf "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x08kube-dns\x0bkube-system\x03svc\x07cluster\x05local\x00\x00\x01\x00\x01" >&3
      answer=$(timeout 2 head -c 12 <&3 | od -An -tx1)
      [ -n "$answer" ] && echo "$answer" && break
    done' 2>/dev/null)
  case "$answer" in " 12 34 "??" "?"0 00 01 00 "0[1-9]*) echo "dns ok" ;; *) echo "dns silent" ;; esac
fi
if [ -e /etc/kubernetes/manifests/etcd.yaml ]; then
  if curl -sf -m 3 http://127.0.0.1:2381/health | grep -q '"health": *"true"'; then echo "etcd ok"; else echo "etcd ill"; fi
fi
)sh",
                     "@DNS@", dns_address);
}

std::vector<Error> host_problems(const HostAnswers& answers, const std::string& spec_path) {
  return HostJudge(answers, spec_path).judge();
}

std::vector<Error> pod_problems(const std::vector<Value>& pods, WallTime now, const std::string& spec_path) {
  std::vector<Error> problems;
  size_t more = 0;
  for (const Value& pod : pods) {
    const std::string trouble = trouble_of(pod, now);
    if (trouble.empty()) continue;
    if (problems.size() == shown_pods) {
      ++more;
      continue;
    }
    const Value metadata = pod.value("metadata", Value::object());
    const std::string name = text_at(metadata, "name"), space = text_at(metadata, "namespace");
    problems.push_back(
        fail(ErrorKind::unavailable, "pod " + space + "/" + name + " is stuck",
             {.found = trouble,
              .expected = "running",
              .advice = "kubectl -n " + space + " describe pod " + name + "; slipway plan " + spec_path}));
  }
  if (more > 0)
    problems.push_back(fail(ErrorKind::unavailable, "more pods are stuck",
                            {.found = std::to_string(more) + " more", .advice = "kubectl get pods -A"}));
  return problems;
}

std::vector<Error> leader_problems(const std::vector<Value>& leases, WallTime now, const std::string& spec_path) {
  std::vector<Error> problems;
  for (const std::string name : {"kube-controller-manager", "kube-scheduler"}) {
    std::string found = "no lease";
    for (const Value& lease : leases) {
      if (text_at(lease.value("metadata", Value::object()), "name") != name) continue;
      const auto renewed = time_in(text_at(lease.value("spec", Value::object()), "renewTime"));
      found = !renewed                       ? "a lease that was never renewed"
              : now - *renewed > lease_limit ? "not renewed for " + minutes(*renewed, now)
                                             : "";
    }
    if (!found.empty())
      problems.push_back(fail(ErrorKind::unavailable, name + " has no leader",
                              {.found = found,
                               .expected = "a lease younger than " + std::to_string(lease_limit.count()) + " s",
                               .advice = "slipway repair " + spec_path}));
  }
  return problems;
}

std::vector<Error> version_problems(const std::vector<Value>& nodes, const std::string& api_version,
                                    const std::string& wanted, const std::string& spec_path) {
  std::map<std::string, std::vector<std::string>> others;
  if (!api_version.empty() && api_version != "v" + wanted) others[api_version].emplace_back("the API server");
  for (const Value& node : nodes) {
    const std::string version =
        text_at(node.value("status", Value::object()).value("nodeInfo", Value::object()), "kubeletVersion");
    if (!version.empty() && version != "v" + wanted)
      others[version].push_back(text_at(node.value("metadata", Value::object()), "name"));
  }
  std::vector<Error> problems;
  for (const auto& [version, who] : others)
    problems.push_back(fail(ErrorKind::world_changed, "versions are out of step",
                            {.found = version + " on " + join(who, ", "),
                             .expected = "v" + wanted,
                             .advice = "slipway plan " + spec_path + " shows what differs"}));
  return problems;
}

}  // namespace slipway
