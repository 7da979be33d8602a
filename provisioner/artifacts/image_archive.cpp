#include "artifacts/image_archive.h"

#include <set>
#include <sys/stat.h>

#include "artifacts/archive.h"
#include "artifacts/machine.h"
#include "artifacts/tar_writer.h"
#include "base/digest.h"
#include "base/json.h"

namespace slipway {
namespace {

constexpr const char* path_variable = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
constexpr const char* beginning_of_time = "1970-01-01T00:00:00Z";

/// A file of the layout: its text, or a layer that is written when its turn comes.
struct Blob {
  std::string text{};
  const ImageLayer* layer = nullptr;
  uint64_t size = 0;
};

std::string inner(const std::string& path) { return path.substr(path.find_first_not_of('/')); }

Result<void> pack_programs(const ImageLayer& layer, const TarWriter::Sink& sink) {
  struct Entry {
    int mode = 0755;
    std::string file{}, text{};
    bool directory = true;
  };
  std::map<std::string, Entry> entries;
  const auto add = [&](const std::string& path, Entry entry) {
    for (size_t slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1))
      entries.try_emplace(path.substr(0, slash));
    entries[path] = std::move(entry);
  };
  if (layer.base) {
    add("tmp", {.mode = 01777});
    add("etc/passwd", {.mode = 0644,
                       .text = "root:x:0:0:root:/root:/sbin/nologin\nnobody:x:65534:65534:nobody:/:/sbin/nologin\n",
                       .directory = false});
    add("etc/group", {.mode = 0644, .text = "root:x:0:\nnogroup:x:65534:\n", .directory = false});
  }
  for (const auto& [path, file] : layer.programs) add(inner(path), {.file = file, .directory = false});
  TarWriter tar(sink);
  for (const auto& [path, entry] : entries) {
    const Result<void> added = entry.directory      ? tar.add_directory(path, entry.mode)
                               : entry.file.empty() ? tar.add_text(path, entry.mode, entry.text)
                                                    : tar.add_file(path, entry.mode, entry.file);
    if (!added) return added;
  }
  return tar.finish();
}

Value descriptor(const std::string& media_type, const std::string& sha256, uint64_t size) {
  return {{"mediaType", media_type}, {"digest", "sha256:" + sha256}, {"size", size}};
}

class LayoutWriter {
 public:
  Result<void> add(const ImagePlan& image) {
    Value layers = Value::array(), digests = Value::array();
    for (const ImageLayer& layer : image.layers) {
      const Result<std::pair<std::string, uint64_t>> known = keep_layer(layer);
      if (!known) return known.error();
      layers.push_back(descriptor("application/vnd.oci.image.layer.v1.tar", known->first, known->second));
      digests.push_back("sha256:" + known->first);
    }
    Value settings = {{"Env", {std::string("PATH=") + path_variable}}};
    for (const auto& [name, value] : image.environment) settings["Env"].push_back(name + "=" + value);
    if (!image.entrypoint.empty()) settings["Entrypoint"] = image.entrypoint;
    if (!image.command.empty()) settings["Cmd"] = image.command;
    if (!image.user.empty()) settings["User"] = image.user;
    const Value config = {{"architecture", image.architecture},
                          {"os", "linux"},
                          {"created", beginning_of_time},
                          {"config", settings},
                          {"rootfs", {{"type", "layers"}, {"diff_ids", digests}}}};
    const std::string config_text = config.dump();
    const Value manifest = {
        {"schemaVersion", 2},
        {"mediaType", "application/vnd.oci.image.manifest.v1+json"},
        {"config", descriptor("application/vnd.oci.image.config.v1+json", keep(config_text), config_text.size())},
        {"layers", layers}};
    const std::string manifest_text = manifest.dump();
    Value entry = descriptor("application/vnd.oci.image.manifest.v1+json", keep(manifest_text), manifest_text.size());
    entry["platform"] = {{"architecture", image.architecture}, {"os", "linux"}};
    entry["annotations"] = {{"io.containerd.image.name", image.reference},
                            {"org.opencontainers.image.ref.name", image.reference}};
    manifests_.push_back(std::move(entry));
    return {};
  }

