#pragma once
#include <memory>
#include <vector>

#include "graph/step.h"
#include "kube/object_view.h"

namespace slipway {

/// Deletes what an ObjectsStep that left the spec had made, out of state alone (Removal kind "objects").
///
/// Only what still carries this cluster's label and was not adopted. Unless `delete_data`, claims and volumes stay,
/// with the namespaces that hold claims or other people's workloads, and definitions of which somebody else has
/// objects; the diff's note names them.
class RemoveObjectsStep final : public Step {
 public:
  /// `data`: Removal::data as ObjectsStep::removal made it. Errors: corrupt.
  static Result<std::unique_ptr<RemoveObjectsStep>> make(const Value& data, bool delete_data);

  Result<Observation> observe(Reader& reader, const Inputs& inputs) const override;
  Diff diff(const Observation& seen, const Inputs& inputs) const override;
  Result<Outputs> apply(Writer& writer, const Diff& diff, const Inputs& inputs, Recorder& recorder) const override;

 private:
  RemoveObjectsStep(std::vector<ObjectKey> keys, ViewRules rules, bool delete_data)
      : keys_(std::move(keys)), rules_(std::move(rules)), delete_data_(delete_data) {}
  /// Why the object must stay; empty if it may go.
  Result<std::string> reason_to_keep(ClusterReader& reader, const Value& live, Deadline deadline) const;
  Result<std::string> inhabitants(ClusterReader& reader, const std::string& name_space, Deadline deadline) const;
  Result<std::string> foreign_instances(ClusterReader& reader, const Value& definition, Deadline deadline) const;

  std::vector<ObjectKey> keys_;  ///< In the order of deleting.
  ViewRules rules_;
  bool delete_data_;
};

}  // namespace slipway
