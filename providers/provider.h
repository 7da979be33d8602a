#pragma once
// What makes machines. A provider turns pools into steps over its own kinds of object, lists what it owns, and offers
// its API as the two cloud ports. docs/guides/adding-a-provider.md walks through one.

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "graph/graph.h"
#include "graph/plan.h"
#include "ports/cloud.h"
#include "spec/spec.h"

namespace slipway {

/// One machine that shall exist, with everything decided beforehand.
struct MachineOrder {
  MachineName name;
  std::string pool;
  Role role = Role::worker;
  Size size;
  std::string address;           ///< Fixed address from the spec's ranges, or empty where the provider gives one.
  std::string host_private_key;  ///< OpenSSH PEM of the ed25519 host key to inject; empty for existing hosts. Secret:
                                 ///< never into fields, logs or argv.
  std::string host_public_key;   ///< "ssh-ed25519 AAAA…"
  std::string login_public_key;  ///< Authorised for root (or the ssh user).
  std::string recorded_id{};     ///< The provider's id that state holds for this machine, or empty.
  bool protect = false;
  /// Addresses beside its own that packets may carry which it sends: it alone answers for them.
  std::vector<std::string> held_addresses{};
};

/// What `expand` adds for one machine: the step whose output "access" is a HostAccess.
struct MachineSteps {
  MachineName name;
  StepId step;  ///< Output "access": HostAccess as Value. Output "id": the provider's id.
};

/// Optional: a machine's files without SSH, for when every key that opens it is lost.
class MachineFiles {
 public:
  virtual ~MachineFiles() = default;
  /// Errors: not_found, unavailable.
  virtual Result<std::string> read(const MachineName& machine, const std::string& path) = 0;
  /// Lets the holder of a key log in as root; the other lines of authorized_keys stay.
  virtual Result<void> authorise(const MachineName& machine, const std::string& login_public_key) = 0;
};

/// Where add-ons put the files of InsideAccess into a container.
inline constexpr std::string_view cloud_folder = "/etc/cloud";

/// Optional: what programs inside the cluster need to talk to the provider's own API (add-ons that say `provider:`).
/// Threads: any. Lifetime: the provider's.
class InsideAccess {
 public:
  virtual ~InsideAccess() = default;
  /// Configuration files by name, as they lie in one folder, `cloud_folder`. Holds secrets. Connects to nothing.
  /// Errors: bad_input (credentials that cannot be handed on), not_found (a file that they name).
  virtual Result<std::map<std::string, std::string>> files() const = 0;
  /// What a Node's spec.providerID says of the machine that has this id.
  virtual std::string node_id(const std::string& machine_id) const = 0;
};

/// Threads: any, after construction. Lifetime: outlives the graph whose steps it made.
class Provider {
 public:
  virtual ~Provider() = default;
  /// Adds the steps of all machines and of what they stand on (networks, images, ports, volumes) to the graph.
  virtual Result<std::vector<MachineSteps>> expand(Graph& graph, const std::vector<MachineOrder>& machines) = 0;
  /// Everything that carries this cluster's mark, of every kind.
  virtual Result<std::vector<CloudObject>> list_owned() = 0;
  /// For observing; may keep lists until a write goes through `writer` (providers/common/observed_cloud.h).
  virtual CloudReader& reader() = 0;
  /// For steps that act: always asks the provider itself.
  virtual CloudReader& fresh_reader() { return reader(); }
  virtual CloudWriter& writer() = 0;
  /// What the plan takes of all that is limited here; asked after planning. Asks the API only where something is made.
  virtual Result<std::vector<Claim>> claims(const Plan& plan) = 0;
  /// What a machine of this size costs an hour, in the provider's own unit, where it tells.
  virtual Result<std::optional<double>> price_per_hour(const Size&) { return std::optional<double>(); }
  /// Problems that make a run pointless (missing root, missing kernel feature, busy subnet), each with advice. Touches
  /// nothing.
  virtual std::vector<Error> preflight() = 0;
  /// Bound on how long a created object may be missing from `list`.
  virtual Seconds list_lag() const { return Seconds(0); }
  /// Null where machines are reached by SSH alone. Lives as long as the provider.
  virtual MachineFiles* machine_files() { return nullptr; }
  /// Null where nothing inside the cluster can make use of the provider.
  virtual const InsideAccess* inside_access() const { return nullptr; }
  /// Address by which the Kubernetes API is reached from outside the machines' network, once there is one.
  virtual std::string outside_api_address() { return {}; }
  /// API calls made so far; nothing where there is no API to call.
  virtual std::optional<uint64_t> calls() const { return std::nullopt; }
};

}  // namespace slipway
