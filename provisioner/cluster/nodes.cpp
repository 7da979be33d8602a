#include "cluster/chapters.h"
#include "cluster/node_step.h"

namespace slipway {

Result<void> add_nodes(GraphDraft& draft) {
  const Spec& spec = draft.blueprint.spec;
  for (const Member& member : draft.blueprint.membership.members) {
    NodeWish wish{.machine = member.name, .labels = member.pool->labels, .taints = member.pool->taints};
    wish.labels["slipway.dev/cluster"] = spec.name;
    wish.labels["slipway.dev/pool"] = member.pool->name;
    if (member.pool->role == Role::worker) wish.labels["node-role.kubernetes.io/worker"] = "";
    if (has_cloud_controller(spec)) wish.cloud = draft.blueprint.provider.inside_access();
    StepInfo info;
    info.id = StepId("node/" + member.name.text());
    info.layer = Layer::cluster;
    info.machine = member.name;
    info.title = "node " + member.name.text();
    info.inputs["access"] = {draft.machines.at(member.name), "access"};
    if (wish.cloud) info.inputs["id"] = {draft.machines.at(member.name), "id"};
    info.inputs["joined"] = {draft.members.at(member.name), "done"};
    // No node is Ready without the pod network.
    info.after = {pod_network_step};
    info.removal = {"node", {{"name", member.name.text()}}};
    info.protect = member.pool->protect;
    info.expected = Seconds(6);
    draft.graph.add(std::move(info), std::make_unique<NodeStep>(std::move(wish)));
  }
  return {};
}

}  // namespace slipway
