#pragma once
#include <memory>
#include <string>

#include "base/ids.h"
#include "graph/step.h"

namespace slipway {

/// What one node's upgrade needs to know besides its playbooks.
struct NodeUpgrade {
  MachineName machine;
  std::string from, to;  ///< Releases of Kubernetes.
  RunId run;             ///< What our cordon carries.
  bool drains = true;    ///< False in a cluster of one node: its pods have nowhere to go, and run on meanwhile.
  bool bare_pods = false;
  Milliseconds drain_limit = std::chrono::minutes(5);
};

/// Brings one node to another release: cordon, drain within the disruption budgets, kubeadm and the kubelet
/// (playbooks/upgrade.yaml), the kubelet's configuration as we keep it (kubelet.yaml), Ready, uncordon. A cordon of
/// somebody else stays. Cut off anywhere, it goes on with what is left; a node that needs only the last steps is not
/// drained again. Input "access": the host.
/// Errors: timeout (a budget that refuses, a node that does not become Ready), approval_needed (bare pods), and the
/// ports'.
class UpgradeStep final : public Step {
 public:
  UpgradeStep(NodeUpgrade wish, std::unique_ptr<Step> upgrade, std::unique_ptr<Step> kubelet)
      : wish_(std::move(wish)), upgrade_(std::move(upgrade)), kubelet_(std::move(kubelet)) {}
  Result<Observation> observe(Reader& reader, const Inputs& inputs) const override;
  Diff diff(const Observation& seen, const Inputs& inputs) const override;
  Diff forecast(const Inputs& inputs) const override;
  bool needs_input(const std::string& input, const Diff& diff) const override;
  Result<Outputs> apply(Writer& writer, const Diff& diff, const Inputs& inputs, Recorder& recorder) const override;

 private:
  Result<void> empty_node(Writer& writer, Recorder& recorder) const;
  Result<void> bring_back_configuration(Writer& writer, const Inputs& inputs, Recorder& recorder) const;
  Result<void> wait_until_ready(Writer& writer, Recorder& recorder) const;

  NodeUpgrade wish_;
  std::unique_ptr<Step> upgrade_, kubelet_;
};

}  // namespace slipway
