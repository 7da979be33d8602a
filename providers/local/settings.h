#pragma once
#include <string>

#include "providers/local/local_provider.h"
#include "spec/spec.h"

namespace slipway::local {

/// What the spec says to this provider, and where things lie.
struct Settings {
  std::string cluster;
  std::string directory;  ///< Absolute: everything of this cluster's hosts.
  std::string id;         ///< 6 hex digits, unique to cluster and folder: the root of all names in the kernel.
  Cidr subnet;
  std::string release;  ///< "bookworm"
  std::string mirror;   ///< Debian mirror, or empty: the one that mmdebstrap takes by itself.

  std::string bridge() const { return "slw-" + id; }
  /// The bridge's end of a host's cable. At most 15 characters (IFNAMSIZ); unique because the address is.
  std::string cable(Address address) const;
  /// The provider's id of a machine, and the name of its cgroups.
  std::string host_id(const std::string& machine) const { return "slw-" + id + "-" + machine; }
  std::string nft_table() const { return "slipway_" + id; }
  std::string mark(const std::string& intent) const { return cluster + "/" + intent; }
  /// The bridge's own address: the first of the subnet.
  Address gateway() const { return {subnet.base.bits + 1}; }
  std::string machines_directory() const { return directory + "/machines"; }
  std::string network_file() const { return directory + "/network.json"; }
};

/// Errors: bad_input.
Result<Settings> settings_from(const Spec& spec, const LocalOptions& options);

}  // namespace slipway::local
