#pragma once
// What playbook/ sends to a host, read back: which tasks a script looks at or applies, without running any shell. A
// task's wish is known by the digest of its check: whoever asks for the same check wants the same state.

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace slipway::simulated {

/// The host's facts that scripts choose by.
using Facts = std::vector<std::pair<std::string, std::string>>;

struct ScriptTask {
  size_t number = 0;
  std::string digest;                   ///< Of its check: what it wants.
  std::string content{};                ///< The digest of the file or images that it wants, where it wants such.
  bool concerns = true;                 ///< False where the host's facts do not fit the task.
  bool reboots = false;                 ///< Apply only, as is the next.
  std::vector<std::string> handlers{};  ///< Slugs of what a change owes.
};

struct CheckRequest {
  std::string playbook, cluster;
  std::string waits_for{};     ///< Not empty: only waits until this apply has ended.
  std::string node_address{};  ///< Not empty: its interface is asked for.
  bool minds_living = false;
  std::vector<ScriptTask> tasks{};
  std::vector<std::string> pending{};  ///< Slugs of handlers that it asks about.
};

struct ApplyRequest {
  std::string id, playbook, cluster, digest, node_address;
  std::string release{};  ///< Of Kubernetes, where a task hands kubeadm a configuration that names one.
  bool removal = false;
  bool whole = true;     ///< False: the input broke off on its way.
  size_t offset = 0;     ///< Events up to here are known to the one who asks.
  std::string approved;  ///< "all", or " 1.0 2.1 "
  std::vector<ScriptTask> tasks;
  std::vector<std::pair<std::string, size_t>> handlers;         ///< (slug, number), in order
  std::vector<std::pair<std::string, size_t>> reboot_handlers;  ///< The same of handlers that restart the host.
};

/// Nothing where the text is no check.
std::optional<CheckRequest> read_check(std::string_view text, const Facts& facts);
/// Nothing where the text is no launcher of an apply.
std::optional<ApplyRequest> read_launch(std::string_view text, std::string_view input, const Facts& facts);

}  // namespace slipway::simulated
