#include "artifacts/debian_layer.h"

#include <algorithm>
#include <fcntl.h>
#include <fnmatch.h>
#include <iterator>
#include <map>
#include <sstream>
#include <unistd.h>

#include "artifacts/apt_sources.h"
#include "artifacts/archive.h"
#include "artifacts/machine.h"
#include "artifacts/tar_writer.h"
#include "base/file.h"
#include "base/process.h"
#include "base/text.h"

namespace slipway {
namespace {

/// What the layer will hold at one path; file content waits in the spool.
struct Item {
  ArchiveEntry entry;
  uint64_t offset = 0;
};

/// A glob of the shell, where '*' stays within one folder, against the path or the folder above it of equal depth.
class Excluder {
 public:
  explicit Excluder(const std::vector<std::string>& globs) {
    for (const std::string& glob : globs)
      rules_.push_back({glob, static_cast<size_t>(std::count(glob.begin(), glob.end(), '/'))});
  }
  bool matches(const std::string& path) const {
    const std::string full = "/" + path;
    return std::any_of(rules_.begin(), rules_.end(), [&](const Rule& rule) {
      size_t end = 0;
      for (size_t depth = 0; depth < rule.depth && end != std::string::npos; ++depth)
        end = full.find('/', end + (depth > 0));
      if (end == std::string::npos) return false;
      const std::string start = full.substr(0, full.find('/', end + 1));
      return ::fnmatch(rule.glob.c_str(), start.c_str(), FNM_PATHNAME | FNM_PERIOD) == 0;
    });
  }

 private:
  struct Rule {
    std::string glob;
    size_t depth;
  };
  std::vector<Rule> rules_;
};

/// Reads "Get:4 URL bookworm/main amd64 hello amd64 2.10-3 [53.1 kB]" in apt's talk.
class PackageLog {
 public:
  explicit PackageLog(const std::vector<std::string>& wanted) : wanted_(wanted) {}
  /// The package that the line says is being fetched, or empty.
  std::string line(std::string_view text) {
    std::istringstream in{std::string(text)};
    const std::vector<std::string> words{std::istream_iterator<std::string>(in), {}};
    if (words.size() < 8 || !words[0].starts_with("Get:")) return {};
    versions_[words[4]] = words[6];
    return words[4];
  }
  /// "NAME VERSION, …" of the wanted packages.
  std::string versions() const {
    std::vector<std::string> out;
    for (const std::string& name : wanted_)
      if (const auto it = versions_.find(name); it != versions_.end()) out.push_back(name + " " + it->second);
    return join(out, ", ");
  }

 private:
  const std::vector<std::string>& wanted_;
  std::map<std::string, std::string> versions_;
};

class LayerTrimmer {
 public:
  LayerTrimmer(const DebianLayer& layer, std::string spool)
      : layer_(layer), excluder_(layer.exclude), spool_(std::move(spool)) {}

  Result<void> read(const std::string& unpacked) {
    Result<NewFile> spool = NewFile::create(spool_);
    if (!spool) return std::move(spool).error();
    return read_archive(unpacked, [&](const ArchiveEntry& entry, const ReadEntry& content) -> Result<Walk> {
      if (entry.path.empty() || entry.kind == ArchiveEntry::Kind::other || excluder_.matches(entry.path))
        return Walk::on;
      Item item{.entry = entry, .offset = spool->size()};
      if (entry.kind == ArchiveEntry::Kind::file)
        if (Result<void> copied = content([&](std::string_view piece) { return spool->write(piece); }); !copied)
          return std::move(copied).error();
      items_[entry.path] = std::move(item);
      return Walk::on;
    });
  }

  Result<void> apply_rules() {
    for (auto& [path, item] : items_) {
      if (item.entry.kind != ArchiveEntry::Kind::hard_link) continue;
      // A second name of a file becomes a file of its own: its first name may be excluded or come later.
      const auto target = items_.find(item.entry.target);
      if (target == items_.end() || target->second.entry.kind != ArchiveEntry::Kind::file)
        return fail(ErrorKind::corrupt, "hard link to a file that is left out",
                    {.found = path + " -> " + item.entry.target, .where = "layer " + layer_.name});
      item = target->second;
    }
    for (const std::string& directory : layer_.directories) add_folder(plain(directory));
    for (const auto& [written, target] : layer_.links) {
      const std::string path = add_parents(plain(written));
      items_[path] = {.entry = {.path = path, .kind = ArchiveEntry::Kind::link, .mode = 0777, .target = target}};
    }
    for (const auto& [written, text] : layer_.files) {
      const std::string path = add_parents(plain(written));
      if (items_.contains(path)) continue;
      texts_[path] = text;
      items_[path] = {.entry = file_entry(path, text.size())};
    }
    return {};
  }

