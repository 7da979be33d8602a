#include "cluster/versions.h"

#include "artifacts/catalogue.h"
#include "artifacts/machine.h"

namespace slipway {

Versions versions_of(const Catalogue& catalogue) {
  Versions versions;
  versions.kubernetes = catalogue.kubernetes();
  if (const auto etcd = catalogue.binaries().find("etcd"); etcd != catalogue.binaries().end())
    versions.etcd = etcd->second.version;
  for (const auto& [name, image] : catalogue.images()) versions.images[name] = image.reference;
  for (const std::string role : {"control-plane", "worker"})
    if (const auto bundle = catalogue.bundles().find(role); bundle != catalogue.bundles().end())
      versions.node_images.insert(bundle->second.begin(), bundle->second.end());
  return versions;
}

Result<Versions> load_versions(const std::string& directory, const std::string& kubernetes) {
  const Result<Catalogue> catalogue = Catalogue::load(directory, machine_architecture(), kubernetes);
  if (!catalogue) return catalogue.error();
  return versions_of(*catalogue);
}

}  // namespace slipway
