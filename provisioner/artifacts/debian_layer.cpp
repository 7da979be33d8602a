#include "artifacts/debian_layer.h"

#include <algorithm>
#include <fcntl.h>
#include <fnmatch.h>
#include <map>
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

/// "NAME VERSION, …" of the wanted packages out of dpkg's status file.
std::string versions_in(const std::string& status, const std::vector<std::string>& wanted) {
  std::map<std::string, std::string> versions;
  std::string package;
  for (const std::string& line : split(status, '\n')) {
    if (line.starts_with("Package: ")) package = line.substr(9);
    if (line.starts_with("Version: ")) versions[package] = line.substr(9);
  }
  std::vector<std::string> out;
  for (const std::string& name : wanted)
    if (versions.contains(name)) out.push_back(name + " " + versions[name]);
  return join(out, ", ");
}

class LayerTrimmer {
 public:
  LayerTrimmer(const DebianLayer& layer, std::string spool)
      : layer_(layer), excluder_(layer.exclude), spool_(std::move(spool)) {}

  Result<void> read(const std::string& unpacked) {
    Result<NewFile> spool = NewFile::create(spool_);
    if (!spool) return std::move(spool).error();
    return read_archive(unpacked, [&](const ArchiveEntry& entry, const ReadEntry& content) -> Result<Walk> {
      if (entry.path == "var/lib/dpkg/status") {
        std::string status;
        Result<void> got = content([&](std::string_view piece) -> Result<void> {
          status += piece;
          return {};
        });
        if (!got) return std::move(got).error();
        versions_ = versions_in(status, layer_.packages);
        if (excluder_.matches(entry.path)) return Walk::on;
        return keep_text(entry.path, status, *spool);
      }
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

  const std::string& versions() const { return versions_; }

 private:
  static std::string plain(const std::string& path) {
    return path.substr(std::min(path.find_first_not_of('/'), path.size()));
  }

  Result<Walk> keep_text(const std::string& path, const std::string& text, NewFile& spool) {
    items_[path] = {.entry = file_entry(path, text.size()), .offset = spool.size()};
    if (Result<void> written = spool.write(text); !written) return std::move(written).error();
    return Walk::on;
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
  std::string versions_;
  std::map<std::string, Item> items_;
  std::map<std::string, std::string> texts_;
};

}  // namespace

Result<std::string> trim_debian_layer(const DebianLayer& layer, const std::string& unpacked,
                                      const std::string& work_folder, const std::string& destination) {
  LayerTrimmer trimmer(layer, work_folder + "/spool");
  if (Result<void> read = trimmer.read(unpacked); !read) return std::move(read).error();
  if (Result<void> applied = trimmer.apply_rules(); !applied) return std::move(applied).error();
  if (Result<void> written = trimmer.write(destination); !written) return std::move(written).error();
  return trimmer.versions();
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
                       "--variant=extract",
                       "--architectures=" + architecture,
                       "--include=" + join(layer.packages, ","),
                       layer.suite,
                       unpacked};
  for (std::string& line : apt_lines_for(layer.suite)) command.arguments.push_back(std::move(line));
  command.environment = {{"TMPDIR", work_folder}, {"DEBIAN_FRONTEND", "noninteractive"}};
  command.timeout = deadline.left();
  command.on_line = [&](std::string_view line) {
    if (progress && line.starts_with("I: "))
      progress("layer " + layer.name + ": " + std::string(trim(line.substr(3, 60))), 0, 0);
  };
  const Result<std::string> made = run_or_fail(command);
  if (!made) {
    Error error = explain_build_failure(made.error());
    if (error.kind == ErrorKind::not_found) error.advice = "apt-get install mmdebstrap";
    return error;
  }
  return trim_debian_layer(layer, unpacked, work_folder, destination);
}

}  // namespace slipway
