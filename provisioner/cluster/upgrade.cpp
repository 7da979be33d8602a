#include "cluster/upgrade.h"

#include <algorithm>

#include "base/file.h"
#include "cluster/chapters.h"
#include "cluster/upgrade_step.h"
#include "playbook/render.h"

namespace slipway {
namespace {

StepId images_step(const MachineName& machine) { return StepId(upgrade_step(machine).text() + "/images"); }

class UpgradeChapter {
 public:
  UpgradeChapter(GraphDraft& draft, const UpgradeOrder& order) : draft_(draft), order_(order) {}

  Result<void> write() {
    const Membership& membership = draft_.blueprint.membership;
    for (const Member& member : membership.members)
      if (Result<void> added = add_images(member); !added) return added;
    const std::vector<std::vector<const Member*>> waves = upgrade_waves(membership, order_.max_unavailable);
    for (size_t i = 0; i < waves.size(); ++i) {
      for (const Member* member : waves[i]) {
        // Order without data: the wave before is well before the next begins. Behind the first are the images of all:
        // with the last control plane kube-proxy changes on every node.
        std::vector<StepId> after;
        for (const Member* earlier : i == 0 ? std::vector<const Member*>() : waves[i - 1])
          after.push_back(upgrade_step(earlier->name));
        if (i == 0)
          for (const Member& other : membership.members) after.push_back(images_step(other.name));
        const std::string title = member->name.text() + " to Kubernetes " + order_.release.to + ", wave " +
                                  std::to_string(i + 1) + " of " + std::to_string(waves.size());
        if (Result<void> added = add_node(*member, i == 0, std::move(after), title); !added) return added;
      }
    }
    return {};
  }

 private:
  StepInfo info_for(const Member& member, StepId id) const {
    StepInfo info;
    info.id = std::move(id);
    info.inputs["access"] = {draft_.machines.at(member.name), "access"};
    return info;
  }

  HostPlaybook playbook_for(const Member& member, std::string name) const {
    return {.playbook = std::move(name), .member = &member, .shared = {draft_.variables.at(member.name)}};
  }

  Result<void> add_images(const Member& member) {
    StepInfo info = info_for(member, images_step(member.name));
    info.title = "images of Kubernetes " + order_.release.to + " on " + member.name.text();
    info.expected = Seconds(15);
    HostPlaybook wish = playbook_for(member, "upgrade-images");
    wish.artifacts["images"] = member.pool->role == Role::control_plane ? "images/control-plane" : "images/worker";
    Result<std::unique_ptr<Step>> step = draft_.shelf.make(std::move(wish), info);
    if (!step) return std::move(step).error();
    draft_.graph.add(std::move(info), std::move(*step));
    return {};
  }

  Result<void> add_node(const Member& member, bool first, std::vector<StepId> after, const std::string& title) {
    Result<std::string> source =
        read_file(draft_.blueprint.data_directory + "/playbooks/files/kubeadm-upgrade.yaml.mustache");
    if (!source) return std::move(source).error();
    Result<std::string> configuration =
        playbook::render("kubeadm-upgrade.yaml.mustache", *source, draft_.shelf.variables());
    if (!configuration) return std::move(configuration).error();
    StepInfo info = info_for(member, upgrade_step(member.name));
    HostPlaybook wish = playbook_for(member, "upgrade");
    wish.variables = {{"upgrade_configuration", *configuration}, {"upgrade_verb", first ? "apply" : "node"}};
    wish.artifacts = {{"kubelet", "binary/kubelet"}, {"kubeadm", "binary/kubeadm"}};
    if (member.pool->role == Role::control_plane) wish.artifacts["kubectl"] = "binary/kubectl";
    Result<std::unique_ptr<Step>> upgrade = draft_.shelf.make(std::move(wish), info);
    if (!upgrade) return std::move(upgrade).error();
    Result<std::unique_ptr<Step>> kubelet = draft_.shelf.make(playbook_for(member, "kubelet"), info);
    if (!kubelet) return std::move(kubelet).error();
    info.layer = Layer::cluster;
    info.title = title;
    info.after = std::move(after);
    info.expected = member.pool->role == Role::control_plane ? Seconds(90) : Seconds(40);
    info.limit = std::chrono::minutes(40);
    info.tries = 2;  // A drain that a budget refuses is tried for ten minutes in all.
    NodeUpgrade node{.machine = member.name,
                     .from = order_.release.running,
                     .to = order_.release.to,
                     .run = RunId(order_.release.run),
                     .drains = draft_.blueprint.membership.members.size() > 1,
                     .bare_pods = order_.bare_pods};
    draft_.graph.add(std::move(info),
                     std::make_unique<UpgradeStep>(std::move(node), std::move(*upgrade), std::move(*kubelet)));
    return {};
  }

  GraphDraft& draft_;
  const UpgradeOrder& order_;
};

}  // namespace

StepId upgrade_step(const MachineName& machine) { return StepId("upgrade/" + machine.text()); }

std::vector<std::vector<const Member*>> upgrade_waves(const Membership& membership, size_t max_unavailable) {
  std::vector<std::vector<const Member*>> waves;
  for (const Member* member : membership.control_planes()) waves.push_back({member});
  const size_t control_planes = waves.size();
  for (const Member& member : membership.members) {
    if (member.pool->role == Role::control_plane) continue;
    if (waves.size() == control_planes || waves.back().size() >= std::max<size_t>(1, max_unavailable))
      waves.emplace_back();
    waves.back().push_back(&member);
  }
  return waves;
}

Result<void> expand_upgrade(Graph& graph, const Blueprint& blueprint, const UpgradeOrder& order) {
  return write_draft(graph, blueprint, [&](GraphDraft& draft) -> Result<void> {
    if (Result<void> machines = add_machines(draft); !machines) return machines;
    return UpgradeChapter(draft, order).write();
  });
}

void forget_former_artifacts(State& state, const std::string& release) {
  for (const char* name :
       {"binary/kubelet", "binary/kubeadm", "binary/kubectl", "images/control-plane", "images/worker"}) {
    const auto record = state.steps.find(StepId(std::string("artifact/") + name));
    if (record != state.steps.end() && text_at(record->second.outputs, "version") != release) state.steps.erase(record);
  }
}

}  // namespace slipway
