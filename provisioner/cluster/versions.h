#pragma once
#include <map>
#include <set>
#include <string>

#include "base/result.h"

namespace slipway {

/// The versions and image references that templates and manifests name; out of playbooks/versions.yaml.
struct Versions {
  std::string kubernetes;  ///< The one release that this program installs.
  std::string etcd;
  std::map<std::string, std::string> images;  ///< "flannel" -> "slipway.local/flannel:v0.28.9"
  std::set<std::string> node_images;          ///< Those that every node of a role has, whatever the add-ons.
};

/// `directory` holds versions.yaml. Errors: not_found, bad_input.
Result<Versions> load_versions(const std::string& directory);

}  // namespace slipway
