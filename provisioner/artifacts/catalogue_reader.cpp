#include "artifacts/catalogue_reader.h"

#include <algorithm>

#include "artifacts/machine.h"
#include "base/file.h"
#include "base/text.h"

namespace slipway {
namespace {

std::string escaped(const std::string& key) { return replace_all(replace_all(key, "~", "~0"), "/", "~1"); }
std::string under(const std::string& at, const std::string& key) { return at + "/" + escaped(key); }

bool is_sha256(const std::string& text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

/// Names end up in file names and in artifact names.
bool is_name(const std::string& text) {
  return !text.empty() && text[0] != '.' &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") ==
             std::string::npos;
}

}  // namespace

CatalogueReader::CatalogueReader(YamlDocument document, std::string directory, std::string architecture)
    : document_(std::move(document)) {
  catalogue_.directory_ = std::move(directory);
  catalogue_.architecture_ = std::move(architecture);
}

Result<Catalogue> CatalogueReader::read(const std::string& directory, const std::string& architecture,
                                        const std::string& kubernetes) {
  const std::string path = directory + "/versions.yaml";
  const Result<std::string> content = read_file(path);
  if (!content) return Error(content.error()).while_doing("reading the pinned versions");
  Result<YamlDocument> document = read_yaml(path, *content);
  if (!document) return std::move(document).error();
  CatalogueReader reader(std::move(*document), directory, architecture);
  const std::vector<std::string> releases = reader.document_.keys("/kubernetes/releases");
  if (!kubernetes.empty() && std::find(releases.begin(), releases.end(), kubernetes) == releases.end())
    return fail(ErrorKind::bad_input, "this Kubernetes version is not offered",
                {.found = kubernetes,
                 .expected = join(releases, " or "),
                 .advice = "set kubernetes.version to one of these, or leave it out",
                 .where = path});
  reader.catalogue_.kubernetes_ = kubernetes;
  reader.read_all();
  if (!reader.faults_.empty()) return to_error(path, std::move(reader.faults_));
  return std::move(reader.catalogue_);
}

void CatalogueReader::read_all() {
  if (!check_keys("", {"kubernetes", "go", "binaries", "hosts", "layers", "images", "bundles", "objects"},
                  {"binaries"}))
    return;
  read_kubernetes();
  // Versions first: any entry may name any other's.
  placeholders_["arch"] = catalogue_.architecture_;
  placeholders_["kubernetes"] = catalogue_.kubernetes_;
  for (const std::string& name : document_.keys("/binaries"))
    if (const Value& entry = value(under("/binaries", name)); entry.is_object())
      placeholders_[name] = expand(under("/binaries", name), text_at(entry, "version"));
  read_go();
  read_binaries();
  read_hosts();
  read_layers();
  read_images();
  read_bundles();
  read_objects();
}

void CatalogueReader::complain(const std::string& at, std::string message, std::string found, std::string expected) {
  SpecFault fault = document_.fault_at(at, std::move(message));
  fault.found = std::move(found);
  fault.expected = std::move(expected);
  faults_.push_back(std::move(fault));
}

const Value& CatalogueReader::value(const std::string& at) const {
  static const Value nothing;
  const Value::json_pointer pointer(at);
  return document_.value.contains(pointer) ? document_.value[pointer] : nothing;
}

bool CatalogueReader::check_keys(const std::string& at, const std::vector<std::string>& known,
                                 const std::vector<std::string>& needed) {
  const Value& map = value(at);
  if (!map.is_object()) {
    complain(at, "not a map", map.type_name(), "a map with " + join(needed.empty() ? known : needed, ", "));
    return false;
  }
  for (const std::string& key : document_.keys(at))
    if (std::find(known.begin(), known.end(), key) == known.end())
      complain(under(at, key), "unknown key '" + key + "'", {}, join(known, ", "));
  for (const std::string& key : needed)
    if (!map.contains(key)) complain(at, "'" + key + "' is missing");
  return std::all_of(needed.begin(), needed.end(), [&](const std::string& key) { return map.contains(key); });
}

std::string CatalogueReader::text(const std::string& at) {
  const Value& found = value(at);
  if (found.is_string()) return found.get<std::string>();
  if (!found.is_null()) complain(at, "not text", found.dump(), "text; put it in quotes");
  return {};
}

std::vector<std::string> CatalogueReader::texts(const std::string& at) {
  const Value& list = value(at);
  std::vector<std::string> out;
  if (list.is_null()) return out;
  if (!list.is_array()) {
    complain(at, "not a list", list.type_name(), "a list of texts");
    return out;
  }
  for (size_t i = 0; i < list.size(); ++i) {
    const std::string element = at + "/" + std::to_string(i);
    // A list inside (an anchor of a shared one) stands for its elements.
    if (list[i].is_array())
      for (std::string& inner : texts(element)) out.push_back(std::move(inner));
    else
      out.push_back(text(element));
  }
  return out;
}

std::map<std::string, std::string> CatalogueReader::text_map(const std::string& at) {
  const Value& map = value(at);
  std::map<std::string, std::string> out;
  if (map.is_null()) return out;
  if (!map.is_object()) {
    complain(at, "not a map", map.type_name(), "a map of texts");
    return out;
  }
  for (const auto& [key, inner] : map.items()) out[key] = text(under(at, key));
  return out;
}

bool CatalogueReader::flag(const std::string& at) {
  const Value& found = value(at);
  if (found.is_boolean()) return found.get<bool>();
  if (!found.is_null()) complain(at, "not true or false", found.dump());
  return false;
}

std::string CatalogueReader::expand(const std::string& at, const std::string& text) {
  std::string out;
  for (size_t start = 0; start < text.size();) {
    const size_t open = text.find('{', start), close = text.find('}', open);
    if (open == std::string::npos || close == std::string::npos) return out + text.substr(start);
    out += text.substr(start, open - start);
    const std::string word = text.substr(open + 1, close - open - 1);
    if (const auto it = placeholders_.find(word); it != placeholders_.end()) {
      out += it->second;
    } else {
      std::vector<std::string> known;
      for (const auto& [name, ignored] : placeholders_) known.push_back(name);
      const std::optional<std::string> near = nearest(word, known);
      complain(at, "unknown placeholder '{" + word + "}'", {}, near ? "perhaps {" + *near + "}" : join(known, ", "));
    }
    start = close + 1;
  }
  return out;
}

std::vector<std::string> CatalogueReader::expand(const std::string& at, std::vector<std::string> texts) {
  for (std::string& text : texts) text = expand(at, text);
  return texts;
}

std::string CatalogueReader::checksum(const std::string& at, const std::string& architecture) {
  std::string sum;
  for (const auto& [name, text] : text_map(at)) {
    if (!is_sha256(text)) complain(under(at, name), "not a SHA-256 checksum", text, "64 lower-case hex digits");
    if (name == architecture) sum = text;
  }
  return sum;
}

void CatalogueReader::read_kubernetes() {
  if (value("/kubernetes").is_null() || !check_keys("/kubernetes", {"default", "releases"}, {"default"})) return;
  if (catalogue_.kubernetes_.empty()) catalogue_.kubernetes_ = text("/kubernetes/default");
  if (value("/kubernetes/releases").is_null()) return;
  for (const std::string& release : document_.keys("/kubernetes/releases")) {
    const std::string at = under("/kubernetes/releases", release);
    if (!check_keys(at, {"module", "sha256"}, {"module"})) continue;
    const std::string module = text(at + "/module");
    if (!is_name(module)) complain(at + "/module", "not a folder name", module);
    if (release == catalogue_.kubernetes_) placeholders_["kubernetes-module"] = module;
  }
  if (!placeholders_.contains("kubernetes-module"))
    complain("/kubernetes/default", "no such release", catalogue_.kubernetes_);
}

std::string CatalogueReader::release_checksum(const std::string& binary) {
  const std::string at = under(under("/kubernetes/releases", catalogue_.kubernetes_) + "/sha256", binary);
  return value(at).is_null() ? "" : checksum(at, catalogue_.architecture_);
}

void CatalogueReader::read_go() {
  if (value("/go").is_null() || !check_keys("/go", {"minimum", "flags", "ldflags", "toolchain"}, {"minimum"})) return;
  GoSettings& go = catalogue_.go_;
  go.minimum = text("/go/minimum");
  go.flags = texts("/go/flags");
  go.ldflags = texts("/go/ldflags");
  if (value("/go/toolchain").is_null() || !check_keys("/go/toolchain", {"version", "sha256"}, {"version", "sha256"}))
    return;
  // The toolchain runs here, whatever it builds for.
  go.toolchain_sha256 = checksum("/go/toolchain/sha256", machine_architecture());
  if (!go.toolchain_sha256.empty()) go.toolchain = text("/go/toolchain/version");
}

void CatalogueReader::read_binaries() {
  for (const std::string& name : document_.keys("/binaries")) read_binary(name, under("/binaries", name));
}

void CatalogueReader::read_binary(const std::string& name, const std::string& at) {
  if (!is_name(name)) return complain(at, "not a name", name, "letters, digits, '-', '_' and '.'");
  if (!check_keys(at, {"version", "release", "go", "debian", "c", "revision"}, {"version"})) return;
  Binary binary{
      .name = name, .version = expand(at + "/version", text(at + "/version")), .revision = text(at + "/revision")};
  const std::vector<std::string> numbers = split(binary.version, '.');
  placeholders_["version"] = binary.version;
  placeholders_["major"] = numbers[0];
  placeholders_["minor"] = numbers.size() > 1 ? numbers[1] : "";
  const Value& entry = value(at);
  if (entry.contains("release") && check_keys(at + "/release", {"url", "member", "sha256"}, {"url"})) {
    ReleaseFile release{.url = expand(at + "/release/url", text(at + "/release/url")),
                        .member = expand(at + "/release/member", text(at + "/release/member")),
                        .sha256 = entry.at("release").contains("sha256")
                                      ? checksum(at + "/release/sha256", catalogue_.architecture_)
                                      : release_checksum(name)};
    if (!release.sha256.empty()) binary.release = std::move(release);
  }
  if (entry.contains("go") &&
      check_keys(at + "/go", {"module", "package", "ldflags", "tags", "cgo"}, {"module", "package"})) {
    binary.go = GoCommand{.module = expand(at + "/go/module", text(at + "/go/module")),
                          .package = text(at + "/go/package"),
                          .ldflags = expand(at + "/go/ldflags", texts(at + "/go/ldflags")),
                          .tags = texts(at + "/go/tags"),
                          .cgo = flag(at + "/go/cgo")};
    if (!is_name(binary.go->module)) complain(at + "/go/module", "not a folder name", binary.go->module);
  }
  if (entry.contains("debian") && check_keys(at + "/debian", {"package", "member"}, {"package", "member"}))
    binary.debian = DebianMember{.package = text(at + "/debian/package"), .member = text(at + "/debian/member")};
  if (entry.contains("c") && check_keys(at + "/c", {"source", "flags"}, {"source"}))
    binary.c = CProgram{.source = text(at + "/c/source"), .flags = texts(at + "/c/flags")};
  if (!entry.contains("release") && !binary.go && !binary.debian && !binary.c)
    complain(at, "no source", {}, "release, go, debian or c");
  catalogue_.binaries_[name] = std::move(binary);
  for (const char* own : {"version", "major", "minor"}) placeholders_.erase(own);
}

void CatalogueReader::read_hosts() {
  const Value& hosts = value("/hosts");
  if (hosts.is_null()) return;
  for (const std::string& role : document_.keys("/hosts")) {
    // "debian" lists packages, not binaries.
    if (role == "debian") continue;
    for (const std::string& name : document_.keys(under("/hosts", role))) {
      if (!catalogue_.binaries_.contains(name)) {
        complain(under(under("/hosts", role), name), "no such binary", name);
      } else if (std::find(catalogue_.host_binaries_.begin(), catalogue_.host_binaries_.end(), name) ==
                 catalogue_.host_binaries_.end()) {
        catalogue_.host_binaries_.push_back(name);
      }
    }
  }
}

void CatalogueReader::read_layers() {
  if (value("/layers").is_null()) return;
  for (const std::string& name : document_.keys("/layers")) {
    const std::string at = under("/layers", name);
    if (!is_name(name)) {
      complain(at, "not a name", name);
      continue;
    }
    if (!check_keys(at, {"suite", "packages", "exclude", "directories", "links", "files", "revision"},
                    {"suite", "packages"}))
      continue;
    catalogue_.layers_[name] = DebianLayer{.name = name,
                                           .suite = text(at + "/suite"),
                                           .packages = texts(at + "/packages"),
                                           .revision = text(at + "/revision"),
                                           .exclude = texts(at + "/exclude"),
                                           .directories = texts(at + "/directories"),
                                           .links = text_map(at + "/links"),
                                           .files = text_map(at + "/files")};
  }
}

void CatalogueReader::read_images() {
  if (value("/images").is_null()) return;
  for (const std::string& name : document_.keys("/images")) read_image(name, under("/images", name));
}

void CatalogueReader::read_image(const std::string& name, const std::string& at) {
  if (!is_name(name)) return complain(at, "not a name", name);
  if (!check_keys(at, {"reference", "layer", "binaries", "entrypoint", "command", "environment", "user", "roles"},
                  {"reference"}))
    return;
  Image image{.name = name,
              .reference = expand(at + "/reference", text(at + "/reference")),
              .layer = text(at + "/layer"),
              .binaries = text_map(at + "/binaries"),
              .entrypoint = texts(at + "/entrypoint"),
              .command = texts(at + "/command"),
              .environment = text_map(at + "/environment"),
              .user = text(at + "/user")};
  if (image.reference.rfind(':') == std::string::npos || image.reference.rfind(':') < image.reference.rfind('/'))
    complain(at + "/reference", "image reference without a tag", image.reference, "REGISTRY/NAME:TAG");
  if (!image.layer.empty() && !catalogue_.layers_.contains(image.layer))
    complain(at + "/layer", "no such layer", image.layer);
  for (const auto& [path, binary] : image.binaries) {
    if (!path.starts_with("/")) complain(under(at + "/binaries", path), "not an absolute path", path);
    if (!catalogue_.binaries_.contains(binary)) complain(under(at + "/binaries", path), "no such binary", binary);
  }
  if (image.layer.empty() && image.binaries.empty()) complain(at, "empty image", {}, "layer or binaries");
  for (const std::string& role : texts(at + "/roles")) {
    if (!is_name(role)) complain(at + "/roles", "not a role", role);
    catalogue_.bundles_[role].push_back(name);
  }
  catalogue_.images_[name] = std::move(image);
}

void CatalogueReader::read_objects() {
  if (value("/objects").is_null()) return;
  for (const std::string& name : document_.keys("/objects")) {
    const std::string at = under("/objects", name);
    if (!is_name(name)) {
      complain(at, "not a name", name);
      continue;
    }
    if (!check_keys(at, {"module", "of", "files", "kinds", "without", "revision"}, {"module", "of", "files"})) continue;
    ObjectFiles files{.name = name,
                      .module = text(at + "/module"),
                      .of = text(at + "/of"),
                      .files = texts(at + "/files"),
                      .kinds = texts(at + "/kinds"),
                      .without = texts(at + "/without"),
                      .revision = text(at + "/revision")};
    if (!is_name(files.module)) complain(at + "/module", "not a folder name", files.module);
    for (const std::string& file : files.files)
      if (file.starts_with("/") || file.find("..") != std::string::npos)
        complain(at + "/files", "not a path inside the module", file);
    for (const std::string& pointer : files.without)
      if (!pointer.starts_with("/")) complain(at + "/without", "not a JSON pointer", pointer, "/spec/…");
    catalogue_.objects_[name] = std::move(files);
  }
}

void CatalogueReader::read_bundles() {
  if (value("/bundles").is_null()) return;
  for (const std::string& name : document_.keys("/bundles")) {
    const std::string at = under("/bundles", name);
    if (!is_name(name) || catalogue_.bundles_.contains(name)) {
      complain(at, is_name(name) ? "a role of images has this name already" : "not a name", name);
      continue;
    }
    for (const std::string& image : texts(at)) {
      if (!catalogue_.images_.contains(image)) complain(at, "no such image", image);
      catalogue_.bundles_[name].push_back(image);
    }
  }
}

}  // namespace slipway
