#include "base/digest.h"
#include "base/file.h"
#include "base/text.h"
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

StepId upkeep_step(const MachineName& machine) { return StepId("host/" + machine.text() + "/upkeep"); }

class KubeadmChapter {
 public:
  explicit KubeadmChapter(GraphDraft& draft) : draft_(draft), first_(initialising_machine(draft.blueprint)) {}

  Result<void> write() {
    for (const Member& member : draft_.blueprint.membership.members) {
      Result<StepId> step = first_ == member.name ? add_init(member) : add_join(member);
      if (!step) return std::move(step).error();
      if (member.pool->role == Role::control_plane) {
        if (Result<void> added = add_certificate(member, *step); !added) return added;
        if (Result<void> added = add_upkeep(member); !added) return added;
      }
      Result<StepId> kubelet = add_kubelet(member, *step);
      if (!kubelet) return std::move(kubelet).error();
      draft_.members.emplace(member.name, std::move(*kubelet));
    }
    return add_rewrite();
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

  /// All that a template of the machine may name.
  Value variables_of(const Member& member) const {
    Value variables = draft_.shelf.variables();
    variables.update(*draft_.variables.at(member.name));
    return variables;
  }

  HostPlaybook playbook_for(const Member& member, std::string name, Value variables = Value::object()) const {
    return {.playbook = std::move(name),
            .member = &member,
            .shared = {draft_.variables.at(member.name)},
            .variables = std::move(variables)};
  }

  Result<StepId> add_init(const Member& member) {
    Result<std::string> configuration = rendered("kubeadm-init.yaml.mustache", variables_of(member));
    if (!configuration) return std::move(configuration).error();
    StepInfo info = info_for(member, init_step, "the cluster's first control plane on " + member.name.text());
    Result<std::unique_ptr<Step>> playbook =
        draft_.shelf.make(playbook_for(member, "kubeadm-init", {{"kubeadm_configuration", *configuration}}), info);
    if (!playbook) return std::move(playbook).error();
    info.layer = Layer::cluster;
    info.carries_data = true;
    info.expected = Seconds(8);
    return draft_.graph.add(std::move(info),
                            std::make_unique<InitStep>(std::move(*playbook), was_initialised(draft_.blueprint.state)));
  }

  Result<StepId> add_join(const Member& member) {
    const bool control_plane = member.pool->role == Role::control_plane;
    StepInfo info = info_for(member, join_step(member.name), member.name.text() + " joins the cluster");
    if (first_) info.inputs["cluster"] = {init_step, "done"};
    Result<std::unique_ptr<Step>> playbook = draft_.shelf.make(playbook_for(member, "kubeadm-join"), info);
    if (!playbook) return std::move(playbook).error();
    Result<std::shared_ptr<const JoinTicket>> ticket = ticket_for(member);
    if (!ticket) return std::move(ticket).error();
    info.layer = Layer::cluster;
    info.expected = Seconds(7);
    // etcd takes one new member at a time.
    if (control_plane) info.lanes.push_back("control-plane-join");
    if (control_plane && !has_joined(draft_.blueprint.state, member.name)) info.after = prepared_control_planes();
    info.carries_data = control_plane;
    return draft_.graph.add(std::move(info),
                            std::make_unique<JoinStep>(std::move(*playbook), std::move(*ticket), member.address));
  }

  /// That of the member's pool, made for its first member.
  Result<std::shared_ptr<const JoinTicket>> ticket_for(const Member& member) {
    std::shared_ptr<const JoinTicket>& ticket = tickets_[member.pool];
    if (ticket) return ticket;
    Value variables = variables_of(member);
    variables["node_name"] = "@NAME@";
    variables["node_address"] = "@ADDRESS@";
    variables["token"] = "@TOKEN@";
    variables["ca_base64"] = base64_encode(draft_.blueprint.identity.cluster_ca.certificate_pem);
    Result<std::string> configuration = rendered("kubeadm-join.yaml.mustache", variables);
    if (!configuration) return std::move(configuration).error();
    Result<std::string> discovery = rendered("kubeadm-discovery.conf.mustache", variables);
    if (!discovery) return std::move(discovery).error();
    ticket = std::make_shared<const JoinTicket>(JoinTicket{.configuration = std::move(*configuration),
                                                           .discovery = std::move(*discovery),
                                                           .release = draft_.versions.kubernetes,
                                                           .control_plane = member.pool->role == Role::control_plane});
    return ticket;
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
        steps.push_back(upkeep_step(other->name));
      }
    return steps;
  }

