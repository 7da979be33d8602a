#include "providers/simulated/cluster.h"

#include <algorithm>

#include "base/release.h"
#include "base/text.h"

namespace slipway::simulated {
namespace {

const std::vector<std::string> workload_kinds = {"Deployment", "DaemonSet", "StatefulSet", "ReplicaSet"};

Value condition(const char* type, bool holds, const char* reason) {
  return {{{"type", type}, {"status", holds ? "True" : "False"}, {"reason", reason}}};
}

const Value& below(const Value& object, const std::string& path) {
  static const Value none = Value::object();
  const Value* at = &object;
  for (const std::string& part : split(path, '/')) {
    if (!at->is_object() || !at->contains(part)) return none;
    at = &at->at(part);
  }
  return *at;
}

bool includes(const Value& labels, const Value& selector) {
  if (!selector.is_object() || selector.empty()) return false;
  for (const auto& [key, value] : selector.items())
    if (!labels.is_object() || labels.value(key, Value()) != value) return false;
  return true;
}

/// What a controller reports of a workload that has all its pods, or none for want of a node.
Value workload_status(const Value& object, size_t nodes) {
  const int64_t generation = below(object, "metadata").value("generation", int64_t{1});
  if (text_at(object, "kind") == "DaemonSet")
    return {{"observedGeneration", generation},
            {"desiredNumberScheduled", nodes},
            {"currentNumberScheduled", nodes},
            {"updatedNumberScheduled", nodes},
            {"numberReady", nodes},
            {"numberAvailable", nodes},
            {"numberMisscheduled", int64_t{0}}};
  const int64_t wanted = below(object, "spec").value("replicas", int64_t{1});
  const int64_t up = nodes > 0 ? wanted : 0;
  return {{"observedGeneration", generation},
          {"replicas", up},
          {"updatedReplicas", up},
          {"readyReplicas", up},
          {"availableReplicas", up},
          {"currentRevision", "r" + std::to_string(generation)},
          {"updateRevision", "r" + std::to_string(generation)}};
}

}  // namespace

Cluster::Cluster(World& world, VirtualClock& clock, FaultPlan& faults, Milliseconds latency)
    : world_(world), clock_(clock), faults_(faults), latency_(latency) {
  world_.each("api/", [&](const std::string& key, const Value& object) {
    if (text_at(object, "kind") == "Node") ++nodes_;
    server_.load(key.substr(3), object);
  });
  server_.on_change = [this](const std::string& path, const Value* object) {
    if (object) {
      world_.set("api" + path, *object);
      changed_kinds_.insert(text_at(*object, "kind"));
    } else {
      world_.erase("api" + path);
      if (path.starts_with("/api/v1/nodes/")) changed_kinds_.insert("Node");
    }
  };
  server_.proxied = [](const std::string&) { return 200; };
}

bool Cluster::answers() const {
  size_t members = 0, up = 0;
  world_.each("etcd/", [&](const std::string& key, const Value&) {
    ++members;
    const Value* machine = world_.find("object/machine/" + key.substr(5));
    if (machine && text_at(machine->at("fields"), "state") == "running") ++up;
  });
  return members > 0 && up * 2 > members;
}

std::string Cluster::etcd_answer() const {
  if (!answers()) return {};
  Value members = Value::array(), health = Value::array();
  world_.each("etcd/", [&](const std::string& key, const Value&) {
    const Value* machine = world_.find("object/machine/" + key.substr(5));
    const std::string url = "https://" + key.substr(5) + ":2379";
    members.push_back({{"name", machine ? text_at(*machine, "name") : ""}, {"clientURLs", {url}}});
    health.push_back({{"endpoint", url}, {"health", machine && text_at(machine->at("fields"), "state") == "running"}});
  });
  const Value list = {{"members", std::move(members)}};
  return list.dump() + "\n" + health.dump() + "\n";
}

std::string Cluster::api_release() const {
  std::optional<Release> oldest;
  world_.each("etcd/", [&](const std::string& key, const Value&) {
    const Value* machine = world_.find("object/machine/" + key.substr(5));
    const std::optional<Release> release = parse_release(world_.text("release/" + key.substr(5)));
    if (machine && text_at(machine->at("fields"), "state") == "running" && release)
      oldest = std::min(oldest.value_or(*release), *release);
  });
  return oldest ? to_string(*oldest) : server_.release;
}

Result<HttpResponse> Cluster::handle(const HttpRequest& request) {
  clock_.stir();
  const ApiCall call = read_call(request);
  const std::string name = "cluster/" + request.method + call.path;
  if (latency_.count() > 0) clock_.sleep_for(latency_);
  const std::optional<Strike> strike = faults_.strike(name);
  if (strike && strike->fault == Fault::slow) clock_.sleep_for(strike->span);
  if (strike && strike->fault == Fault::clock_jump) clock_.shift_wall(strike->span);
  const std::optional<Error> error = strike ? error_of(*strike, name) : std::nullopt;
  if (strike && strike->fault == Fault::timeout_before) clock_.sleep_for(request.deadline.left());
  if (strike && strike->fault == Fault::throttle)
    return HttpResponse{.status = 429,
                        .headers = {{"retry-after", std::to_string(strike->span.count())}},
                        .body = R"({"kind":"Status","message":"too many requests","code":429})"};
  if (strike && strike->fault == Fault::server_error)
    return HttpResponse{.status = 500,
                        .body = R"({"kind":"Status","message":"etcdserver: leader changed","code":500})"};
  if (strike && strike->fault == Fault::refuse)
    return HttpResponse{.status = 401, .body = R"({"kind":"Status","message":"Unauthorized","code":401})"};
  if (error && !takes_effect(strike->fault)) return *error;

  const auto lock = world_.enter();
  if (!answers())
    return fail(ErrorKind::unavailable, "no control plane answers",
                {.found = "connection refused", .where = request.url});
  server_.release = api_release();
  Result<HttpResponse> answer = server_.handle(request);
  after_changes();
  world_.set_time(clock_.elapsed());
  if (Result<void> kept = world_.commit(); !kept) return std::move(kept).error();
  if (error) {
    if (strike->fault == Fault::timeout_after) clock_.sleep_for(request.deadline.left());
    return *error;
  }
  return answer;
}

bool Cluster::has_network() const {
  const std::vector<Value> sets = server_.all("DaemonSet");
  return std::any_of(sets.begin(), sets.end(),
                     [](const Value& set) { return below(set, "spec/template/spec/hostNetwork") == Value(true); });
}

void Cluster::add_node(const std::string& name, bool control_plane) {
  const ObjectKey key{"v1", "Node", "", name};
  if (server_.find(key)) {
    // A machine that was made again takes its node over.
    set_ready(name, has_network());
    return;
  }
  Value labels = {{"kubernetes.io/hostname", name}, {"kubernetes.io/os", "linux"}, {"kubernetes.io/arch", "amd64"}};
  if (control_plane) labels["node-role.kubernetes.io/control-plane"] = "";
  server_.put({{"apiVersion", "v1"},
               {"kind", "Node"},
               {"metadata", {{"name", name}, {"labels", labels}}},
               {"spec", Value::object()}},
              "kubelet");
  ++nodes_;
  set_ready(name, has_network());
}

void Cluster::set_ready(const std::string& name, bool ready) {
  const ObjectKey key{"v1", "Node", "", name};
  if (server_.find(key))
    server_.set_status(key, {{"conditions", condition("Ready", ready, ready ? "KubeletReady" : "KubeletNotReady")},
                             {"nodeInfo", {{"kubeletVersion", "v" + world_.text("kubelet/" + name)}}}});
}

std::string Cluster::initialise(const std::string& machine_id, const std::string& name, const std::string& release) {
  // A second init beside living data is what must never happen: it is counted, and tests look at the number.
  const Value* before = world_.find("count/inits");
  world_.set("count/inits", (before ? before->get<int64_t>() : 0) + 1);
  world_.set("etcd/" + machine_id, true);
  world_.set("release/" + machine_id, release);
  world_.set("kubelet/" + name, release);
  world_.set("host/" + machine_id + "/node", true);
  add_node(name, true);
  after_changes();
  return {};
}

std::string Cluster::join(const std::string& machine_id, const std::string& name, const std::string& release,
                          const std::string& token, bool control_plane) {
  if (!answers()) return "error execution phase preflight: couldn't validate the identity of the API Server";
  const std::string id = token.substr(0, token.find('.'));
  const std::optional<Value> secret = server_.find({"v1", "Secret", "kube-system", "bootstrap-token-" + id});
  if (token.empty() || !secret) return "error execution phase preflight: Unauthorized";
  if (control_plane) {
    world_.set("etcd/" + machine_id, true);
    world_.set("release/" + machine_id, release);
  }
  world_.set("kubelet/" + name, release);
  world_.set("host/" + machine_id + "/node", true);
  add_node(name, control_plane);
  after_changes();
  return {};
}

std::string Cluster::upgrade(const std::string& machine_id, const std::string& name, const std::string& release) {
  if (!answers()) return "[upgrade/preflight] FATAL: couldn't reach the API Server";
  if (!world_.find("host/" + machine_id + "/node")) return "[upgrade/preflight] FATAL: this host is no node";
  const std::optional<Release> before = parse_release(api_release()), after = parse_release(release);
  if (!before || !after || after->minor > before->minor + 1)
    return "[upgrade/preflight] FATAL: Specified version to upgrade to \"v" + release + "\" is too high";
  if (world_.find("etcd/" + machine_id))
    world_.set("release/" + machine_id, release);
  else if (*after > *before)
    return "[upgrade/preflight] FATAL: the control plane is older than v" + release;
  world_.set("kubelet/" + name, release);
  set_ready(name, has_network());
  after_changes();
  return {};
}

void Cluster::restart_kubelet(const std::string& machine_id, const std::string& name) {
  if (!world_.find("host/" + machine_id + "/node") || !answers()) return;
  add_node(name, world_.find("etcd/" + machine_id) != nullptr);
  after_changes();
}

void Cluster::machine_changed(const std::string& machine_id, const std::string& name) {
  const Value* machine = world_.find("object/machine/" + machine_id);
  if (!machine) {
    const bool member = world_.find("etcd/" + machine_id);
    world_.erase("etcd/" + machine_id);
    world_.erase("release/" + machine_id);
    if (member && !world_.any("etcd/")) {
      // The data went with its last disk.
      server_.clear();
      nodes_ = 0;
      world_.erase_all("api/");
      changed_kinds_.clear();
      return;
    }
  }
  const bool joined = machine && world_.find("host/" + machine_id + "/node");
  if (machine && !joined) return;
  set_ready(name, joined && text_at(machine->at("fields"), "state") == "running" && has_network());
  after_changes();
}

/// Controllers act on what was changed.
void Cluster::after_changes() {
  if (changed_kinds_.empty()) return;
  const std::set<std::string> kinds = std::exchange(changed_kinds_, {});
  if (kinds.contains("Node")) {
    size_t nodes = 0;
    world_.each("api/api/v1/nodes/", [&](const std::string&, const Value&) { ++nodes; });
    nodes_ = nodes;
  }
  if (kinds.contains("DaemonSet") && has_network())
    for (const Value& node : server_.all("Node"))
      if (below(node, "status").value("conditions", Value()) != condition("Ready", true, "KubeletReady"))
        set_ready(key_of(node).name, true);
  const bool workloads = std::any_of(workload_kinds.begin(), workload_kinds.end(),
                                     [&](const std::string& kind) { return kinds.contains(kind); });
  if (workloads || kinds.contains("Node") || kinds.contains("Service")) settle_workloads();
  const auto settle = [&](const char* kind, const Value& status) {
    if (!kinds.contains(kind)) return;
    for (const Value& object : server_.all(kind))
      if (!object.contains("status")) server_.set_status(key_of(object), status);
  };
  settle("Job", {{"succeeded", 1}, {"conditions", condition("Complete", true, "Completed")}});
  settle("PersistentVolumeClaim", {{"phase", "Bound"}});
  settle("PersistentVolume", {{"phase", "Available"}});
  settle("CustomResourceDefinition", {{"conditions", condition("Established", true, "InitialNamesAccepted")}});
  changed_kinds_.clear();
}

void Cluster::settle_workloads() {
  std::vector<Value> workloads;
  for (const std::string& kind : workload_kinds)
    for (Value& object : server_.all(kind)) {
      server_.set_status(key_of(object), workload_status(object, nodes_));
      workloads.push_back(std::move(object));
    }
  for (const Value& service : server_.all("Service")) settle_service(service, workloads, nodes_ > 0);
}

void Cluster::settle_service(const Value& service, const std::vector<Value>& workloads, bool nodes) {
  const ObjectKey key = key_of(service);
  const bool backed =
      nodes && std::any_of(workloads.begin(), workloads.end(), [&](const Value& workload) {
        return key_of(workload).name_space == key.name_space &&
               includes(below(workload, "spec/template/metadata/labels"), below(service, "spec/selector"));
      });
  const ObjectKey slice{"discovery.k8s.io/v1", "EndpointSlice", key.name_space, key.name + "-slice"};
  const Value endpoints =
      backed ? Value{{{"addresses", {"10.244.0.2"}}, {"conditions", {{"ready", true}}}}} : Value::array();
  const std::optional<Value> before = server_.find(slice);
  if (!before || before->value("endpoints", Value()) != endpoints)
    server_.put({{"apiVersion", slice.api_version},
                 {"kind", slice.kind},
                 {"metadata",
                  {{"name", slice.name},
                   {"namespace", slice.name_space},
                   {"labels", {{"kubernetes.io/service-name", key.name}}}}},
                 {"addressType", "IPv4"},
                 {"endpoints", endpoints}},
                "endpointslice-controller");
  if (backed && text_at(below(service, "spec"), "type") == "LoadBalancer")
    server_.set_status(key, {{"loadBalancer", {{"ingress", {{{"ip", "10.99.0.200"}}}}}}});
}

}  // namespace slipway::simulated
