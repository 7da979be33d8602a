#pragma once
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "spec/spec.h"

namespace slipway::openstack {

/// What the spec says to this provider.
struct Settings {
  std::string cluster;
  std::string cloud, region, ca_file;
  bool insecure = false;
  Value image;                      ///< Id or name, or properties.
  std::string flavor;               ///< Name or id; empty: by size.
  std::optional<Size> flavor_size;  ///< What the flavor of all machines must have; else each pool's size.
  std::string network;              ///< A network that is there already; empty: ours.
  std::optional<Cidr> subnet;       ///< Always set once the spec was checked.
  std::string external_network;
  std::vector<std::string> name_servers;
  std::vector<std::string> admin_networks;  ///< From where SSH and the API are reached.
  std::set<std::string> floating;           ///< "api", "ingress", "bastion"
  std::string zone, anti_affinity, volume_type;
  bool boot_volume = false, config_drive = false;
  uint64_t data_disk_bytes = 0;
  std::vector<std::string> security_groups;  ///< The user's own, beside ours.
  Address endpoint;
  std::optional<AddressRange> load_balancers;
  SshSettings ssh;
  bool metallb = false, monitoring = false;

  std::string mark(const std::string& intent) const { return cluster + "/" + intent; }
  /// Name of a thing that the cluster has one of: "slipway-lab", or "slipway-lab-nodes".
  std::string name(const std::string& part = {}) const {
    return "slipway-" + cluster + (part.empty() ? "" : "-" + part);
  }
  bool own_network() const { return network.empty(); }
};

Settings settings_from(const Spec& spec);

/// What a mark looks like in a description or in metadata: "slipway:lab/port/w-1". Other people's text never does.
std::string written_mark(const std::string& mark);
/// The mark that such a text holds if it is this cluster's, else empty.
std::string mark_in(const std::string& text, const std::string& cluster);

}  // namespace slipway::openstack
