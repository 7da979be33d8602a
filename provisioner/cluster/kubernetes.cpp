#include "base/digest.h"
#include "base/file.h"
#include "cluster/chapters.h"
#include "cluster/kubeadm_steps.h"
#include "playbook/render.h"

namespace slipway {
namespace {

const StepId init_step("kubernetes/init");

StepId join_step(const MachineName& machine) { return StepId("kubernetes/join/" + machine.text()); }
StepId certificate_step(const MachineName& machine) {
  return StepId("host/" + machine.text() + "/apiserver-certificate");
}

/// Whether state knows the machine as part of the cluster.
bool has_joined(const State& state, const MachineName& machine) {
  const auto join = state.steps.find(join_step(machine)), init = state.steps.find(init_step);
  return (join != state.steps.end() && join->second.applied) ||
         (init != state.steps.end() && init->second.applied && init->second.machine == machine.text());
}

/// Whether state knows that the cluster was made once. Init is a fact of the cluster, not of a machine.
bool was_initialised(const State& state) {
  if (state.facts.contains("initialised")) return true;
  for (const auto& [id, record] : state.steps)
    if (record.applied && (id == init_step || id.text().starts_with("kubernetes/join/"))) return true;
  return false;
}

class KubeadmChapter {
 public:
  explicit KubeadmChapter(GraphDraft& draft) : draft_(draft), first_(initialising_machine(draft.blueprint)) {}

  Result<void> write() {
    for (const Member& member : draft_.blueprint.membership.members) {
      Value variables = host_variables(draft_.blueprint.spec, draft_.blueprint.membership, member, draft_.versions);
      Result<StepId> step = first_ == member.name ? add_init(member, variables) : add_join(member, variables);
      if (!step) return std::move(step).error();
      if (member.pool->role == Role::control_plane)
        if (Result<void> added = add_certificate(member, variables, *step); !added) return added;
      Result<StepId> kubelet = add_kubelet(member, std::move(variables), *step);
      if (!kubelet) return std::move(kubelet).error();
      draft_.members.emplace(member.name, std::move(*kubelet));
    }
    return {};
  }

 private:
  StepInfo info_for(const Member& member, StepId id, std::string title) {
    StepInfo info;
    info.id = std::move(id);
    info.title = std::move(title);
    info.inputs["access"] = {draft_.machines.at(member.name), "access"};
    info.inputs["host"] = {draft_.hosts.at(member.name), "done"};
    return info;
  }

  Result<StepId> add_init(const Member& member, Value variables) {
    Result<std::string> configuration = rendered("kubeadm-init.yaml.mustache", variables);
    if (!configuration) return std::move(configuration).error();
    variables["kubeadm_configuration"] = std::move(*configuration);
    StepInfo info = info_for(member, init_step, "the cluster's first control plane on " + member.name.text());
    Result<std::unique_ptr<Step>> playbook =
        draft_.shelf.make({.playbook = "kubeadm-init", .member = &member, .variables = variables}, info);
    if (!playbook) return std::move(playbook).error();
    info.layer = Layer::cluster;
    info.carries_data = true;
    info.expected = Seconds(8);
    return draft_.graph.add(std::move(info),
                            std::make_unique<InitStep>(std::move(*playbook), was_initialised(draft_.blueprint.state)));
  }

  Result<StepId> add_join(const Member& member, Value variables) {
    const bool control_plane = member.pool->role == Role::control_plane;
    StepInfo info = info_for(member, join_step(member.name), member.name.text() + " joins the cluster");
    if (first_) info.inputs["cluster"] = {init_step, "done"};
    Result<std::unique_ptr<Step>> playbook =
        draft_.shelf.make({.playbook = "kubeadm-join", .member = &member, .variables = variables}, info);
    if (!playbook) return std::move(playbook).error();
    Result<JoinTicket> ticket = ticket_for(std::move(variables));
    if (!ticket) return std::move(ticket).error();
    info.layer = Layer::cluster;
    info.expected = Seconds(7);
    // etcd takes one new member at a time.
    if (control_plane) info.lanes.push_back("control-plane-join");
    if (control_plane && !has_joined(draft_.blueprint.state, member.name)) info.after = prepared_control_planes();
    info.carries_data = control_plane;
    return draft_.graph.add(std::move(info), std::make_unique<JoinStep>(std::move(*playbook), std::move(*ticket)));
  }