  Result<void> write(const std::string& destination) const {
    Result<NewFile> out = NewFile::create(destination);
    if (!out) return std::move(out).error();
    const FileDescriptor spool(::open(spool_.c_str(), O_RDONLY | O_CLOEXEC));
    TarWriter tar([&](std::string_view bytes) { return out->write(bytes); });
    // The map is sorted by name, which puts a folder before what it holds.
    for (const auto& [path, item] : items_) {
      Result<void> added;
      if (item.entry.kind == ArchiveEntry::Kind::directory) {
        added = tar.add_directory(path, item.entry.mode);
      } else if (item.entry.kind == ArchiveEntry::Kind::link) {
        added = tar.add_link(path, item.entry.target);
      } else if (const auto text = texts_.find(path); text != texts_.end()) {
        added = tar.add_text(path, item.entry.mode, text->second);
      } else {
        added = tar.add_stream(path, item.entry.mode, item.entry.size,
                               [&](const TarWriter::Sink& sink) { return copy(spool, item, sink); });
      }
      if (!added) return added;
    }
    return tar.finish();
  }

 private:
  static std::string plain(const std::string& path) {
    return path.substr(std::min(path.find_first_not_of('/'), path.size()));
  }

  static ArchiveEntry file_entry(const std::string& path, uint64_t size) {
    return {.path = path, .kind = ArchiveEntry::Kind::file, .mode = 0644, .size = size, .target = {}};
  }

  void add_folder(const std::string& written) {
    const std::string path = add_parents(written);
    if (path.empty() || items_.contains(path)) return;
    const int mode = path == "tmp" ? 01777 : 0755;
    items_[path] = {.entry = {.path = path, .kind = ArchiveEntry::Kind::directory, .mode = mode, .target = {}}};
  }

  /// Makes the folders above the path and answers it with links on its way ("bin" -> "usr/bin") followed, so that
  /// nothing is put below a link.
  std::string add_parents(const std::string& path) {
    std::string parent;
    const std::vector<std::string> parts = split(path, '/');
    for (size_t i = 0; i + 1 < parts.size(); ++i) {
      std::string next = parent.empty() ? parts[i] : parent + "/" + parts[i];
      if (const auto it = items_.find(next); it != items_.end() && it->second.entry.kind == ArchiveEntry::Kind::link) {
        const std::string& target = it->second.entry.target;
        next = target.starts_with("/") ? plain(target) : (parent.empty() ? target : parent + "/" + target);
      }
      if (!items_.contains(next))
        items_[next] = {.entry = {.path = next, .kind = ArchiveEntry::Kind::directory, .mode = 0755, .target = {}}};
      parent = next;
    }
    return parent.empty() ? parts.back() : parent + "/" + parts.back();
  }

  static Result<void> copy(const FileDescriptor& spool, const Item& item, const TarWriter::Sink& sink) {
    std::string block(1 << 20, '\0');
    for (uint64_t done = 0; done < item.entry.size;) {
      const size_t wanted = std::min<uint64_t>(block.size(), item.entry.size - done);
      const ssize_t count = ::pread(spool.number(), block.data(), wanted, static_cast<off_t>(item.offset + done));
      if (count <= 0) return fail(ErrorKind::internal, "cannot read back the layer's spool");
      if (Result<void> taken = sink(std::string_view(block.data(), static_cast<size_t>(count))); !taken) return taken;
      done += static_cast<uint64_t>(count);
    }
    return {};
  }

  const DebianLayer& layer_;
  Excluder excluder_;
  std::string spool_;
  std::map<std::string, Item> items_;
  std::map<std::string, std::string> texts_;
};

}  // namespace

Result<void> trim_debian_layer(const DebianLayer& layer, const std::string& unpacked, const std::string& work_folder,
                               const std::string& destination) {
  LayerTrimmer trimmer(layer, work_folder + "/spool");
  if (Result<void> read = trimmer.read(unpacked); !read) return read;
  if (Result<void> applied = trimmer.apply_rules(); !applied) return applied;
  return trimmer.write(destination);
}

Result<std::string> make_debian_layer(const DebianLayer& layer, const std::string& architecture,
                                      const std::string& work_folder, const std::string& destination,
                                      const ArtifactProgress& progress, Deadline deadline) {
  constexpr uint64_t usual_need = 1ull << 30;
  if (Result<void> space = require_space(work_folder, usual_need, "layer " + layer.name); !space)
    return std::move(space).error();
  const std::string unpacked = work_folder + "/unpacked.tar";
  Command command;
  command.arguments = {"mmdebstrap",
                       ::geteuid() == 0 ? "--mode=root" : "--mode=auto",
                       "--verbose",
                       "--variant=extract",
                       "--architectures=" + architecture,
                       "--include=" + join(layer.packages, ","),
                       layer.suite,
                       unpacked};
  for (std::string& line : apt_lines_for(layer.suite)) command.arguments.push_back(std::move(line));
  command.environment = {{"TMPDIR", work_folder}, {"DEBIAN_FRONTEND", "noninteractive"}};
  command.timeout = deadline.left();
  PackageLog log(layer.packages);
  command.on_line = [&](std::string_view line) {
    const std::string package = log.line(line);
    if (progress && !package.empty()) progress("layer " + layer.name + ": " + package, 0, 0);
  };
  const Result<std::string> made = run_or_fail(command);
  if (!made) {
    Error error = explain_build_failure(made.error());
    if (error.kind == ErrorKind::not_found) error.advice = "apt-get install mmdebstrap";
    return error;
  }
  if (Result<void> trimmed = trim_debian_layer(layer, unpacked, work_folder, destination); !trimmed)
    return std::move(trimmed).error();
  return log.versions();
}

}  // namespace slipway
