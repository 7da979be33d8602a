#include "cluster/chapters.h"
#include "cluster/volumes.h"
#include "kube/file_objects_step.h"
#include "kube/gates_step.h"
#include "kube/objects_step.h"

namespace slipway {
namespace {

StepId objects_step(const std::string& add_on) { return StepId("addon/" + add_on); }
StepId ready_step(const std::string& add_on) { return StepId("addon/" + add_on + "/ready"); }
StepId part_step(const std::string& add_on, const std::string& part) { return StepId("addon/" + add_on + "/" + part); }

/// What one add-on adds to the graph.
class AddOnChapter {
 public:
  AddOnChapter(GraphDraft& draft, const AddOn& add_on)
      : draft_(draft), add_on_(add_on), variables_(draft.blueprint.platform.variables_of(add_on)) {
    Value for_hosts = {{"values", add_on.values}};
    for (const char* key : {"addresses", "ingress", "platform", "cluster"}) for_hosts[key] = variables_[key];
    variables_for_hosts_ = std::make_shared<const Value>(std::move(for_hosts));
  }

  Result<void> write() {
    for (const Member& member : draft_.blueprint.membership.members) {
      if (Result<void> added = add_images(member); !added) return added;
      if (Result<void> added = add_playbook(member); !added) return added;
    }
    Result<std::vector<Value>> objects = load_objects(add_on_, variables_);
    if (!objects) return std::move(objects).error();
    if (Result<void> added = add_volumes(*objects); !added) return added;
    for (const std::string& artifact : add_on_.artifacts) add_file(artifact);
    if (Result<void> added = add_objects(std::move(*objects)); !added) return added;
    if (!add_on_.gates.empty()) add_gates();
    for (const Part& part : add_on_.parts)
      if (Result<void> added = add_part(part); !added) return added;
    return {};
  }

  /// Only the folder's objects, and nothing that they would wait for.
  Result<void> write_objects() {
    Result<std::vector<Value>> objects = load_objects(add_on_, variables_);
    if (!objects) return std::move(objects).error();
    for (const VolumeWish& volume : add_on_.volumes) objects->push_back(volume_of(volume));
    return add_objects_step(info_for(objects_step(add_on_.name), "add-on " + add_on_.name), std::move(*objects));
  }

 private:
  StepInfo info_for(StepId id, std::string title) const {
    StepInfo info;
    info.id = std::move(id);
    info.layer = Layer::cluster;
    info.title = std::move(title);
    return info;
  }

  /// The API is there once one control plane is.
  void need_api(StepInfo& info) const {
    for (const Member* control_plane : draft_.blueprint.membership.control_planes()) {
      info.inputs["api"] = {draft_.members.at(control_plane->name), "done"};
      break;
    }
  }

  /// All of `other`: its gates and what comes after them.
  void need(StepInfo& info, const AddOn& other) const {
    const bool gated = !other.gates.empty();
    info.inputs["needs " + other.name] = {gated ? ready_step(other.name) : objects_step(other.name),
                                          gated ? "ready" : "inventory"};
    for (const Part& part : other.parts)
      if (part.with.empty() && other.name != add_on_.name)
        info.inputs["needs " + other.name + " " + part.name] = {part_step(other.name, part.name), "inventory"};
  }

  std::vector<ObjectKey> recorded(const StepId& id) const {
    const auto record = draft_.blueprint.state.steps.find(id);
    return record == draft_.blueprint.state.steps.end() ? std::vector<ObjectKey>{}
                                                        : recorded_inventory(record->second.outputs);
  }

  bool settled(const StepId& id) const {
    const auto record = draft_.blueprint.state.steps.find(id);
    return record != draft_.blueprint.state.steps.end() && record->second.applied && !record->second.intent_open;
  }

  /// Images that no role has anyway are brought in once the machine has joined, so that they hold up no node.
  Result<void> add_images(const Member& member) {
    Value tasks = Value::array();
    std::map<std::string, std::string> artifacts;
    for (const std::string& image : add_on_.images) {
      if (draft_.versions.node_images.contains(image)) continue;
      const std::string variable = "image" + std::to_string(tasks.size());
      artifacts[variable] = "image/" + image;
      tasks.push_back({{"name", "image " + image}, {"artifact", {{"from", variable}, {"import", "containerd"}}}});
    }
    if (tasks.empty()) return {};
    StepInfo info = info_for(StepId("host/" + member.name.text() + "/images-" + add_on_.name),
                             "images of " + add_on_.name + " on " + member.name.text());
    info.inputs["access"] = {draft_.machines.at(member.name), "access"};
    info.inputs["joined"] = {draft_.members.at(member.name), "done"};
    info.expected = Seconds(3);
    return add_host_step({.playbook = "images-" + add_on_.name,
                          .text = tasks.dump(),
                          .member = &member,
                          .artifacts = std::move(artifacts)},
                         std::move(info));
  }

  Result<void> add_playbook(const Member& member) {
    if (add_on_.playbook.empty()) return {};
    StepInfo info = info_for(StepId("host/" + member.name.text() + "/" + add_on_.playbook),
                             add_on_.playbook + " on " + member.name.text());
    info.inputs["access"] = {draft_.machines.at(member.name), "access"};
    info.inputs["after"] = {draft_.hosts.at(member.name), "done"};
    return add_host_step({.playbook = add_on_.playbook,
                          .member = &member,
                          .shared = {draft_.variables.at(member.name), variables_for_hosts_},
                          .secrets = draft_.blueprint.platform.gifts.at(add_on_.name).secrets},
                         std::move(info));
  }

