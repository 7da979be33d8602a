#include "cluster/volumes.h"

#include <algorithm>

#include "cluster/cleanup_step.h"

namespace slipway {
namespace {

/// The folder's playbook step. A folder that is gone is to be created: with what it held it needs approval.
class VolumeStep final : public Step {
 public:
  explicit VolumeStep(std::unique_ptr<Step> playbook) : playbook_(std::move(playbook)) {}
  Result<Observation> observe(Reader& reader, const Inputs& inputs) const override {
    return playbook_->observe(reader, inputs);
  }
  Diff diff(const Observation& seen, const Inputs& inputs) const override {
    Diff diff = playbook_->diff(seen, inputs);
    const bool gone = std::any_of(diff.fields.begin(), diff.fields.end(),
                                  [](const FieldChange& change) { return change.new_value == Value("present"); });
    if (gone) diff.action = Action::create;
    return diff;
  }
  Diff forecast(const Inputs& inputs) const override { return playbook_->forecast(inputs); }
  Result<Outputs> apply(Writer& writer, const Diff& diff, const Inputs& inputs, Recorder& recorder) const override {
    return playbook_->apply(writer, diff, inputs, recorder);
  }

 private:
  std::unique_ptr<Step> playbook_;
};

/// Stands for a volume whose folder stays where it is.
class KeptStep final : public Step {
 public:
  KeptStep(std::string note, bool known) : note_(std::move(note)), known_(known) {}
  Result<Observation> observe(Reader&, const Inputs&) const override {
    Observation seen{.exists = known_};
    if (known_) seen.outputs[stays_output] = true;
    return seen;
  }
  Diff diff(const Observation&, const Inputs&) const override { return {.note = note_}; }
  Result<Outputs> apply(Writer&, const Diff&, const Inputs&, Recorder&) const override { return Outputs{}; }

 private:
  std::string note_;
  bool known_;  ///< The machine that it lies on is there.
};

Value folder_task(const AddOn& add_on, const VolumeWish& volume) {
  const size_t colon = volume.owner.find(':');
  return {{"name", "volume " + volume.name},
          {"directory",
           {{"path", volume_path(add_on, volume)},
            {"mode", volume.mode},
            {"owner", volume.owner.substr(0, colon)},
            {"group", volume.owner.substr(colon + 1)}}}};
}

}  // namespace

Value volume_object(const AddOn& add_on, const VolumeWish& volume, const MachineName& machine) {
  const Value here = {{"key", "kubernetes.io/hostname"}, {"operator", "In"}, {"values", {machine.text()}}};
  return {{"apiVersion", "v1"},
          {"kind", "PersistentVolume"},
          {"metadata", {{"name", add_on.name + "-" + volume.name}}},
          {"spec",
           {{"capacity", {{"storage", volume.size}}},
            {"accessModes", {"ReadWriteOnce"}},
            {"persistentVolumeReclaimPolicy", "Retain"},
            {"storageClassName", local_storage_class},
            {"local", {{"path", volume_path(add_on, volume)}}},
            {"claimRef",
             {{"apiVersion", "v1"},
              {"kind", "PersistentVolumeClaim"},
              {"namespace", volume.name_space},
              {"name", volume.claim}}},
            {"nodeAffinity",
             {{"required", {{"nodeSelectorTerms", Value::array({{{"matchExpressions", Value::array({here})}}})}}}}}}}};
}

Result<StepId> add_volume_folder(GraphDraft& draft, const AddOn& add_on, const VolumeWish& volume,
                                 const Member& member) {
  StepInfo info;
  info.id = StepId("host/" + member.name.text() + "/volume-" + add_on.name + "-" + volume.name);
  info.title = "volume " + volume.name + " of " + add_on.name + " on " + member.name.text();
  info.inputs["access"] = {draft.machines.at(member.name), "access"};
  // The base system first: it makes the folder that volumes lie in.
  info.inputs["after"] = {StepId("host/" + member.name.text() + "/base"), "done"};
  info.carries_data = true;
  info.removal = {"volume", {{"machine", member.name.text()}, {"path", volume_path(add_on, volume)}}};
  Result<std::unique_ptr<Step>> step = draft.shelf.make({.playbook = "volume-" + add_on.name + "-" + volume.name,
                                                         .text = Value::array({folder_task(add_on, volume)}).dump(),
                                                         .member = &member},
                                                        info);
  if (!step) return std::move(step).error();
  return draft.graph.add(std::move(info), std::make_unique<VolumeStep>(std::move(*step)));
}

Result<std::unique_ptr<Step>> make_volume_removal(Shelf& shelf, const Blueprint& blueprint, const Value& data) {
  const std::string path = text_at(data, "path"), machine = text_at(data, "machine");
  const auto record = blueprint.state.steps.find(StepId("machine/" + machine));
  const bool there = record != blueprint.state.steps.end() && record->second.outputs.contains("access");
  if (!blueprint.delete_data || !there)
    return std::unique_ptr<Step>(
        std::make_unique<KeptStep>("stays: " + path + " on " + machine + " (--delete-data)", there));
  return make_folder_removal(shelf, blueprint.spec.name, path, record->second.outputs.at("access"));
}

}  // namespace slipway
