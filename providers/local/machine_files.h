#pragma once
#include <mutex>

#include "providers/local/settings.h"
#include "providers/provider.h"

namespace slipway::local {

/// Files of this cluster's hosts: of a living one through its mounts, of a stopped one on its disk. A symbolic link in
/// there never leads out of the host.
class LocalMachineFiles final : public MachineFiles {
 public:
  explicit LocalMachineFiles(Settings settings) : settings_(std::move(settings)) {}
  Result<std::string> read(const MachineName& machine, const std::string& path) override;
  Result<void> authorise(const MachineName& machine, const std::string& login_public_key) override;

 private:
  /// The folder that is the host's root, as seen from here.
  Result<std::string> root_of(const MachineName& machine) const;
  Settings settings_;
};

}  // namespace slipway::local
