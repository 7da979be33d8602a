#include "cluster/versions.h"

#include "artifacts/catalogue.h"
#include "artifacts/machine.h"

namespace slipway {

Result<Versions> load_versions(const std::string& directory) {
  Result<Catalogue> catalogue = Catalogue::load(directory, machine_architecture());
  if (!catalogue) return std::move(catalogue).error();
  Versions versions;
  versions.kubernetes = catalogue->kubernetes_default();
  if (const auto etcd = catalogue->binaries().find("etcd"); etcd != catalogue->binaries().end())
    versions.etcd = etcd->second.version;
  for (const auto& [name, image] : catalogue->images()) versions.images[name] = image.reference;
  return versions;
}

}  // namespace slipway
