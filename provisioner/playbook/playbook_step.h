#pragma once
#include <memory>
#include <string>
#include <vector>

#include "graph/step.h"
#include "playbook/compiler.h"

namespace slipway::playbook {

/// What a playbook step is made of, beside its playbook.
struct PlaybookWish {
  std::string cluster{};  ///< The name in the host's stamp; a host of another cluster is refused.
  std::string role{};     ///< "control-plane", "worker"
  /// Of the machine's pool, whose machines share them. Null: none.
  std::shared_ptr<const std::map<std::string, std::string>> labels{};
  /// Variables that the step shares with others: of the cluster, of the machine. A later one's come over an earlier's.
  std::vector<std::shared_ptr<const Value>> shared{};
  Value variables =
      Value::object();  ///< Over those. An empty `node_address` becomes the address of the input `access`.
  std::map<std::string, Secret> secrets{};  ///< As variables below `secrets`.
  std::string access = "access";            ///< The input that holds the HostAccess.
  /// The other inputs: each is a variable of that name.
  std::vector<std::string> inputs{};
  bool wants_interface = false;  ///< Outputs "interface" and "address" too.
  bool tells_facts = true;       ///< Of several playbooks of a host one is enough: state keeps what it tells.
  bool removal = false;          ///< The playbook takes the cluster off the host; its action is delete.
  Milliseconds limit =
      std::chrono::minutes(15);  ///< Of one apply; no unit on the host outlives it by more than a minute.
};

/// Keeps one playbook true on one host. Observed in one round trip.
/// Outputs: "done" (true), and, where it tells facts, each by its name: "os", "os_version", "arch", "boot_id",
/// "kernel", "hostname", "virtualization", "cgroup", "memory_kib"; "interface", "address" where wanted.
class PlaybookStep final : public Step {
 public:
  PlaybookStep(std::shared_ptr<const Playbook> playbook, PlaybookWish wish)
      : playbook_(std::move(playbook)), wish_(std::move(wish)) {}

  Result<Observation> observe(Reader& reader, const Inputs& inputs) const override;
  Diff diff(const Observation& seen, const Inputs& inputs) const override;
  Diff forecast(const Inputs& inputs) const override;
  bool needs_input(const std::string& input, const Diff& diff) const override;
  Result<Outputs> apply(Writer& writer, const Diff& diff, const Inputs& inputs, Recorder& recorder) const override;

 private:
  struct Prepared;
  Result<Prepared> prepare(const Inputs& inputs) const;
  Target target_without_values() const;

  std::shared_ptr<const Playbook> playbook_;
  PlaybookWish wish_;
};

}  // namespace slipway::playbook
