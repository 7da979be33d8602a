#include "artifacts/catalogue.h"

#include "artifacts/catalogue_reader.h"
#include "artifacts/folder.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"

namespace slipway {
namespace {

/// Raised when the way of making things here changes what comes out of the same data.
constexpr int way_of_making = 1;

/// Names and content of all files below a folder.
Result<std::string> folder_digest(const std::string& folder) {
  const std::vector<std::string> files = files_below(folder);
  if (files.empty())
    return fail(ErrorKind::not_found, "build folder is empty or not there",
                {.expected = "go.mod and go.sum", .where = folder});
  Sha256 digest;
  for (const std::string& file : files) {
    Result<std::string> content = sha256_file(file);
    if (!content) return std::move(content).error();
    digest.update(*content + "  " + file.substr(folder.size() + 1) + "\n");
  }
  return digest.finish();
}

/// Never throws, whatever bytes somebody wrote into the file.
std::string printed(const Value& value) { return value.dump(-1, ' ', false, Value::error_handler_t::replace); }

std::string digest_of(const Value& value) { return sha256(printed(value)); }

}  // namespace

Result<Catalogue> Catalogue::load(const std::string& directory, const std::string& architecture,
                                  const std::string& kubernetes) {
  Result<Catalogue> catalogue = CatalogueReader::read(directory, architecture, kubernetes);
  if (!catalogue) return catalogue;
  if (Result<void> computed = catalogue->compute_recipes(); !computed)
    return std::move(computed).error().while_doing("reading " + directory + "/versions.yaml");
  return catalogue;
}

Result<void> Catalogue::compute_recipes() {
  std::map<std::string, std::string> modules;
  const Value common = {{"way", way_of_making}, {"architecture", architecture_}};
  for (const auto& [name, binary] : binaries_) {
    Value recipe = common;
    recipe["binary"] = name;
    recipe["version"] = binary.version;
    if (!binary.revision.empty()) recipe["revision"] = binary.revision;
    if (binary.release) recipe["release"] = {binary.release->url, binary.release->member, binary.release->sha256};
    if (binary.go) {
      std::string& module = modules[binary.go->module];
      if (module.empty()) {
        Result<std::string> digest = folder_digest(directory_ + "/builds/" + binary.go->module);
        if (!digest) return std::move(digest).error();
        module = *digest;
      }
      recipe["go"] = {module,         binary.go->package, binary.go->ldflags, binary.go->tags,
                      binary.go->cgo, go_.flags,          go_.ldflags};
    }
    if (binary.debian) recipe["debian"] = {binary.debian->package, binary.debian->member};
    if (binary.c) {
      Result<std::string> digest = sha256_file(directory_ + "/" + binary.c->source);
      if (!digest) return std::move(digest).error();
      recipe["c"] = {*digest, binary.c->flags};
    }
    recipes_["binary/" + name] = digest_of(recipe);
  }
  for (const auto& [name, layer] : layers_) {
    Value recipe = common;
    recipe["layer"] = {layer.suite, layer.packages, layer.exclude, layer.directories, layer.links, layer.files};
    if (!layer.revision.empty()) recipe["revision"] = layer.revision;
    recipes_["layer/" + name] = digest_of(recipe);
  }
  for (const auto& [name, image] : images_) {
    Value recipe = common;
    recipe["image"] = {image.reference, image.entrypoint, image.command, image.environment, image.user};
    if (!image.layer.empty()) recipe["layer"] = recipes_.at("layer/" + image.layer);
    for (const auto& [path, binary] : image.binaries) recipe["binaries"][path] = recipes_.at("binary/" + binary);
    recipes_["image/" + name] = digest_of(recipe);
  }
  for (const auto& [name, files] : objects_) {
    Result<std::string> module = folder_digest(directory_ + "/builds/" + files.module);
    if (!module) return std::move(module).error();
    Value recipe = {{"way", way_of_making}};
    recipe["objects"] = {*module, files.of, files.files, files.kinds, files.without, files.revision};
    recipes_["objects/" + name] = digest_of(recipe);
  }
  for (const auto& [name, members] : bundles_) {
    Value recipe = common;
    for (const std::string& image : members) recipe["images"].push_back(recipes_.at("image/" + image));
    recipes_["images/" + name] = digest_of(recipe);
  }
  return {};
}

std::vector<std::string> Catalogue::names() const {
  std::vector<std::string> names;
  for (const auto& [name, recipe] : recipes_) names.push_back(name);
  return names;
}

std::string Catalogue::recipe(const std::string& name) const {
  const auto it = recipes_.find(name);
  return it == recipes_.end() ? std::string() : it->second;
}

std::string Catalogue::version(const std::string& name) const {
  const size_t slash = name.find('/');
  const std::string kind = name.substr(0, slash), rest = slash == std::string::npos ? "" : name.substr(slash + 1);
  if (const auto it = binaries_.find(rest); kind == "binary" && it != binaries_.end()) return it->second.version;
  if (const auto it = layers_.find(rest); kind == "layer" && it != layers_.end()) return it->second.suite;
  if (const auto it = images_.find(rest); kind == "image" && it != images_.end())
    return it->second.reference.substr(it->second.reference.rfind(':') + 1);
  return recipe(name).substr(0, 12);
}

Error Catalogue::unknown(const std::string& name) const {
  const std::optional<std::string> near = nearest(name, names());
  return fail(ErrorKind::not_found, "no such artifact",
              {.found = name,
               .expected = "binary/NAME, layer/NAME, image/NAME, objects/NAME or images/BUNDLE of versions.yaml",
               .advice = near ? "did you mean '" + *near + "'?" : "slipway artifacts list",
               .where = directory_ + "/versions.yaml"});
}

}  // namespace slipway
