#pragma once
#include <memory>
#include <string>
#include <vector>

#include "graph/step.h"
#include "kube/object_view.h"
#include "kube/wanted.h"

namespace slipway {

struct ObjectsOptions {
  ObjectOwner owner;
  std::vector<Value> objects;         ///< Placeholders already expanded; in any order.
  std::vector<ObjectKey> recorded{};  ///< The step's output "inventory" as state has it (recorded_inventory).
  /// False where state has no finished record of the step: what is found is then taken into it by the run as it is.
  bool settled = true;
  /// Take over objects of these names that somebody else made (what kubeadm made, say). They get our fields and an
  /// annotation, and are never deleted by us.
  bool adopt = false;
  /// Volumes that the manifest no longer has are deleted with their claims; otherwise they stay, and stay ours.
  bool delete_data = false;
  Milliseconds limit = std::chrono::minutes(5);  ///< Of one apply, its waits included.
};

/// Keeps a set of Kubernetes objects: each with every field that its manifest sets, and none that an earlier manifest
/// of this step had and this one lacks.
///
/// Observing costs one list per kind (by a caching reader) and a dry run for each object that may differ. Fields of the
/// diff: "Deployment/ns/name" for an object to be made, deleted (new value null) or made again; "Deployment/ns/name
/// spec.replicas" for a field. Deleting what holds data (claims, namespaces, definitions; volumes by delete_data)
/// and making an object again is action replace, so that it waits for approval. Values of Secrets appear nowhere.
/// Inputs: any; none is read. Output: "inventory", the objects that are ours to delete. Apply looks at each object
/// again and refuses what its diff lacks (world_changed).
class ObjectsStep final : public Step {
 public:
  /// Errors: bad_input (see prepare_objects).
  static Result<std::unique_ptr<ObjectsStep>> make(ObjectsOptions options);

  Result<Observation> observe(Reader& reader, const Inputs& inputs) const override;
  Diff diff(const Observation& seen, const Inputs& inputs) const override;
  Diff forecast(const Inputs& inputs) const override;
  Result<Outputs> apply(Writer& writer, const Diff& diff, const Inputs& inputs, Recorder& recorder) const override;

  /// For StepInfo::removal: kind "objects", with all that this step makes or has made (remove_objects.h reads it).
  Removal removal() const;
  /// As they are applied: checked, completed, in order.
  const std::vector<Value>& objects() const { return objects_; }

 private:
  explicit ObjectsStep(ObjectsOptions options, std::vector<Value> objects);
  std::vector<ObjectKey> no_longer_wanted() const;
  bool stays(const ObjectKey& key) const;  ///< Though no longer wanted.

  ObjectsOptions options_;
  std::vector<Value> objects_;
  ViewRules rules_;
};

/// The inventory in a step's recorded outputs (StepRecord::outputs); empty where there is none.
std::vector<ObjectKey> recorded_inventory(const Value& outputs);

}  // namespace slipway
