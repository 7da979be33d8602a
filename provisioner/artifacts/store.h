#pragma once
// The pinned third-party files and images of playbooks/versions.yaml, made ready in the cache.
//
//   Result<std::unique_ptr<ArtifactStore>> store = ArtifactStore::open(options, fetcher);
//   Result<ArtifactFile> kubelet = (*store)->acquire("binary/kubelet", progress, deadline);   // fetched or built
//   std::optional<ArtifactFile> again = (*store)->find("binary/kubelet");                     // from the cache only
//
// docs/guides/artifacts.md tells the sources and their order.

#include <memory>
#include <string>
#include <vector>

#include "artifacts/bundle.h"
#include "artifacts/cache.h"
#include "artifacts/catalogue.h"
#include "artifacts/fetcher.h"
#include "artifacts/go_builder.h"
#include "artifacts/image_archive.h"
#include "artifacts/machine.h"
#include "artifacts/release_sites.h"
#include "ports/artifacts.h"

namespace slipway {

struct ArtifactOptions {
  std::string data_directory;                            ///< Holds versions.yaml and builds/.
  std::string cache = cache_directory();                 ///< Shared by all clusters of a user.
  std::string architecture = machine_architecture();     ///< Of the hosts: amd64 or arm64.
  std::string kubernetes{};                              ///< The release; empty: the default.
  std::vector<std::string> bundles{};                    ///< Bundle folders, asked before anything else.
  std::vector<std::string> mirrors{};                    ///< Base URLs in front of the release sites.
  bool release_sites = true;                             ///< false: neither mirrors nor release sites.
  bool registries = true;                                ///< false: neither Go modules nor Debian packages.
  Milliseconds probe_timeout = std::chrono::seconds(3);  ///< For one host to answer, once a run.
  Seconds stall_timeout{30};
  Milliseconds retry_pause = std::chrono::milliseconds(300);

  /// Adds SLIPWAY_BUNDLE (folders, separated by ':') and SLIPWAY_MIRROR (URLs, separated by ',').
  void add_environment();
};

/// One line of `artifacts list`.
struct ArtifactInfo {
  std::string name, version, recipe;
  std::optional<CacheRecord> record;  ///< Where the cache holds it.
};
Value to_value(const ArtifactInfo& info);

/// Errors and threads as the ports say; any number of processes may share a cache. Failures of sources that were passed
/// over are told as progress and kept in the record.
class ArtifactStore final : public ArtifactReader, public ArtifactWriter {
 public:
  /// `fetcher` is not owned and outlives the store. Errors: not_found, bad_input (versions.yaml), and those of the
  /// cache.
  static Result<std::unique_ptr<ArtifactStore>> open(ArtifactOptions options, Fetcher& fetcher);

  std::optional<ArtifactFile> find(const std::string& name) override;
  Result<ArtifactFile> acquire(const std::string& name, const ArtifactProgress& progress, Deadline deadline) override;

  /// What the artifact should be, without having it: 64 hex digits that change with its pins; empty if unknown.
  std::string recipe(const std::string& name) const { return catalogue_.recipe(name); }
  const Catalogue& catalogue() const { return catalogue_; }
  std::vector<ArtifactInfo> list();

  /// Acquires `names` and writes them as a bundle. No names: what nodes take, that is every binary of hosts and every
  /// bundle of images.
  Result<void> create_bundle(const std::string& destination, std::vector<std::string> names,
                             const ArtifactProgress& progress, Deadline deadline);
  /// Takes a bundle (folder or .tar) into the cache. Answers the names it held; those of other pins are kept too.
  Result<std::vector<std::string>> use_bundle(const std::string& path, const ArtifactProgress& progress);

 private:
  ArtifactStore(ArtifactOptions options, Catalogue catalogue, std::unique_ptr<Cache> cache, Fetcher& fetcher);

  const ArtifactOptions options_;
  const Catalogue catalogue_;
  std::unique_ptr<Cache> cache_;
  ReleaseSites sites_;
  GoBuilder go_;
};

}  // namespace slipway
