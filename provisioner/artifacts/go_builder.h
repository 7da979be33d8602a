#pragma once
#include <optional>
#include <string>
#include <vector>

#include "artifacts/cache.h"
#include "artifacts/catalogue.h"
#include "artifacts/go_toolchain.h"
#include "artifacts/release_sites.h"
#include "ports/artifacts.h"

namespace slipway {

/// Builds programs from Go modules, pinned by the go.mod and go.sum below builds/. The commands of one module that are
/// built alike come out of one `go build`, because they share most of their work: asking for one makes all of them.
/// One build at a time on a machine; it uses every core by itself.
/// Errors:  not_found (no Go), unavailable (the module proxy), verification (go.sum), quota, timeout, internal (the
///          compiler's own words in the error's output).
/// Threads: any.
class GoBuilder {
 public:
  GoBuilder(const Catalogue& catalogue, Cache& cache, ReleaseSites& sites)
      : catalogue_(catalogue), cache_(cache), sites_(sites) {}

  /// Leaves the program, and its sisters, in the cache with their records. REQUIRES: binary.go.
  Result<CacheRecord> build(const Binary& binary, const std::vector<std::string>& passed_over,
                            const ArtifactProgress& progress, Deadline deadline);

  /// The folder of a Go module that builds/MODULE pins, downloaded and compared with go.sum. Errors: as build.
  struct Module {
    std::string folder, version;
  };
  Result<Module> module(const std::string& module, const std::string& import_path, const ArtifactProgress& progress,
                        Deadline deadline);

  /// The programs that come out of one call with `binary`, itself included, those in the cache left out.
  std::vector<const Binary*> call_of(const Binary& binary) const;

 private:
  Result<void> run(const GoTool& go, const std::vector<const Binary*>& binaries, const std::string& output,
                   const ArtifactProgress& progress, Deadline deadline) const;
  std::string program_name(const GoCommand& command) const;

  const Catalogue& catalogue_;
  Cache& cache_;
  ReleaseSites& sites_;
};

}  // namespace slipway
