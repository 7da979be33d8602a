#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cluster/etcd_seats.h"
#include "graph/step.h"
#include "spec/spec.h"

namespace slipway {

/// What the cluster shall say of one machine.
struct NodeWish {
  MachineName machine;
  std::map<std::string, std::string> labels;
  std::vector<Taint> taints;
};

/// Keeps a Node object registered, Ready, with our labels and taints; others' labels and taints are left alone.
/// Inputs: "access" (the host), "joined" (from the step that ran kubeadm). Output: "ready".
class NodeStep final : public Step {
 public:
  explicit NodeStep(NodeWish wish) : wish_(std::move(wish)) {}
  Result<Observation> observe(Reader& reader, const Inputs& inputs) const override;
  Diff diff(const Observation& seen, const Inputs& inputs) const override;
  Result<Outputs> apply(Writer& writer, const Diff& diff, const Inputs& inputs, Recorder& recorder) const override;

 private:
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
