#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cluster/etcd_seats.h"
#include "graph/step.h"
#include "providers/provider.h"
#include "spec/spec.h"

namespace slipway {

/// What the cluster shall say of one machine.
struct NodeWish {
  MachineName machine;
  std::map<std::string, std::string> labels;
  std::vector<Taint> taints;
  /// What a cloud controller is to know the node by; null where none runs. Outlives the step.
  const InsideAccess* cloud = nullptr;
};

/// Keeps a Node object registered, Ready, with our labels and taints; others' labels and taints are left alone.
/// With `cloud` the node has its machine's provider id; one that no cloud controller has looked at yet is tainted as
/// the kubelet taints a new one, so that the controller does. Without, that taint is taken away: nobody else would.
/// Inputs: "access" (the host), "joined" (from the step that ran kubeadm), "id" (the machine's, with `cloud`).
/// Output: "ready".
class NodeStep final : public Step {
 public:
  explicit NodeStep(NodeWish wish) : wish_(std::move(wish)) {}
  Result<Observation> observe(Reader& reader, const Inputs& inputs) const override;
  Diff diff(const Observation& seen, const Inputs& inputs) const override;
  Result<Outputs> apply(Writer& writer, const Diff& diff, const Inputs& inputs, Recorder& recorder) const override;

 private:
  /// spec.providerID as it shall be; empty where that is nobody's business.
  std::string provider_id(const Inputs& inputs) const;
  /// labels and taints that the Node lacks, and its id.
  Value patch_for(const Value& node, const std::string& provider_id) const;

  NodeWish wish_;
};

/// Takes a machine's Node out of the cluster before the machine goes: cordon, evict within the disruption budgets,
/// a control plane out of etcd (a dead one first of all), delete the object. Made from state alone.
class RemoveNodeStep final : public Step {
 public:
  explicit RemoveNodeStep(std::string node, std::optional<EtcdSeatRemoval> seat = {})
      : node_(std::move(node)), seat_(std::move(seat)) {}
  Result<Observation> observe(Reader& reader, const Inputs& inputs) const override;
  Diff diff(const Observation& seen, const Inputs& inputs) const override;
  Result<Outputs> apply(Writer& writer, const Diff& diff, const Inputs& inputs, Recorder& recorder) const override;

 private:
  std::string node_;
  std::optional<EtcdSeatRemoval> seat_;  ///< Of a control plane.
};

}  // namespace slipway
