#pragma once
// The playbooks of one graph, each read once, and the way a step is made of one.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/secret.h"
#include "cluster/members.h"
#include "graph/graph.h"
#include "playbook/playbook_step.h"

namespace slipway {

/// The pinned artifacts of one graph, as steps added on first use.
class ArtifactSteps {
 public:
  explicit ArtifactSteps(Graph& graph) : graph_(graph) {}
  /// The step of "binary/kubelet", "images/worker", …
  const StepId& step(const std::string& name);
  /// Those that are made from now on come after the others: making an add-on's must not hold up what nodes need.
  void others_come_later();

 private:
  Graph& graph_;
  std::map<std::string, StepId> steps_;
  std::vector<StepId> first_;  ///< What the later ones wait for.
};

/// One playbook on one host.
struct HostPlaybook {
  std::string playbook;  ///< "containerd": playbooks/containerd.yaml; or, with `text`, what the playbook is called.
  std::string text{};    ///< The playbook itself, where it is made here.
  const Member* member = nullptr;
  /// Variables besides Shelf::variables that other steps have, too; a later one's come over an earlier's.
  std::vector<std::shared_ptr<const Value>> shared{};
  Value variables = Value::object();  ///< What this one alone has.
  std::map<std::string, Secret> secrets{};
  std::map<std::string, std::string> artifacts{};  ///< variable -> artifact: "kubelet" -> "binary/kubelet"
  bool wants_interface = false;
};

class Shelf {
 public:
  /// `variables`: what every playbook may name.
  Shelf(std::string directory, std::string cluster, ArtifactSteps& artifacts, Value variables = Value::object())
      : directory_(std::move(directory)),
        cluster_(std::move(cluster)),
        artifacts_(artifacts),
        variables_(std::make_shared<const Value>(std::move(variables))) {}

  /// The step, and into `info` the edges it needs besides "access". Errors: not_found, bad_input.
  Result<std::unique_ptr<Step>> make(HostPlaybook wish, StepInfo& info);
  const Value& variables() const { return *variables_; }
  Result<std::shared_ptr<const playbook::Playbook>> playbook(const std::string& name);
  /// One that is made here. Errors: bad_input.
  Result<std::shared_ptr<const playbook::Playbook>> playbook(const std::string& name, const std::string& text);

 private:
  using Labels = std::map<std::string, std::string>;
  std::shared_ptr<const Labels> labels_of(const Pool& pool);

  std::string directory_, cluster_;
  ArtifactSteps& artifacts_;
  std::shared_ptr<const Value> variables_;
  std::map<std::string, std::shared_ptr<const playbook::Playbook>> loaded_;
  std::map<std::string, std::shared_ptr<const Labels>> labels_;  ///< By pool.
};

}  // namespace slipway
