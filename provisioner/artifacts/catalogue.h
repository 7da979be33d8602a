#pragma once
// Every pinned third-party thing, as playbooks/versions.yaml names it, and the recipe of each artifact: a digest of all
// that decides what it is. An artifact is fetched or built again when its recipe changes and never otherwise.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace slipway {

/// An official file, pinned by checksum.
struct ReleaseFile {
  std::string url;
  std::string member{};  ///< Path inside the archive behind the URL; empty: the file itself.
  std::string sha256;    ///< Of what the URL serves.
};

/// One command of a Go module below builds/, pinned by the go.sum there.
struct GoCommand {
  std::string module;   ///< Folder below builds/.
  std::string package;  ///< Import path; "." is the folder itself.
  std::vector<std::string> ldflags{};
  std::vector<std::string> tags{};
  bool cgo = false;
};

struct DebianMember {
  std::string package;
  std::string member;  ///< Path inside the package.
};

struct CProgram {
  std::string source;  ///< Below the data folder.
  std::vector<std::string> flags{};
};

/// One program. At least one source; they are tried in this order.
struct Binary {
  std::string name;
  std::string version;
  std::string revision{};                ///< Changed by hand to have the same version made again.
  std::optional<ReleaseFile> release{};  ///< Absent also where no checksum is known for the architecture.
  std::optional<GoCommand> go{};
  std::optional<DebianMember> debian{};
  std::optional<CProgram> c{};
};

/// The file system of some Debian packages and what they depend on, as one image layer.
struct DebianLayer {
  std::string name;
  std::string suite;
  std::vector<std::string> packages;
  std::string revision{};                      ///< Changed by hand to take what the suite holds now.
  std::vector<std::string> exclude{};          ///< Globs; what lies below a match goes too.
  std::vector<std::string> directories{};      ///< Made where absent: /tmp 1777, others 0755.
  std::map<std::string, std::string> links{};  ///< path -> target; replaces what is there.
  std::map<std::string, std::string> files{};  ///< path -> text; made where absent.
};

/// A container image put together here.
struct Image {
  std::string name;
  std::string reference;
  std::string layer{};                            ///< Name of a DebianLayer, or empty.
  std::map<std::string, std::string> binaries{};  ///< path in the image -> Binary
  std::vector<std::string> entrypoint{};
  std::vector<std::string> command{};
  std::map<std::string, std::string> environment{};
  std::string user{};
};

/// Kubernetes objects out of a Go module's files: upstream's own definitions and rights, none of them copied here.
struct ObjectFiles {
  std::string name;
  std::string module;                  ///< Folder below builds/ whose go.mod and go.sum pin it.
  std::string of;                      ///< The Go module that holds the files.
  std::vector<std::string> files;      ///< Inside it; the last part may hold * and ?.
  std::vector<std::string> kinds{};    ///< Only objects of these; empty: all.
  std::vector<std::string> without{};  ///< Fields left out, as JSON pointers: what a controller fills in.
  std::string revision{};
};

/// The Go that builds: the machine's own where it is new enough, else this one out of the module proxy.
struct GoSettings {
  std::string minimum{};  ///< "1.26.3"
  std::vector<std::string> flags{};
  std::vector<std::string> ldflags{};
  std::string toolchain{};         ///< Version to take where the machine's is older or absent; empty: none.
  std::string toolchain_sha256{};  ///< Of the module's zip for this machine.
};

/// Immutable; any thread.
class Catalogue {
 public:
  /// Reads `directory`/versions.yaml and the folders in builds/ that it names, for one target architecture.
  /// Errors: not_found, bad_input (all faults at once, at file:line:column).
  /// `kubernetes`: one of the releases there; empty: the default.
  static Result<Catalogue> load(const std::string& directory, const std::string& architecture,
                                const std::string& kubernetes = {});

  const std::string& directory() const { return directory_; }
  const std::string& architecture() const { return architecture_; }
  const GoSettings& go() const { return go_; }
  const std::map<std::string, Binary>& binaries() const { return binaries_; }
  const std::map<std::string, DebianLayer>& layers() const { return layers_; }
  const std::map<std::string, Image>& images() const { return images_; }
  const std::map<std::string, ObjectFiles>& objects() const { return objects_; }
  /// Name of a bundle ("worker") -> its images, in the order of the file.
  const std::map<std::string, std::vector<std::string>>& bundles() const { return bundles_; }
  /// The binaries that lie on nodes outside of images.
  const std::vector<std::string>& host_binaries() const { return host_binaries_; }
  /// The release that binaries and images are of.
  const std::string& kubernetes() const { return kubernetes_; }

  /// "binary/kubelet", "layer/debian-net", "image/coredns", "images/worker", "objects/metallb": all of them, sorted.
  std::vector<std::string> names() const;
  /// The recipe of an artifact: 64 hex digits; empty where there is no such artifact.
  std::string recipe(const std::string& name) const;
  /// Its version: a binary's own, an image's tag, a layer's suite; a bundle's is the start of its recipe.
  std::string version(const std::string& name) const;
  /// not_found, with the nearest name there is.
  Error unknown(const std::string& name) const;

 private:
  friend class CatalogueReader;
  Result<void> compute_recipes();

  std::string directory_, architecture_, kubernetes_;
  GoSettings go_;
  std::map<std::string, Binary> binaries_;
  std::map<std::string, DebianLayer> layers_;
  std::map<std::string, Image> images_;
  std::map<std::string, ObjectFiles> objects_;
  std::map<std::string, std::vector<std::string>> bundles_;
  std::vector<std::string> host_binaries_;
  std::map<std::string, std::string> recipes_;
};

}  // namespace slipway
