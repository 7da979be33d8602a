#include "artifacts/release_sites.h"

#include <filesystem>
#include <thread>

#include "artifacts/archive.h"
#include "base/digest.h"
#include "base/secret.h"
#include "base/text.h"

namespace slipway {
namespace {

namespace fs = std::filesystem;

constexpr int fruitless_attempts = 3;

uint64_t size_of(const std::string& path) {
  std::error_code absent;
  const auto size = fs::file_size(path, absent);
  return absent ? 0 : size;
}

std::string without_scheme(const std::string& url) {
  const size_t scheme = url.find("://");
  return scheme == std::string::npos ? url : url.substr(scheme + 3);
}

/// The URL as it may be shown: no user, no query.
std::string shown(const std::string& url) {
  const std::string origin = origin_of_url(url);
  const size_t scheme = url.find("://");
  const size_t path = scheme == std::string::npos ? std::string::npos : url.find('/', scheme + 3);
  return redact(path == std::string::npos ? origin : origin + url.substr(path, url.find_first_of("?#", path) - path));
}

}  // namespace

Result<Downloaded> ReleaseSites::get(const std::string& url, const std::string& sha256, const std::string& label,
                                     const ArtifactProgress& progress, Deadline deadline) {
  Result<FileLock> lock = cache_.lock("download-" + sha256, deadline);
  if (!lock) return std::move(lock).error();
  if (cache_.holds(sha256)) return Downloaded{cache_.blob_path(sha256), url, "release"};
  std::vector<std::pair<std::string, std::string>> candidates;
  for (const std::string& mirror : settings_.mirrors)
    candidates.emplace_back((mirror.ends_with("/") ? mirror : mirror + "/") + without_scheme(url), "mirror");
  candidates.emplace_back(url, "release");
  std::optional<Error> worst;
  for (const auto& [candidate, source] : candidates) {
    const Result<void> got = get_from(candidate, sha256, label, progress, deadline);
    if (got) return Downloaded{cache_.blob_path(sha256), shown(candidate), source};
    if (got.error().kind == ErrorKind::quota || got.error().kind == ErrorKind::cancelled) return got.error();
    // A wrong checksum is what the reader must hear of, whatever the others said.
    if (!worst || worst->kind != ErrorKind::verification) worst = got.error();
  }
  return *worst;
}

Result<void> ReleaseSites::get_from(const std::string& url, const std::string& sha256, const std::string& label,
                                    const ArtifactProgress& progress, Deadline deadline) {
  if (std::optional<Error> obstacle = hosts_.obstacle(url)) return *obstacle;
  const std::string part = cache_.part_path(sha256);
  while (true) {
    const bool continued = size_of(part) > 0;
    if (Result<void> transferred = transfer(url, part, label, progress, deadline); !transferred) {
      const ErrorKind kind = transferred.error().kind;
      if (kind == ErrorKind::unavailable && size_of(part) == 0) hosts_.write_off(url, transferred.error());
      return transferred;
    }
    const Result<std::string> found = sha256_file(part);
    if (!found) return found.error();
    if (*found == sha256) {
      const Result<Cache::Content> taken = cache_.take_in(part, 0755, sha256);
      if (!taken) return taken.error();
      return {};
    }
    std::error_code ignored;
    fs::remove(part, ignored);
    // Pieces of two different files make a wrong one: once more, whole.
    if (continued) continue;
    return fail(ErrorKind::verification, "checksum is not the pinned one",
                {.found = "sha256 " + *found,
                 .expected = "sha256 " + sha256,
                 .advice = "the server holds another file than versions.yaml pins; do not use it",
                 .where = shown(url)});
  }
}

Result<void> ReleaseSites::transfer(const std::string& url, const std::string& part, const std::string& label,
                                    const ArtifactProgress& progress, Deadline deadline) {
  int fruitless = 0;
  Milliseconds pause = settings_.first_pause;
  while (true) {
    const uint64_t before = size_of(part);
    const Result<void> fetched =
        fetcher_.fetch({url, part, deadline, settings_.stall_timeout}, [&](uint64_t received, uint64_t total) {
          if (progress) progress("downloading " + label, received, total);
        });
    if (fetched || !retryable(fetched.error().kind)) return fetched;
    fruitless = size_of(part) > before ? 0 : fruitless + 1;
    if (fruitless >= fruitless_attempts || deadline.passed()) return fetched;
    if (fruitless == 0) pause = settings_.first_pause;
    std::this_thread::sleep_for(std::min(pause, deadline.left()));
    pause *= 2;
  }
}

Result<Downloaded> ReleaseSites::get_program(const Binary& binary, const std::string& destination,
                                             const ArtifactProgress& progress, Deadline deadline) {
  const ReleaseFile& release = *binary.release;
  const std::string file = release.url.substr(release.url.rfind('/') + 1);
  Result<Downloaded> archive = get(release.url, release.sha256, file, progress, deadline);
  if (!archive) return archive;
  if (release.member.empty()) return archive;
  if (Result<void> extracted = extract_member(archive->path, release.member, destination); !extracted)
    return std::move(extracted).error();
  archive->path = destination;
  return archive;
}

}  // namespace slipway
