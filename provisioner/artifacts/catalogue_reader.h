#pragma once
#include <map>
#include <string>
#include <vector>

#include "artifacts/catalogue.h"
#include "spec/yaml.h"

namespace slipway {

/// Turns versions.yaml into a Catalogue, gathering every fault with its place. One use.
class CatalogueReader {
 public:
  /// Errors: not_found, bad_input.
  static Result<Catalogue> read(const std::string& directory, const std::string& architecture,
                                const std::string& kubernetes);

 private:
  CatalogueReader(YamlDocument document, std::string directory, std::string architecture);
  void read_all();
  void read_kubernetes();
  /// The chosen release's checksum of a binary, or empty.
  std::string release_checksum(const std::string& binary);
  void read_go();
  void read_binaries();
  void read_binary(const std::string& name, const std::string& at);
  void read_hosts();
  void read_layers();
  void read_images();
  void read_image(const std::string& name, const std::string& at);
  void read_bundles();
  void read_objects();

  void complain(const std::string& at, std::string message, std::string found = {}, std::string expected = {});
  /// The value at the pointer, or null.
  const Value& value(const std::string& at) const;
  /// True if it is a map that holds nothing but `known` and all of `needed`; complains otherwise.
  bool check_keys(const std::string& at, const std::vector<std::string>& known, const std::vector<std::string>& needed);
  std::string text(const std::string& at);
  std::vector<std::string> texts(const std::string& at);
  std::map<std::string, std::string> text_map(const std::string& at);
  bool flag(const std::string& at);
  /// The text with every {placeholder} replaced; complains about unknown ones.
  std::string expand(const std::string& at, const std::string& text);
  std::vector<std::string> expand(const std::string& at, std::vector<std::string> texts);
  /// The checksum for the architecture, or empty.
  std::string checksum(const std::string& at, const std::string& architecture);

  YamlDocument document_;
  Catalogue catalogue_;
  std::vector<SpecFault> faults_;
  std::map<std::string, std::string> placeholders_;
};

}  // namespace slipway
