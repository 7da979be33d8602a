#pragma once
// Our credentials for programs that run in the cluster: Cinder's CSI driver, the cloud controller manager.

#include "providers/openstack/credentials.h"
#include "providers/provider.h"

namespace slipway::openstack {

/// Files: "cloud.conf", which these programs read; "ca.crt", "client.crt" and "client.key" where the credentials name
/// such files.
class Inside final : public InsideAccess {
 public:
  explicit Inside(Credentials who) : who_(std::move(who)) {}
  /// Errors: bad_input (a token: it ends, and cannot be renewed), not_found.
  Result<std::map<std::string, std::string>> files() const override;
  std::string node_id(const std::string& machine_id) const override { return "openstack:///" + machine_id; }

 private:
  const Credentials who_;
};

}  // namespace slipway::openstack
