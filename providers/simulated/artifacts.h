#pragma once
#include <filesystem>

#include "base/digest.h"
#include "base/file.h"
#include "base/text.h"
#include "ports/artifacts.h"
#include "providers/simulated/clock.h"
#include "providers/simulated/faults.h"
#include "providers/simulated/world.h"

namespace slipway::simulated {

/// Third-party files of a few bytes that hold their own names or no objects, all of the release of Kubernetes that the
/// spec asks for. Threads: any.
class Artifacts final : public ArtifactReader, public ArtifactWriter {
 public:
  Artifacts(World& world, VirtualClock& clock, FaultPlan& faults, std::string directory, std::string release)
      : world_(world), clock_(clock), faults_(faults), directory_(std::move(directory)), release_(std::move(release)) {}

  std::optional<ArtifactFile> find(const std::string& name) override {
    const auto lock = world_.enter();
    const Value* kept = world_.find("artifact/" + name);
    // Those of Kubernetes itself are other files in each release.
    if (!kept || (of_release(name) && *kept != Value(release_))) return std::nullopt;
    return file(name);
  }

  Result<ArtifactFile> acquire(const std::string& name, const ArtifactProgress&, Deadline deadline) override {
    const std::optional<Strike> strike = faults_.strike("artifact/" + name);
    if (strike && strike->fault == Fault::slow) clock_.sleep_for(strike->span);
    if (strike && strike->fault == Fault::timeout_before) clock_.sleep_for(deadline.left());
    if (strike)
      if (const std::optional<Error> error = error_of(*strike, "artifact/" + name)) return *error;
    const ArtifactFile made = file(name);
    if (Result<void> folder = make_directories(directory_, 0700); !folder) return std::move(folder).error();
    if (Result<void> written = write_file_atomically(made.path, content(name)); !written)
      return std::move(written).error();
    const auto lock = world_.enter();
    world_.set("artifact/" + name, release_);
    if (Result<void> kept = world_.commit(); !kept) return std::move(kept).error();
    return made;
  }

 private:
  static bool of_release(const std::string& name) {
    return name.starts_with("binary/kube") || name.starts_with("images/");
  }

  static std::string content(const std::string& name) {
    // A project's own objects, of which none is needed here.
    return name.starts_with("objects/") ? R"({"apiVersion":"v1","kind":"List","items":[]})" : name;
  }

  ArtifactFile file(const std::string& name) const {
    return {.name = name,
            .version = release_,
            .path = directory_ + "/" + replace_all(name, "/", "_"),
            .sha256 = sha256(of_release(name) ? name + " " + release_ : name),
            .size = content(name).size(),
            .source = "simulated"};
  }

  World& world_;
  VirtualClock& clock_;
  FaultPlan& faults_;
  const std::string directory_, release_;
};

}  // namespace slipway::simulated