  Result<JoinTicket> ticket_for(Value variables) {
    variables["token"] = "@TOKEN@";
    variables["ca_base64"] = base64_encode(draft_.blueprint.identity.cluster_ca.certificate_pem);
    Result<std::string> configuration = rendered("kubeadm-join.yaml.mustache", variables);
    if (!configuration) return std::move(configuration).error();
    Result<std::string> discovery = rendered("kubeadm-discovery.conf.mustache", variables);
    if (!discovery) return std::move(discovery).error();
    return JoinTicket{std::move(*configuration), std::move(*discovery)};
  }

  Result<std::string> rendered(const std::string& file, const Value& variables) {
    Result<std::string> source = read_file(draft_.blueprint.data_directory + "/playbooks/files/" + file);
    if (!source) return source;
    return playbook::render(file, *source, variables);
  }

  /// What a new control plane waits for: the others know of it. Their keepalived then counts it in before it starts one
  /// of its own, and the cluster's configuration, which kubeadm reads when joining, names it.
  std::vector<StepId> prepared_control_planes() const {
    std::vector<StepId> steps;
    for (const Member* other : draft_.blueprint.membership.control_planes())
      if (first_ == other->name || has_joined(draft_.blueprint.state, other->name)) {
        steps.push_back(draft_.hosts.at(other->name));
        steps.push_back(certificate_step(other->name));
      }
    return steps;
  }

  Result<void> add_certificate(const Member& member, Value variables, const StepId& joined) {
    Value settings = variables;
    settings["certificates_folder"] = "/run/slipway/certificate/pki";
    Result<std::string> configuration = rendered("kubeadm-init.yaml.mustache", settings);
    if (!configuration) return std::move(configuration).error();
    variables["certificate_configuration"] = std::move(*configuration);
    StepInfo info =
        info_for(member, certificate_step(member.name), "API server's certificate on " + member.name.text());
    info.inputs["joined"] = {joined, "done"};
    Result<std::unique_ptr<Step>> step = draft_.shelf.make(
        {.playbook = "apiserver-certificate", .member = &member, .variables = std::move(variables)}, info);
    if (!step) return std::move(step).error();
    // One control plane at a time.
    info.lanes.push_back("control-plane-join");
    info.expected = Seconds(3);
    draft_.graph.add(std::move(info), std::move(*step));
    return {};
  }

  /// kubeadm writes the kubelet's configuration when the node joins; from then on this step keeps it.
  Result<StepId> add_kubelet(const Member& member, Value variables, const StepId& joined) {
    StepInfo info;
    info.id = StepId("host/" + member.name.text() + "/kubelet");
    info.title = "kubelet on " + member.name.text();
    info.inputs["access"] = {draft_.machines.at(member.name), "access"};
    info.inputs["joined"] = {joined, "done"};
    Result<std::unique_ptr<Step>> step =
        draft_.shelf.make({.playbook = "kubelet", .member = &member, .variables = std::move(variables)}, info);
    if (!step) return std::move(step).error();
    return draft_.graph.add(std::move(info), std::move(*step));
  }

  GraphDraft& draft_;
  std::optional<MachineName> first_;
};

}  // namespace

std::optional<MachineName> initialising_machine(const Blueprint& blueprint) {
  const auto record = blueprint.state.steps.find(init_step);
  if (record != blueprint.state.steps.end() && blueprint.membership.find(MachineName(record->second.machine)))
    return MachineName(record->second.machine);
  const std::vector<const Member*> control_planes = blueprint.membership.control_planes();
  if (was_initialised(blueprint.state) || control_planes.empty()) return std::nullopt;
  return control_planes.front()->name;
}

Result<void> add_kubeadm(GraphDraft& draft) { return KubeadmChapter(draft).write(); }

}  // namespace slipway
