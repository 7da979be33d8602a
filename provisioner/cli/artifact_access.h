#pragma once
#include <memory>
#include <string>

#include "artifacts/store.h"

namespace slipway {

/// The artifact store joined to the network.
class ArtifactAccess {
 public:
  /// Errors: not_found, bad_input (playbooks/versions.yaml), unavailable (the cache).
  static Result<std::unique_ptr<ArtifactAccess>> open(const std::string& data_directory, const std::string& kubernetes);
  ~ArtifactAccess();
  ArtifactStore& store() { return *store_; }

 private:
  ArtifactAccess();
  std::unique_ptr<Fetcher> fetcher_;
  std::unique_ptr<ArtifactStore> store_;
};

}  // namespace slipway
