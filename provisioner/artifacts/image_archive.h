#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"

namespace slipway {

/// One layer of an image: a tar that is there already, or programs to be packed.
struct ImageLayer {
  std::string tar_path{};  ///< Plain tar; its checksum below.
  std::string sha256{};
  std::map<std::string, std::string> programs{};  ///< path in the image -> local file; mode 0755, owner root
  bool base = false;                              ///< Also what every file system needs: /tmp, /etc/passwd, /etc/group.
};

struct ImagePlan {
  std::string reference;  ///< "registry.k8s.io/pause:3.10.2"
  std::string architecture;
  std::vector<ImageLayer> layers;
  std::vector<std::string> entrypoint{};
  std::vector<std::string> command{};
  std::map<std::string, std::string> environment{};
  std::string user{};
};

struct ImageArchive {
  std::string sha256;
  uint64_t size = 0;
};

/// Writes one OCI image layout as an uncompressed tar that holds all the images, equal layers once. The bytes depend on
/// the plans and the files alone. https://github.com/opencontainers/image-spec/blob/main/image-layout.md
/// `progress` gets bytes written and their sum. Errors: those of reading and writing; quota. Each program is read
/// twice.
Result<ImageArchive> write_image_archive(const std::vector<ImagePlan>& images, const std::string& path,
                                         const std::function<void(uint64_t done, uint64_t total)>& progress = {});

}  // namespace slipway
