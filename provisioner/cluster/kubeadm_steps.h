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

/// What a joining host is handed besides its playbook; the same for every host of a pool.
struct JoinTicket {
  /// kubeadm's JoinConfiguration, in which "@TOKEN@", "@NAME@" and "@ADDRESS@" stand for the token and the host.
  std::string configuration;
  /// The kubeconfig that names the cluster and carries its CA.
  std::string discovery;
  std::string release;  ///< Of Kubernetes, on the host.
  bool control_plane = false;
};

/// Joins one host. Mints a bootstrap token that lives 30 minutes (a Secret in kube-system, as `kubeadm token create`
/// does), hands it over in a 0600 file on tmpfs, and runs the playbook. Input "access": the host.
class JoinStep final : public Step {
 public:
  /// `address`: of the host; empty: the one at which it is reached.
  JoinStep(std::unique_ptr<Step> playbook, std::shared_ptr<const JoinTicket> ticket, std::string address)
      : playbook_(std::move(playbook)), ticket_(std::move(ticket)), address_(std::move(address)) {}
  // A host that is newer than the API server, or too old for it, is refused: bad_input.
  Result<Observation> observe(Reader& reader, const Inputs& inputs) const override;
  Diff diff(const Observation& seen, const Inputs& inputs) const override;
  Diff forecast(const Inputs& inputs) const override;
  Result<Outputs> apply(Writer& writer, const Diff& diff, const Inputs& inputs, Recorder& recorder) const override;

 private:
  std::string configuration(const HostAccess& host, const std::string& token) const;

  std::unique_ptr<Step> playbook_;
  std::shared_ptr<const JoinTicket> ticket_;
  std::string address_;
};

}  // namespace slipway
