#include "cluster/versions.h"

#include "base/file.h"
#include "base/text.h"
#include "spec/yaml.h"

namespace slipway {

Result<Versions> load_versions(const std::string& path) {
  Result<std::string> text = read_file(path);
  if (!text) return std::move(text).error();
  Result<Value> document = parse_yaml(path, *text);
  if (!document) return std::move(document).error();
  Versions versions;
  std::map<std::string, std::string> of_binary;
  for (const auto& [binary, entry] : document->value("binaries", Value::object()).items())
    of_binary[binary] = text_at(entry, "version");
  versions.kubernetes = text_at(document->value("kubernetes", Value::object()), "default");
  of_binary["kubernetes"] = versions.kubernetes;
  versions.etcd = of_binary["etcd"];
  for (const auto& [image, entry] : document->value("images", Value::object()).items()) {
    std::string reference = text_at(entry, "reference");
    for (const auto& [binary, version] : of_binary) reference = replace_all(reference, "{" + binary + "}", version);
    versions.images[image] = std::move(reference);
  }
  if (versions.kubernetes.empty() || versions.etcd.empty())
    return fail(ErrorKind::bad_input, "no version of Kubernetes or etcd is named", {.where = path});
  return versions;
}

}  // namespace slipway
