#pragma once
// What the artifact tests share: a temporary folder with versions.yaml and builds/, a cache beside it, a real client.

#include <filesystem>
#include <fstream>
#include <string>

#include "artifacts/store.h"
#include "base/digest.h"
#include "base/ids.h"

#include "tests/unit/artifacts/http_fetcher.h"

namespace slipway::testing {

class Site {
 public:
  Site() : root_(std::filesystem::temp_directory_path() / ("slipway-artifacts-" + random_hex(6))) {
    std::filesystem::create_directories(root_ / "data/builds");
  }
  ~Site() {
    // Go makes its module cache read-only.
    std::error_code ignored;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root_, ignored))
      if (entry.is_directory(ignored))
        std::filesystem::permissions(entry.path(), std::filesystem::perms(0755), ignored);
    std::filesystem::remove_all(root_, ignored);
  }
  Site(const Site&) = delete;
  Site& operator=(const Site&) = delete;

  std::string path(const std::string& name) const { return root_ / name; }
  std::string cache() const { return path("cache"); }

  /// Compiled standard packages are shared between tests and runs; only what a test builds itself is new.
  void share_go_cache(const std::string& folder) const {
    std::filesystem::create_directories(folder);
    std::filesystem::create_directories(cache() + "/go");
    std::filesystem::create_directory_symlink(folder, cache() + "/go/build");
  }

  /// A file below the data folder.
  void write(const std::string& name, const std::string& text) const {
    const std::filesystem::path file = root_ / "data" / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << text;
  }

  ArtifactOptions options() const {
    return {.data_directory = path("data"),
            .cache = cache(),
            .probe_timeout = std::chrono::seconds(2),
            .stall_timeout = Seconds(1),
            .retry_pause = Milliseconds(1)};
  }

  std::unique_ptr<ArtifactStore> open(const ArtifactOptions& options) {
    Result<std::unique_ptr<ArtifactStore>> store = ArtifactStore::open(options, fetcher_);
    if (!store) throw std::runtime_error(describe(store.error()));
    return std::move(*store);
  }
  std::unique_ptr<ArtifactStore> open() { return open(options()); }
  Fetcher& fetcher() { return fetcher_; }

 private:
  std::filesystem::path root_;
  HttpClient client_{{.proxy_from_environment = false}};
  HttpFetcher fetcher_{client_};
};

inline Deadline soon() { return Deadline::in(std::chrono::minutes(4)); }
inline const ArtifactProgress quietly{};

/// A C program that prints `text`; the quickest thing that can be built here.
inline std::string c_program(const std::string& text) {
  return "#include <stdio.h>\nint main(void) { return puts(\"" + text + "\") < 0; }\n";
}

}  // namespace slipway::testing
