#pragma once
// The two steps around kubeadm. What they run on the host is a playbook (playbooks/kubeadm-init.yaml,
// kubeadm-join.yaml); these classes add what a playbook cannot know.

#include <memory>
#include <string>

#include "base/secret.h"
#include "graph/step.h"

namespace slipway {

/// Makes the cluster, once in its life. Whatever its playbook would do counts as a create, so that an init whose data
/// is gone waits for approval (StepInfo::carries_data) and no second cluster ever takes the first one's place unasked.
class InitStep final : public Step {
 public:
  /// `happened`: state knows that the cluster was made. Then, whatever was approved, none is made beside one that
  /// answers.
  InitStep(std::unique_ptr<Step> playbook, bool happened) : playbook_(std::move(playbook)), happened_(happened) {}
  Result<Observation> observe(Reader& reader, const Inputs& inputs) const override;
  Diff diff(const Observation& seen, const Inputs& inputs) const override;
  Diff forecast(const Inputs& inputs) const override;
  Result<Outputs> apply(Writer& writer, const Diff& diff, const Inputs& inputs, Recorder& recorder) const override;

 private:
  std::unique_ptr<Step> playbook_;
  bool happened_;
};

/// What a joining host is handed besides its playbook.
struct JoinTicket {
  /// kubeadm's JoinConfiguration, in which "@TOKEN@" stands for the token.
  std::string configuration;
  /// The kubeconfig that names the cluster and carries its CA.
  std::string discovery;
};

/// Joins one host. Mints a bootstrap token that lives 30 minutes (a Secret in kube-system, as `kubeadm token create`
/// does), hands it over in a 0600 file on tmpfs, and runs the playbook. Input "access": the host.
class JoinStep final : public Step {
 public:
  JoinStep(std::unique_ptr<Step> playbook, JoinTicket ticket)
      : playbook_(std::move(playbook)), ticket_(std::move(ticket)) {}
  Result<Observation> observe(Reader& reader, const Inputs& inputs) const override;
  Diff diff(const Observation& seen, const Inputs& inputs) const override;
  Diff forecast(const Inputs& inputs) const override;
  Result<Outputs> apply(Writer& writer, const Diff& diff, const Inputs& inputs, Recorder& recorder) const override;

 private:
  std::unique_ptr<Step> playbook_;
  JoinTicket ticket_;
};

}  // namespace slipway
