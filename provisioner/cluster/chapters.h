#pragma once
// The chapters of expand(): each adds its steps and answers what later chapters hang theirs on.

#include <memory>
#include <optional>
#include <unordered_map>

#include "cluster/expand.h"
#include "cluster/shelf.h"
#include "cluster/variables.h"

namespace slipway {

/// Machine -> the step that stands for how far it has come.
using StepsByMachine = std::unordered_map<MachineName, StepId>;

/// What the chapters share while they write. (Draft is the name of the unfinished spec.)
struct GraphDraft {
  Graph& graph;
  const Blueprint& blueprint;
  const Versions& versions;
  Shelf& shelf;
  ArtifactSteps& artifacts;
  StepsByMachine machines{};  ///< Output "access". Filled by add_machines.
  StepsByMachine hosts{};     ///< Output "done": ready for kubeadm. Filled by add_hosts.
  StepsByMachine members{};   ///< Output "done": part of the cluster. Filled by add_kubeadm.
  /// What member_variables answers of each machine, which all its playbooks have.
  std::unordered_map<MachineName, std::shared_ptr<const Value>> variables{};
};

/// expand.cpp: begins a draft of the whole cluster and has `write` fill it.
Result<void> write_draft(Graph& graph, const Blueprint& blueprint,
                         const std::function<Result<void>(GraphDraft& draft)>& write);
/// machines.cpp: the provider's own steps.
Result<void> add_machines(GraphDraft& draft);
/// hosts.cpp: base system, container runtime, Kubernetes' programs and images; on control planes CA files and the
/// virtual address.
Result<void> add_hosts(GraphDraft& draft);
/// kubernetes.cpp: init and joins, kubelet settings.
Result<void> add_kubeadm(GraphDraft& draft);
/// addons.cpp: the pod network, then the spec's add-ons: images and volumes on hosts, objects, gates, parts.
Result<void> add_addons(GraphDraft& draft);
/// nodes.cpp: labels, taints, Ready.
Result<void> add_nodes(GraphDraft& draft);

/// The control plane that made the cluster or shall make it; nothing where the one that did has left since.
std::optional<MachineName> initialising_machine(const Blueprint& blueprint);

/// Whether state knows that the cluster was made once. Init is a fact of the cluster, not of a machine.
bool was_initialised(const State& state);

inline const StepId pod_network_step("addon/flannel");

}  // namespace slipway
