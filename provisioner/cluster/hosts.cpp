#include "base/file.h"
#include "cluster/chapters.h"

namespace slipway {
namespace {

/// Where the binaries of a role lie in the artifact store: variable -> artifact.
const std::map<std::string, std::string> runtime_artifacts = {{"containerd", "binary/containerd"},
                                                              {"containerd_shim", "binary/containerd-shim-runc-v2"},
                                                              {"ctr", "binary/ctr"},
                                                              {"crictl", "binary/crictl"},
                                                              {"cni_bridge", "binary/cni-bridge"},
                                                              {"cni_loopback", "binary/cni-loopback"},
                                                              {"cni_host_local", "binary/cni-host-local"},
                                                              {"cni_portmap", "binary/cni-portmap"}};

std::map<std::string, std::string> kubernetes_artifacts(Role role) {
  std::map<std::string, std::string> artifacts = {{"kubelet", "binary/kubelet"}, {"kubeadm", "binary/kubeadm"}};
  artifacts["images"] = role == Role::control_plane ? "images/control-plane" : "images/worker";
  if (role == Role::control_plane) artifacts["kubectl"] = "binary/kubectl";
  return artifacts;
}

/// The files of /etc/kubernetes/pki that kubeadm takes as given: its own leaf certificates follow from them.
std::map<std::string, Secret> authority_files(const Identity& identity) {
  return {{"ca_key", identity.cluster_ca.key_pem},
          {"front_proxy_ca_key", identity.front_proxy_ca.key_pem},
          {"etcd_ca_key", identity.etcd_ca.key_pem},
          {"service_account_key", identity.service_account.private_pem},
          {"encryption", identity.encryption.configuration}};
}

Value authority_variables(const Identity& identity) {
  return {{"ca", identity.cluster_ca.certificate_pem},
          {"front_proxy_ca", identity.front_proxy_ca.certificate_pem},
          {"etcd_ca", identity.etcd_ca.certificate_pem},
          {"service_account", identity.service_account.public_pem}};
}

class HostChapter {
 public:
  HostChapter(GraphDraft& draft, const Member& member) : draft_(draft), member_(member) {}

  Result<void> write() {
    Result<StepId> base = add({.playbook = "base", .wants_interface = true}, {}, Seconds(3));
    if (!base) return std::move(base).error();
    Result<StepId> runtime = add({.playbook = "containerd", .artifacts = runtime_artifacts}, *base, Seconds(5));
    if (!runtime) return std::move(runtime).error();
    Result<StepId> programs =
        add({.playbook = "kubernetes", .artifacts = kubernetes_artifacts(member_.pool->role)}, *runtime, Seconds(10));
    if (!programs) return std::move(programs).error();
    if (member_.pool->role == Role::control_plane) {
      Result<std::string> policy = read_file(draft_.blueprint.data_directory + "/playbooks/files/audit-policy.yaml");
      if (!policy) return std::move(policy).error();
      const Identity& identity = draft_.blueprint.identity;
      Result<StepId> control = add({.playbook = "control-plane",
                                    .variables = {{"pki", authority_variables(identity)}, {"audit_policy", *policy}},
                                    .secrets = authority_files(identity)},
                                   *programs, Seconds(1), *base);
      if (!control) return std::move(control).error();
      programs = std::move(control);
    }
    draft_.hosts.emplace(member_.name, *programs);
    return {};
  }

 private:
  /// `after`: the playbook whose "done" this one waits for. `facts_of`: the step whose "interface" it needs.
  Result<StepId> add(HostPlaybook wish, const StepId& after, Milliseconds expected, const StepId& facts_of = {}) {
    StepInfo info;
    info.id = StepId("host/" + member_.name.text() + "/" + wish.playbook);
    info.title = wish.playbook + " on " + member_.name.text();
    info.inputs["access"] = {draft_.machines.at(member_.name), "access"};
    if (!after.empty()) info.inputs["after"] = {after, "done"};
    if (!facts_of.empty()) info.inputs["interface"] = {facts_of, "interface"};
    info.expected = expected;
    wish.member = &member_;
    wish.shared = {draft_.variables.at(member_.name)};
    Result<std::unique_ptr<Step>> step = draft_.shelf.make(std::move(wish), info);
    if (!step) return std::move(step).error();
    return draft_.graph.add(std::move(info), std::move(*step));
  }

  GraphDraft& draft_;
  const Member& member_;
};

}  // namespace

Result<void> add_hosts(GraphDraft& draft) {
  for (const Member& member : draft.blueprint.membership.members)
    if (Result<void> written = HostChapter(draft, member).write(); !written) return written;
  return {};
}

}  // namespace slipway
