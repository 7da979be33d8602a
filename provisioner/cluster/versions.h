#pragma once
#include <map>
#include <set>
#include <string>

#include "base/result.h"

namespace slipway {

/// The versions and image references that templates and manifests name; out of playbooks/versions.yaml.
struct Versions {
  std::string kubernetes;  ///< The release of these images.
  std::string etcd;
  std::map<std::string, std::string> images;  ///< "flannel" -> "slipway.local/flannel:v0.28.9"
  std::set<std::string> node_images;          ///< Those that every node of a role has, whatever the add-ons.
};

class Catalogue;

/// Of a catalogue that somebody has read already.
Versions versions_of(const Catalogue& catalogue);
/// `directory` holds versions.yaml; `kubernetes` is a release there. Errors: not_found, bad_input (also one that is not
/// offered).
Result<Versions> load_versions(const std::string& directory, const std::string& kubernetes);

}  // namespace slipway