  uint64_t total() const {
    uint64_t sum = 0;
    for (const auto& [sha256, blob] : blobs_) sum += blob.size;
    return sum;
  }

  Result<void> write(TarWriter& tar) const {
    const Value index = {
        {"schemaVersion", 2}, {"mediaType", "application/vnd.oci.image.index.v1+json"}, {"manifests", manifests_}};
    if (Result<void> added = tar.add_text("oci-layout", 0644, R"({"imageLayoutVersion":"1.0.0"})"); !added)
      return added;
    if (Result<void> added = tar.add_text("index.json", 0644, index.dump()); !added) return added;
    for (const char* folder : {"blobs", "blobs/sha256"})
      if (Result<void> added = tar.add_directory(folder, 0755); !added) return added;
    for (const auto& [sha256, blob] : blobs_) {
      const std::string path = "blobs/sha256/" + sha256;
      const Result<void> added =
          !blob.layer ? tar.add_text(path, 0644, blob.text)
          : blob.layer->tar_path.empty()
              ? tar.add_stream(path, 0644, blob.size,
                               [&](const TarWriter::Sink& sink) { return pack_programs(*blob.layer, sink); })
              : tar.add_file(path, 0644, blob.layer->tar_path);
      if (!added) return added;
    }
    return tar.finish();
  }

 private:
  std::string keep(const std::string& text) {
    std::string digest = sha256(text);
    blobs_[digest] = {.text = text, .size = text.size()};
    return digest;
  }

  Result<std::pair<std::string, uint64_t>> keep_layer(const ImageLayer& layer) {
    if (!layer.tar_path.empty()) {
      struct stat status {};
      if (::stat(layer.tar_path.c_str(), &status) != 0)
        return fail(ErrorKind::not_found, "layer is gone", {.where = layer.tar_path});
      const auto size = static_cast<uint64_t>(status.st_size);
      blobs_[layer.sha256] = {.layer = &layer, .size = size};
      return std::pair(layer.sha256, size);
    }
    // Digest and size must be known before the first byte is written, so the layer is packed twice.
    Sha256 digest;
    uint64_t size = 0;
    const Result<void> packed = pack_programs(layer, [&](std::string_view bytes) -> Result<void> {
      digest.update(bytes);
      size += bytes.size();
      return {};
    });
    if (!packed) return packed.error();
    std::string sha256 = digest.finish();
    blobs_[sha256] = {.layer = &layer, .size = size};
    return std::pair(std::move(sha256), size);
  }

  std::map<std::string, Blob> blobs_;
  Value manifests_ = Value::array();
};

}  // namespace

Result<ImageArchive> write_image_archive(const std::vector<ImagePlan>& images, const std::string& path,
                                         const std::function<void(uint64_t done, uint64_t total)>& progress) {
  LayoutWriter layout;
  for (const ImagePlan& image : images)
    if (Result<void> added = layout.add(image); !added)
      return std::move(added).error().while_doing("packing image " + image.reference);
  const uint64_t total = layout.total();
  if (Result<void> space = require_space(path.substr(0, path.rfind('/')), total + (64 << 20), "container images");
      !space)
    return std::move(space).error();
  Result<NewFile> file = NewFile::create(path);
  if (!file) return std::move(file).error();
  Sha256 digest;
  TarWriter tar([&](std::string_view bytes) -> Result<void> {
    digest.update(bytes);
    if (progress) progress(file->size(), total);
    return file->write(bytes);
  });
  if (Result<void> written = layout.write(tar); !written) return std::move(written).error();
  return ImageArchive{.sha256 = digest.finish(), .size = file->size()};
}

}  // namespace slipway
