#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "spec/spec.h"

namespace slipway::opennebula {

/// What the spec says to this provider.
struct Settings {
  std::string cluster, spec_path;
  std::string template_name;  ///< Name or id; either this or `image`.
  std::string image;
  std::string network;    ///< Name or id.
  std::string datastore;  ///< Name or id, or empty: data disks are volatile.
  std::vector<std::string> security_groups;
  bool anti_affinity = true;
  int64_t data_disk_mb = 0;  ///< 0: no data disk.
  std::optional<Cidr> subnet;
  std::optional<AddressRange> addresses;  ///< Where machines' addresses come from.
  Address endpoint;
  std::optional<AddressRange> load_balancers;
  bool fixed_holders = false;  ///< The addresses above belong to one machine each, as aliases of its NIC.
  SshSettings ssh;
  std::vector<Pool> pools;
  Milliseconds poll{1000};  ///< Between two looks at a thing that changes.

  std::string mark(const std::string& intent) const { return cluster + "/" + intent; }
  /// Names of the things that have no room for a mark; unique among the user's own.
  std::string object_name(const std::string& what) const { return "slipway-" + cluster + "-" + what; }
  /// What machines are made of, as their tag records it: "template debian-12".
  std::string source() const { return template_name.empty() ? "image " + image : "template " + template_name; }
  /// The endpoint's address, or one of the load balancers'.
  bool is_reserved(Address address) const {
    return address == endpoint || (load_balancers && load_balancers->contains(address));
  }
  int wanted_machines() const;
};

/// Errors: bad_input.
Result<Settings> settings_from(const Spec& spec);

/// Bytes as whole MiB, rounded up: OpenNebula counts so.
int64_t megabytes(uint64_t bytes);

}  // namespace slipway::opennebula