  Result<void> add_certificate(const Member& member, const StepId& joined) {
    Value settings = variables_of(member);
    settings["certificates_folder"] = "/run/slipway/certificate/pki";
    Result<std::string> configuration = rendered("kubeadm-init.yaml.mustache", settings);
    if (!configuration) return std::move(configuration).error();
    StepInfo info =
        info_for(member, certificate_step(member.name), "API server's certificate on " + member.name.text());
    info.inputs["joined"] = {joined, "done"};
    Result<std::unique_ptr<Step>> step = draft_.shelf.make(
        playbook_for(member, "apiserver-certificate", {{"certificate_configuration", *configuration}}), info);
    if (!step) return std::move(step).error();
    // One control plane at a time.
    info.lanes.push_back("control-plane-join");
    info.expected = Seconds(3);
    draft_.graph.add(std::move(info), std::move(*step));
    return {};
  }

  Result<void> add_upkeep(const Member& member) {
    const Encryption& encryption = draft_.blueprint.identity.encryption;
    Result<std::string> configuration = rendered("kubeadm-init.yaml.mustache", variables_of(member));
    if (!configuration) return std::move(configuration).error();
    StepInfo info = info_for(member, upkeep_step(member.name), "upkeep of the control plane on " + member.name.text());
    info.inputs["certificate"] = {certificate_step(member.name), "done"};
    HostPlaybook wish =
        playbook_for(member, "control-plane-upkeep",
                     {{"upkeep_configuration", *configuration}, {"encryption_keys", join(encryption.known, " ")}});
    wish.secrets = {{"encryption", encryption.configuration}};
    Result<std::unique_ptr<Step>> step = draft_.shelf.make(std::move(wish), info);
    if (!step) return std::move(step).error();
    // One control plane at a time.
    info.lanes.push_back("control-plane-join");
    draft_.graph.add(std::move(info), std::move(*step));
    return {};
  }

  /// While a new encryption key is taken into use: every Secret is written again, once all API servers write with it.
  Result<void> add_rewrite() {
    const Encryption& encryption = draft_.blueprint.identity.encryption;
    const std::vector<const Member*> control_planes = draft_.blueprint.membership.control_planes();
    if (encryption.stage != EncryptionStage::written || control_planes.empty()) return {};
    const Member& member = *control_planes.front();
    StepInfo info = info_for(member, StepId("kubernetes/encryption"), "secrets under the new encryption key");
    // Order without data: another API server might still write with the old key.
    for (const Member* other : control_planes) info.after.push_back(upkeep_step(other->name));
    Result<std::unique_ptr<Step>> step =
        draft_.shelf.make(playbook_for(member, "encryption-rewrite", {{"encryption_key", encryption.key}}), info);
    if (!step) return std::move(step).error();
    info.layer = Layer::cluster;
    draft_.graph.add(std::move(info), std::move(*step));
    return {};
  }

  /// kubeadm writes the kubelet's configuration when the node joins; from then on this step keeps it.
  Result<StepId> add_kubelet(const Member& member, const StepId& joined) {
    StepInfo info;
    info.id = StepId("host/" + member.name.text() + "/kubelet");
    info.title = "kubelet on " + member.name.text();
    info.inputs["access"] = {draft_.machines.at(member.name), "access"};
    info.inputs["joined"] = {joined, "done"};
    Result<std::unique_ptr<Step>> step = draft_.shelf.make(playbook_for(member, "kubelet"), info);
    if (!step) return std::move(step).error();
    return draft_.graph.add(std::move(info), std::move(*step));
  }

  GraphDraft& draft_;
  std::optional<MachineName> first_;
  std::map<const Pool*, std::shared_ptr<const JoinTicket>> tickets_;
};

}  // namespace

bool was_initialised(const State& state) {
  if (state.facts.contains("initialised")) return true;
  for (const auto& [id, record] : state.steps)
    if (record.applied && (id == init_step || id.text().starts_with("kubernetes/join/"))) return true;
  return false;
}

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
