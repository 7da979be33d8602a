#include "cluster/chapters.h"
#include "kube/gates_step.h"
#include "kube/manifest.h"
#include "kube/objects_step.h"

namespace slipway {
namespace {

/// Those that every cluster has, whatever the spec says.
const std::vector<std::string> own_add_ons = {"flannel", "coredns"};

StepId objects_step(const std::string& add_on) { return StepId("addon/" + add_on); }
StepId ready_step(const std::string& add_on) { return StepId("addon/" + add_on + "/ready"); }

class AddOnChapter {
 public:
  explicit AddOnChapter(Draft& draft)
      : draft_(draft),
        variables_(manifest_variables(draft.blueprint.spec, draft.blueprint.membership, draft.versions)) {}

  Result<void> write() {
    for (const std::string& name : own_add_ons)
      if (Result<void> added = add(name, Value::object()); !added) return added;
    return {};
  }

 private:
  Result<void> add(const std::string& name, const Value& settings) {
    const Blueprint& plan = draft_.blueprint;
    Result<AddOn> add_on = load_add_on(plan.data_directory + "/manifests/" + name, settings, variables_);
    if (!add_on) return std::move(add_on).error();
    const StepId id = objects_step(name);
    const auto record = plan.state.steps.find(id);
    Result<std::unique_ptr<ObjectsStep>> step =
        ObjectsStep::make({.owner = {plan.spec.name, id},
                           .objects = add_on->objects,
                           .recorded = record == plan.state.steps.end() ? std::vector<ObjectKey>{}
                                                                        : recorded_inventory(record->second.outputs),
                           .adopt = add_on->adopt});
    if (!step) return std::move(step).error().while_doing("preparing add-on " + name);
    StepInfo info;
    info.id = id;
    info.layer = Layer::cluster;
    info.title = "add-on " + name;
    info.removal = (*step)->removal();
    info.expected = Seconds(1);
    // The API is there once one control plane is.
    for (const Member* control_plane : plan.membership.control_planes()) {
      info.inputs["api"] = {draft_.members.at(control_plane->name), "done"};
      break;
    }
    for (const std::string& need : add_on->needs) {
      const bool gated = draft_.graph.find(ready_step(need)).has_value();
      info.inputs["needs " + need] = {gated ? ready_step(need) : objects_step(need), gated ? "ready" : "inventory"};
    }
    draft_.graph.add(std::move(info), std::move(*step));
    if (!add_on->gates.empty()) add_gates(name, std::move(add_on->gates));
    return {};
  }

  void add_gates(const std::string& name, std::vector<Gate> gates) {
    StepInfo info;
    info.id = ready_step(name);
    info.layer = Layer::cluster;
    info.title = "add-on " + name + " is ready";
    info.inputs["objects"] = {objects_step(name), "inventory"};
    info.expected = Seconds(5);
    draft_.graph.add(std::move(info), std::make_unique<GatesStep>(GatesOptions{.gates = std::move(gates)}));
  }

  Draft& draft_;
  Value variables_;
};

}  // namespace

Result<void> add_addons(Draft& draft) { return AddOnChapter(draft).write(); }

}  // namespace slipway
