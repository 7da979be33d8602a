#include "cluster/expand.h"

#include <algorithm>

#include "cluster/chapters.h"
#include "cluster/cleanup_step.h"
#include "cluster/node_step.h"
#include "cluster/removals.h"
#include "cluster/volumes.h"
#include "kube/remove_objects.h"
#include "providers/common/remove_step.h"

namespace slipway {
namespace {

/// The removal data with what was made besides: objects out of a file are known only once it was applied.
Value everything_made(const StepRecord& record) {
  Value data = record.removal_data;
  if (!data.is_object() || !record.outputs.is_object()) return data;
  for (const Value& key : record.outputs.value("inventory", Value::array()))
    if (Value& keys = data["objects"]; std::find(keys.begin(), keys.end(), key) == keys.end()) keys.push_back(key);
  return data;
}

/// Whether state knows the machine as a control plane.
bool was_control_plane(const State& state, const std::string& machine) {
  return state.steps.contains(StepId("host/" + machine + "/control-plane"));
}

/// The removal of a machine's node; a control plane gives up its seat in etcd with it.
Result<std::unique_ptr<Step>> make_node_removal(Shelf& shelf, const Blueprint& blueprint, const std::string& node) {
  if (!was_control_plane(blueprint.state, node)) return std::unique_ptr<Step>(std::make_unique<RemoveNodeStep>(node));
  Result<EtcdSeatRemoval> seat = EtcdSeatRemoval::make(shelf, blueprint.spec.name, node,
                                                       control_plane_access(blueprint.state, blueprint.membership));
  if (!seat) return std::move(seat).error();
  return std::unique_ptr<Step>(std::make_unique<RemoveNodeStep>(node, std::move(*seat)));
}

/// What removal kinds mean. `shelf` gives the playbook that takes a cluster off somebody else's host.
RemovalFactory removal_factory(const Blueprint& blueprint, Shelf& shelf) {
  return [&blueprint, &shelf](const StepRecord& record) -> Result<std::unique_ptr<Step>> {
    if (record.removal_kind == "cloud") {
      Result<RemovalTarget> target = removal_target_from(record.removal_data, record.outputs);
      if (!target) return std::move(target).error();
      if (target->mark.empty()) target->mark = record.mark;
      target->intent_open = record.intent_open;
      target->list_lag = blueprint.provider.list_lag();
      return std::unique_ptr<Step>(std::make_unique<RemoveObjectStep>(std::move(*target)));
    }
    if (record.removal_kind == "node") return make_node_removal(shelf, blueprint, text_at(record.removal_data, "name"));
    if (record.removal_kind == "objects") {
      Result<std::unique_ptr<RemoveObjectsStep>> step =
          RemoveObjectsStep::make(everything_made(record), blueprint.delete_data);
      if (!step) return std::move(step).error();
      return std::unique_ptr<Step>(std::move(*step));
    }
    if (record.removal_kind == "volume") return make_volume_removal(shelf, blueprint, record.removal_data);
    if (record.removal_kind == "existing-host")
      return make_cleanup_step(shelf, blueprint.spec.name, record.removal_data);
    return fail(ErrorKind::internal, "the state names a kind of removal that this program does not know",
                {.found = record.removal_kind, .advice = "use the version of Slipway that wrote the state"});
  };
}

}  // namespace

Result<void> write_draft(Graph& graph, const Blueprint& blueprint,
                         const std::function<Result<void>(GraphDraft& draft)>& write) {
  const Versions& versions = blueprint.platform.versions;
  ArtifactSteps artifacts(graph);
  Shelf shelf(blueprint.data_directory + "/playbooks", blueprint.spec.name, artifacts,
              cluster_variables(blueprint.spec, blueprint.membership, versions));
  GraphDraft draft{graph, blueprint, versions, shelf, artifacts};
  const size_t machines = blueprint.membership.members.size();
  draft.variables.reserve(machines);
  for (StepsByMachine* steps : {&draft.machines, &draft.hosts, &draft.members}) steps->reserve(machines);
  for (const Member& member : blueprint.membership.members)
    draft.variables.emplace(
        member.name, std::make_shared<const Value>(member_variables(blueprint.spec, blueprint.membership, member)));
  return write(draft);
}

Result<void> expand(Graph& graph, const Blueprint& blueprint) {
  constexpr size_t steps_of_a_machine = 10;
  graph.expect(steps_of_a_machine * blueprint.membership.members.size());
  return write_draft(graph, blueprint, [&](GraphDraft& draft) -> Result<void> {
    for (const auto& chapter : {add_machines, add_hosts, add_kubeadm, add_addons, add_nodes})
      if (Result<void> written = chapter(draft); !written) return written;
    return add_removals(graph, blueprint.state, {}, removal_factory(blueprint, draft.shelf));
  });
}

Result<void> expand_destroy(Graph& graph, const Blueprint& blueprint) {
  ArtifactSteps artifacts(graph);
  Shelf shelf(blueprint.data_directory + "/playbooks", blueprint.spec.name, artifacts);
  return add_removals(graph, blueprint.state, {.everything = true, .cluster_goes_too = true},
                      removal_factory(blueprint, shelf));
}

}  // namespace slipway
