#pragma once
#include <string>
#include <vector>

#include "artifacts/store.h"

namespace slipway {

/// One artifact on its way into the cache: tries the sources in order and remembers what each answered. One use.
class Making {
 public:
  struct Tools {
    ArtifactWriter& store;  ///< For what this artifact is made of.
    const ArtifactOptions& options;
    const Catalogue& catalogue;
    Cache& cache;
    ReleaseSites& sites;
    GoBuilder& go;
  };
  Making(Tools tools, std::string name, const ArtifactProgress& progress, Deadline deadline);

  /// Errors: as ArtifactWriter::acquire.
  Result<CacheRecord> run();

 private:
  /// The answer of one source: a record, or why not; empty where the source does not apply.
  using Attempt = std::optional<Result<CacheRecord>>;
  Attempt from_bundles();
  Attempt from_release(const Binary& binary);
  Attempt from_go(const Binary& binary);
  Attempt from_debian(const Binary& binary);
  Attempt from_c(const Binary& binary);
  Attempt from_layer(const DebianLayer& layer);
  Attempt from_modules(const ObjectFiles& files);
  Attempt from_images(const std::vector<std::string>& images);

  Result<ImagePlan> plan_of(const Image& image, const std::map<std::string, ArtifactFile>& parts) const;
  Result<std::map<std::string, ArtifactFile>> acquire_parts(const std::vector<std::string>& images);
  Result<CacheRecord> keep(const std::string& path, int mode, std::string source, std::string detail,
                           std::string version = {}, const std::string& known_sha256 = {});
  Error nobody_has_it() const;

  Tools tools_;
  std::string name_;
  /// May be called by several threads while parts are made side by side.
  ArtifactProgress progress_;
  Deadline deadline_;
  Instant begun_ = std::chrono::steady_clock::now();
  std::vector<std::string> passed_over_;
  std::vector<Error> errors_;
};

}  // namespace slipway
