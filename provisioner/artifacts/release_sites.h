#pragma once
#include <string>
#include <vector>

#include "artifacts/cache.h"
#include "artifacts/catalogue.h"
#include "artifacts/fetcher.h"
#include "artifacts/host_memory.h"
#include "ports/artifacts.h"

namespace slipway {

/// A pinned file that the cache now holds.
struct Downloaded {
  std::string path;    ///< In the cache.
  std::string url;     ///< Which one served it.
  std::string source;  ///< "release" or "mirror"
};

/// Fetches files by URL and checksum: from the mirrors first, then from the site itself. A cut transfer is continued
/// where it stopped, in this run or the next; a wrong checksum throws the file away.
/// Errors:  the last source's: not_found, unavailable, timeout, verification, quota …
/// Threads: any; the same file is fetched once.
class ReleaseSites {
 public:
  struct Settings {
    std::vector<std::string> mirrors;  ///< Base URLs: BASE/HOST/PATH is asked for each https://HOST/PATH.
    Seconds stall_timeout{30};
    Milliseconds probe_timeout = std::chrono::seconds(3);
    Milliseconds first_pause = std::chrono::milliseconds(300);  ///< Before another attempt; doubled each time.
  };
  ReleaseSites(Cache& cache, Fetcher& fetcher, Settings settings)
      : cache_(cache), fetcher_(fetcher), settings_(std::move(settings)), hosts_(fetcher, settings_.probe_timeout) {}

  /// `label` is what progress calls the file.
  Result<Downloaded> get(const std::string& url, const std::string& sha256, const std::string& label,
                         const ArtifactProgress& progress, Deadline deadline);
  /// The release's program as a new file at `destination`.
  Result<Downloaded> get_program(const Binary& binary, const std::string& destination, const ArtifactProgress& progress,
                                 Deadline deadline);

 private:
  Result<void> get_from(const std::string& url, const std::string& sha256, const std::string& label,
                        const ArtifactProgress& progress, Deadline deadline);
  Result<void> transfer(const std::string& url, const std::string& part, const std::string& label,
                        const ArtifactProgress& progress, Deadline deadline);

  Cache& cache_;
  Fetcher& fetcher_;
  Settings settings_;
  HostMemory hosts_;
};

}  // namespace slipway
