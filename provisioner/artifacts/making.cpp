#include "artifacts/making.h"

#include <algorithm>
#include <functional>
#include <future>
#include <mutex>
#include <set>

#include "artifacts/debian_layer.h"
#include "artifacts/object_files.h"
#include "artifacts/package_builds.h"
#include "base/file.h"
#include "base/secret.h"
#include "base/text.h"

namespace slipway {
namespace {

/// Lets several threads tell progress, and drops what would only repeat it: transfers tell of every piece.
class ProgressGate {
 public:
  explicit ProgressGate(const ArtifactProgress& progress) : progress_(progress) {}
  void tell(std::string_view what, uint64_t done, uint64_t total) {
    const std::lock_guard lock(mutex_);
    const Instant now = std::chrono::steady_clock::now();
    const bool complete = done == total && last_done_ != total;
    if (what == last_ && !complete && now - told_ < Milliseconds(250)) return;
    last_ = what;
    last_done_ = done;
    told_ = now;
    progress_(what, done, total);
  }

 private:
  const ArtifactProgress progress_;
  std::mutex mutex_;
  std::string last_;
  uint64_t last_done_ = 0;
  Instant told_{};
};

ArtifactProgress gated(const ArtifactProgress& progress) {
  if (!progress) return [](std::string_view, uint64_t, uint64_t) {};
  return [gate = std::make_shared<ProgressGate>(progress)](std::string_view what, uint64_t done, uint64_t total) {
    gate->tell(what, done, total);
  };
}

/// What remains true whatever source comes next.
bool ends_the_search(ErrorKind kind) { return kind == ErrorKind::quota || kind == ErrorKind::cancelled; }

std::string answer_of(const std::string& source, const Error& error) {
  std::string text = source + ": " + error.summary;
  if (!error.found.empty()) text += " (" + error.found + ")";
  if (!error.where.empty()) text += " at " + error.where;
  return redact(text);
}

std::vector<std::string> parts_of(const Image& image) {
  std::vector<std::string> parts;
  if (!image.layer.empty()) parts.push_back("layer/" + image.layer);
  for (const auto& [path, binary] : image.binaries) parts.push_back("binary/" + binary);
  return parts;
}

}  // namespace

Making::Making(Tools tools, std::string name, const ArtifactProgress& progress, Deadline deadline)
    : tools_(tools), name_(std::move(name)), progress_(gated(progress)), deadline_(deadline) {}

Result<CacheRecord> Making::run() {
  const std::string kind = name_.substr(0, name_.find('/')), rest = name_.substr(name_.find('/') + 1);
  const Catalogue& catalogue = tools_.catalogue;
  std::vector<std::pair<std::string, std::function<Attempt()>>> sources = {{"bundle", [&] { return from_bundles(); }}};
  if (kind == "binary") {
    const Binary& binary = catalogue.binaries().at(rest);
    sources.insert(sources.end(), {{"release site", [&] { return from_release(binary); }},
                                   {"go modules", [&] { return from_go(binary); }},
                                   {"debian packages", [&] { return from_debian(binary); }},
                                   {"c compiler", [&] { return from_c(binary); }}});
  } else if (kind == "layer") {
    sources.emplace_back("debian packages", [&] { return from_layer(catalogue.layers().at(rest)); });
  } else if (kind == "objects") {
    sources.emplace_back("go modules", [&] { return from_modules(catalogue.objects().at(rest)); });
  } else if (kind == "image") {
    sources.emplace_back("assembly", [&] { return from_images({rest}); });
  } else {
    sources.emplace_back("assembly", [&] { return from_images(catalogue.bundles().at(rest)); });
  }
  for (const auto& [source, attempt] : sources) {
    Attempt made = attempt();
    if (!made) continue;
    if (made->ok()) return std::move(*made);
    Error error = std::move(*made).error();
    if (ends_the_search(error.kind)) return std::move(error).while_doing("getting " + name_);
    passed_over_.push_back(answer_of(source, error));
    progress_(name_ + " not from " + passed_over_.back(), 0, 0);
    errors_.push_back(std::move(error));
    if (deadline_.passed()) break;
  }
  return nobody_has_it();
}

/// The kind that tells most: a wrong checksum, then a build that failed, then what may pass by itself.
Error Making::nobody_has_it() const {
  if (errors_.empty())
    return fail(
        ErrorKind::not_found, "no source for " + name_,
        {.found = "every source it has is switched off or lacks a checksum for " + tools_.catalogue.architecture(),
         .advice = "allow release sites or registries, or use a bundle that holds it"});
  const auto weight = [](const Error& error) {
    if (error.kind == ErrorKind::verification) return 4;
    if (error.kind == ErrorKind::internal || error.kind == ErrorKind::corrupt) return 3;
    if (error.kind == ErrorKind::timeout || error.kind == ErrorKind::unavailable) return 2;
    return error.kind == ErrorKind::not_found ? 0 : 1;
  };
  // Of equals the last: the release site being out of reach is usual, and the registries are what was counted on.
  const auto worst = std::max_element(errors_.begin(), errors_.end(),
                                      [&](const Error& a, const Error& b) { return weight(a) <= weight(b); });
  Error error = *worst;
  if (errors_.size() > 1) {
    error.found = join(passed_over_, "; ");
    error.summary = "no source has " + name_;
    error.where.clear();
  }
  return error;
}

Result<CacheRecord> Making::keep(const std::string& path, int mode, std::string source, std::string detail,
                                 std::string version, const std::string& known_sha256) {
  Cache::Content content{.sha256 = known_sha256};
  if (path != tools_.cache.blob_path(known_sha256)) {
    Result<Cache::Content> taken = tools_.cache.take_in(path, mode, known_sha256);
    if (!taken) return std::move(taken).error();
    content = std::move(*taken);
  } else if (Result<uint64_t> size = tools_.cache.size_of(known_sha256); size) {
    content.size = *size;
  } else {
    return std::move(size).error();
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun_).count();
  CacheRecord record{.name = name_,
                     .version = version.empty() ? tools_.catalogue.version(name_) : std::move(version),
                     .recipe = tools_.catalogue.recipe(name_),
                     .sha256 = content.sha256,
                     .size = content.size,
                     .source = std::move(source),
                     .detail = std::move(detail),
                     .made_at = format_time(std::chrono::system_clock::now()),
                     .seconds = seconds,
                     .passed_over = passed_over_};
  if (Result<void> kept = tools_.cache.remember(record); !kept) return std::move(kept).error();
  return record;
}

Making::Attempt Making::from_bundles() {
  Attempt last;
  for (const std::string& folder : tools_.options.bundles) {
    Result<CacheRecord> record =
        take_from_bundle(tools_.cache, folder, name_, tools_.catalogue.recipe(name_), progress_);
    if (!record) {
      last = std::move(record);
      continue;
    }
    record->source = "bundle";
    record->detail = folder;
    if (Result<void> kept = tools_.cache.remember(*record); !kept) return std::move(kept).error();
    return record;
  }
  return last;
}

Making::Attempt Making::from_release(const Binary& binary) {
  if (!binary.release || !tools_.options.release_sites) return std::nullopt;
  Result<WorkFolder> work = tools_.cache.work_folder();
  if (!work) return std::move(work).error();
  const Result<Downloaded> got = tools_.sites.get_program(binary, work->file(binary.name), progress_, deadline_);
  if (!got) return got.error();
  return keep(got->path, 0755, got->source, got->url, {}, binary.release->member.empty() ? binary.release->sha256 : "");
}

Making::Attempt Making::from_go(const Binary& binary) {
  if (!binary.go || !tools_.options.registries) return std::nullopt;
  return tools_.go.build(binary, passed_over_, progress_, deadline_);
}

Making::Attempt Making::from_debian(const Binary& binary) {
  if (!binary.debian || !tools_.options.registries) return std::nullopt;
  Result<WorkFolder> work = tools_.cache.work_folder();
  if (!work) return std::move(work).error();
  progress_("getting Debian package " + binary.debian->package, 0, 0);
  const Result<std::string> version =
      take_from_debian(binary, tools_.catalogue.architecture(), work->path(), work->file(binary.name), deadline_);
  if (!version) return version.error();
  return keep(work->file(binary.name), 0755, "debian packages", binary.debian->package + " " + *version, *version);
}

Making::Attempt Making::from_c(const Binary& binary) {
  if (!binary.c) return std::nullopt;
  Result<WorkFolder> work = tools_.cache.work_folder();
  if (!work) return std::move(work).error();
  const Result<std::string> compiler = compile_c(binary, tools_.catalogue, work->file(binary.name), deadline_);
  if (!compiler) return compiler.error();
  return keep(work->file(binary.name), 0755, "built here", *compiler);
}

Making::Attempt Making::from_layer(const DebianLayer& layer) {
  if (!tools_.options.registries) return std::nullopt;
  Result<WorkFolder> work = tools_.cache.work_folder();
  if (!work) return std::move(work).error();
  const Result<std::string> packages = make_debian_layer(layer, tools_.catalogue.architecture(), work->path(),
                                                         work->file("layer.tar"), progress_, deadline_);
  if (!packages) return packages.error();
  return keep(work->file("layer.tar"), 0644, "debian packages", *packages);
}

Making::Attempt Making::from_modules(const ObjectFiles& files) {
  if (!tools_.options.registries) return std::nullopt;
  const Result<GoBuilder::Module> module = tools_.go.module(files.module, files.of, progress_, deadline_);
  if (!module) return module.error();
  const Result<Value> list = objects_of_module(files, module->folder);
  if (!list) return list.error();
  Result<WorkFolder> work = tools_.cache.work_folder();
  if (!work) return std::move(work).error();
  if (Result<void> written = write_file_atomically(work->file("objects.json"), list->dump(1) + "\n"); !written)
    return std::move(written).error();
  return keep(work->file("objects.json"), 0644, "go modules", files.of + " " + module->version, module->version);
}

Result<std::map<std::string, ArtifactFile>> Making::acquire_parts(const std::vector<std::string>& images) {
  std::set<std::string> names;
  for (const std::string& image : images)
    for (const std::string& part : parts_of(tools_.catalogue.images().at(image))) names.insert(part);
  // Side by side: downloads and Debian layers overlap with builds, which wait for one another in their lane.
  // "deferred" is for a machine that grants no more threads: then one after the other.
  std::map<std::string, std::future<Result<ArtifactFile>>> running;
  for (const std::string& name : names)
    running.emplace(name, std::async(std::launch::async | std::launch::deferred,
                                     [this, name] { return tools_.store.acquire(name, progress_, deadline_); }));
  std::map<std::string, ArtifactFile> parts;
  std::optional<Error> failure;
  for (auto& [name, future] : running) {
    Result<ArtifactFile> part = future.get();
    if (part) {
      parts.emplace(name, std::move(*part));
    } else if (!failure) {
      failure = std::move(part).error().while_doing("getting " + name);
    }
  }
  if (failure) return *failure;
  return parts;
}

Result<ImagePlan> Making::plan_of(const Image& image, const std::map<std::string, ArtifactFile>& parts) const {
  ImagePlan plan{.reference = image.reference,
                 .architecture = tools_.catalogue.architecture(),
                 .layers = {},
                 .entrypoint = image.entrypoint,
                 .command = image.command,
                 .environment = image.environment,
                 .user = image.user};
  if (!image.layer.empty()) {
    const ArtifactFile& layer = parts.at("layer/" + image.layer);
    plan.layers.push_back({.tar_path = layer.path, .sha256 = layer.sha256});
  }
  if (!image.binaries.empty()) {
    ImageLayer programs{.base = image.layer.empty()};
    for (const auto& [path, binary] : image.binaries) programs.programs[path] = parts.at("binary/" + binary).path;
    plan.layers.push_back(std::move(programs));
  }
  return plan;
}

Making::Attempt Making::from_images(const std::vector<std::string>& images) {
  const Result<std::map<std::string, ArtifactFile>> parts = acquire_parts(images);
  if (!parts) return parts.error();
  // What it is made of took its own time, and has its own record.
  begun_ = std::chrono::steady_clock::now();
  std::vector<ImagePlan> plans;
  for (const std::string& image : images) {
    Result<ImagePlan> plan = plan_of(tools_.catalogue.images().at(image), *parts);
    if (!plan) return std::move(plan).error();
    plans.push_back(std::move(*plan));
  }
  Result<WorkFolder> work = tools_.cache.work_folder();
  if (!work) return std::move(work).error();
  const Result<ImageArchive> archive =
      write_image_archive(plans, work->file("images.tar"),
                          [&](uint64_t done, uint64_t total) { progress_("packing " + name_, done, total); });
  if (!archive) return archive.error();
  return keep(work->file("images.tar"), 0644, "built here", std::to_string(images.size()) + " images", {},
              archive->sha256);
}

}  // namespace slipway