  Result<void> add_host_step(HostPlaybook wish, StepInfo info) {
    Result<std::unique_ptr<Step>> step = draft_.shelf.make(std::move(wish), info);
    if (!step) return std::move(step).error().while_doing("preparing add-on " + add_on_.name);
    before_objects_.push_back(draft_.graph.add(std::move(info), std::move(*step)));
    return {};
  }

  Value volume_of(const VolumeWish& volume) const {
    return volume_object(add_on_, volume, draft_.blueprint.platform.gifts.at(add_on_.name).volumes.at(volume.name));
  }

  Result<void> add_volumes(std::vector<Value>& objects) {
    for (const VolumeWish& volume : add_on_.volumes) {
      const MachineName& machine = draft_.blueprint.platform.gifts.at(add_on_.name).volumes.at(volume.name);
      Result<StepId> folder = add_volume_folder(draft_, add_on_, volume, *draft_.blueprint.membership.find(machine));
      if (!folder) return std::move(folder).error();
      before_objects_.push_back(std::move(*folder));
      objects.push_back(volume_of(volume));
    }
    return {};
  }

  /// Objects that are an artifact, before the add-on's own: its definitions, its rights.
  void add_file(const std::string& artifact) {
    StepInfo info = info_for(part_step(add_on_.name, artifact), "objects " + artifact + " of " + add_on_.name);
    need_api(info);
    need_others(info);
    info.after = before_objects_;  // As the objects of the folder: they may hold workloads.
    info.inputs["path"] = {draft_.artifacts.step("objects/" + artifact), "path"};
    auto step = std::make_unique<FileObjectsStep>(
        ObjectsOptions{.owner = {draft_.blueprint.spec.name, info.id}, .objects = {}, .recorded = recorded(info.id)});
    info.removal = step->removal();
    draft_.graph.add(std::move(info), std::move(step));
  }

  void need_others(StepInfo& info) const {
    for (const std::string& name : add_on_.needs)
      if (const AddOn* other = draft_.blueprint.platform.find(name)) need(info, *other);
  }

  Result<void> add_objects(std::vector<Value> objects) {
    StepInfo info = info_for(objects_step(add_on_.name), "add-on " + add_on_.name);
    need_api(info);
    need_others(info);
    for (const std::string& artifact : add_on_.artifacts)
      info.inputs["objects " + artifact] = {part_step(add_on_.name, artifact), "inventory"};
    // Order without data: a pod that starts before its image is there waits ten seconds and more for the next try.
    info.after = before_objects_;
    return add_objects_step(std::move(info), std::move(objects));
  }

  Result<void> add_objects_step(StepInfo info, std::vector<Value> objects) {
    Result<std::unique_ptr<ObjectsStep>> step = ObjectsStep::make({.owner = {draft_.blueprint.spec.name, info.id},
                                                                   .objects = std::move(objects),
                                                                   .recorded = recorded(info.id),
                                                                   .settled = settled(info.id),
                                                                   .adopt = add_on_.adopt,
                                                                   .delete_data = draft_.blueprint.delete_data});
    if (!step) return std::move(step).error().while_doing("preparing add-on " + add_on_.name);
    info.removal = (*step)->removal();
    draft_.graph.add(std::move(info), std::move(*step));
    return {};
  }

  void add_gates() {
    StepInfo info = info_for(ready_step(add_on_.name), "add-on " + add_on_.name + " is ready");
    info.inputs["objects"] = {objects_step(add_on_.name), "inventory"};
    info.expected = Seconds(5);
    info.limit = std::chrono::minutes(12);
    draft_.graph.add(std::move(info), std::make_unique<GatesStep>(GatesOptions{
                                          .gates = add_on_.gates,
                                          .probe_url = make_url_probe(draft_.blueprint.platform.authority_pem),
                                          .limit = std::chrono::minutes(10)}));
  }

  Result<void> add_part(const Part& part) {
    const Platform& platform = draft_.blueprint.platform;
    const AddOn* with = part.with.empty() ? nullptr : platform.find(part.with);
    if (!part.with.empty() && !with) return {};
    Result<std::vector<Value>> objects = load_objects(add_on_, part, variables_);
    if (!objects) return std::move(objects).error();
    StepInfo info = info_for(part_step(add_on_.name, part.name), "add-on " + add_on_.name + ", " + part.name);
    need(info, add_on_);
    if (with) need(info, *with);
    return add_objects_step(std::move(info), std::move(*objects));
  }

  GraphDraft& draft_;
  const AddOn& add_on_;
  Value variables_;
  std::shared_ptr<const Value> variables_for_hosts_;  ///< Those of them that its playbook may name.
  std::vector<StepId> before_objects_;                ///< On hosts.
};

}  // namespace

Result<void> add_addons(GraphDraft& draft) {
  draft.artifacts.others_come_later();
  for (const AddOn& add_on : draft.blueprint.platform.add_ons)
    if (Result<void> added = AddOnChapter(draft, add_on).write(); !added) return added;
  return {};
}

Result<void> expand_objects(Graph& graph, const Blueprint& blueprint, const std::string& add_on) {
  return write_draft(graph, blueprint, [&](GraphDraft& draft) -> Result<void> {
    if (const AddOn* found = blueprint.platform.find(add_on)) return AddOnChapter(draft, *found).write_objects();
    return fail(ErrorKind::not_found, "the spec has no add-on " + add_on, {.where = blueprint.spec.path});
  });
}

}  // namespace slipway
