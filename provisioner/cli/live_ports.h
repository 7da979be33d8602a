#pragma once
// The real ports, wired. The one file that knows which providers and clients there are.

#include <memory>
#include <string>
#include <vector>

#include "cluster/identity.h"
#include "cluster/versions.h"
#include "ports/ports.h"
#include "providers/provider.h"
#include "spec/spec.h"

namespace slipway {

/// The spec's provider alone. Errors: bad_input.
Result<std::unique_ptr<Provider>> open_provider(const Spec& spec, const std::string& state_directory);

class LivePorts {
 public:
  /// Opens nothing on the network: connections are made when first used.
  /// Errors: bad_input (the provider cannot be used yet; a key file that is not there), unavailable.
  static Result<std::unique_ptr<LivePorts>> open(const Spec& spec, const Identity& identity,
                                                 const std::vector<std::string>& control_plane_addresses,
                                                 const std::string& state_directory, const std::string& data_directory);
  ~LivePorts();
  Provider& provider();
  Reader& reader();  ///< Cluster lists are kept until a write: for observing.
  Writer& writer();  ///< `writer().read` always asks afresh.
  const KubeAccess& kube_access() const;
  /// Out of the catalogue that the artifacts were opened with; null on provider `simulated`, which has none.
  const Versions* versions() const;
  /// Calls made so far, by kind of API.
  Value api_calls() const;

 private:
  LivePorts();
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace slipway
