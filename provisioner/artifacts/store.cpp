#include "artifacts/store.h"

#include <cstdlib>
#include <set>

#include "artifacts/making.h"
#include "base/text.h"

namespace slipway {
namespace {

ArtifactFile file_of(const CacheRecord& record, const Cache& cache, std::string source) {
  return {.name = record.name,
          .version = record.version,
          .path = cache.blob_path(record.sha256),
          .sha256 = record.sha256,
          .size = record.size,
          .source = std::move(source)};
}

void add_words(std::vector<std::string>& list, const char* variable, char separator) {
  const char* text = std::getenv(variable);
  for (const std::string& word : split(text ? text : "", separator))
    if (!trim(word).empty()) list.emplace_back(trim(word));
}

}  // namespace

void ArtifactOptions::add_environment() {
  add_words(bundles, "SLIPWAY_BUNDLE", ':');
  add_words(mirrors, "SLIPWAY_MIRROR", ',');
}

Value to_value(const ArtifactInfo& info) {
  Value value = {
      {"name", info.name}, {"version", info.version}, {"recipe", info.recipe}, {"cached", info.record.has_value()}};
  if (!info.record) return value;
  value["version"] = info.record->version;
  value["sha256"] = info.record->sha256;
  value["size"] = info.record->size;
  value["source"] = info.record->source;
  value["detail"] = info.record->detail;
  value["made_at"] = info.record->made_at;
  value["seconds"] = info.record->seconds;
  value["passed_over"] = info.record->passed_over;
  return value;
}

ArtifactStore::ArtifactStore(ArtifactOptions options, Catalogue catalogue, std::unique_ptr<Cache> cache,
                             Fetcher& fetcher)
    : options_(std::move(options)),
      catalogue_(std::move(catalogue)),
      cache_(std::move(cache)),
      sites_(*cache_, fetcher,
             {.mirrors = options_.mirrors,
              .stall_timeout = options_.stall_timeout,
              .probe_timeout = options_.probe_timeout,
              .first_pause = options_.retry_pause}),
      go_(catalogue_, *cache_, sites_) {}

Result<std::unique_ptr<ArtifactStore>> ArtifactStore::open(ArtifactOptions options, Fetcher& fetcher) {
  Result<Catalogue> catalogue = Catalogue::load(options.data_directory, options.architecture, options.kubernetes);
  if (!catalogue) return std::move(catalogue).error();
  Result<std::unique_ptr<Cache>> cache = Cache::open(options.cache);
  if (!cache) return std::move(cache).error();
  return std::unique_ptr<ArtifactStore>(
      new ArtifactStore(std::move(options), std::move(*catalogue), std::move(*cache), fetcher));
}

std::optional<ArtifactFile> ArtifactStore::find(const std::string& name) {
  const std::string wanted = catalogue_.recipe(name);
  if (wanted.empty()) return std::nullopt;
  const std::optional<CacheRecord> record = cache_->find(name, wanted);
  if (!record) return std::nullopt;
  return file_of(*record, *cache_, "cache");
}

Result<ArtifactFile> ArtifactStore::acquire(const std::string& name, const ArtifactProgress& progress,
                                            Deadline deadline) {
  const std::string wanted = catalogue_.recipe(name);
  if (wanted.empty()) return catalogue_.unknown(name);
  if (std::optional<ArtifactFile> here = find(name)) return std::move(*here);
  Result<FileLock> lock = cache_->lock(name + "-" + catalogue_.architecture(), deadline, [&] {
    if (progress) progress(name + " is being made by another run", 0, 0);
  });
  if (!lock) return std::move(lock).error().while_doing("waiting for " + name);
  if (std::optional<ArtifactFile> here = find(name)) return std::move(*here);
  Making making({*this, options_, catalogue_, *cache_, sites_, go_}, name, progress, deadline);
  Result<CacheRecord> record = making.run();
  if (!record) return std::move(record).error();
  return file_of(*record, *cache_, record->source);
}

std::vector<ArtifactInfo> ArtifactStore::list() {
  std::vector<ArtifactInfo> infos;
  for (const std::string& name : catalogue_.names()) {
    const std::string wanted = catalogue_.recipe(name);
    infos.push_back({name, catalogue_.version(name), wanted, cache_->find(name, wanted)});
  }
  return infos;
}

Result<void> ArtifactStore::create_bundle(const std::string& destination, std::vector<std::string> names,
                                          const ArtifactProgress& progress, Deadline deadline) {
  if (names.empty()) {
    for (const std::string& binary : catalogue_.host_binaries()) names.push_back("binary/" + binary);
    for (const auto& [bundle, images] : catalogue_.bundles()) names.push_back("images/" + bundle);
  }
  std::vector<CacheRecord> records;
  for (const std::string& name : std::set<std::string>(names.begin(), names.end())) {
    const Result<ArtifactFile> file = acquire(name, progress, deadline);
    if (!file) return Error(file.error()).while_doing("getting " + name + " for the bundle");
    std::optional<CacheRecord> record = cache_->find(name, catalogue_.recipe(name));
    if (!record) return fail(ErrorKind::internal, "artifact vanished from the cache", {.found = name});
    records.push_back(std::move(*record));
  }
  return write_bundle(*cache_, records, catalogue_.architecture(), destination, progress);
}

Result<std::vector<std::string>> ArtifactStore::use_bundle(const std::string& path, const ArtifactProgress& progress) {
  const Result<std::vector<CacheRecord>> records = import_bundle(*cache_, path, progress);
  if (!records) return records.error();
  std::vector<std::string> names;
  for (const CacheRecord& record : *records) names.push_back(record.name);
  return names;
}

}  // namespace slipway
