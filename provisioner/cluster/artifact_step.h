#pragma once
#include <string>

#include "graph/step.h"

namespace slipway {

/// Keeps one third-party file or image bundle at hand in this machine's cache. On demand: a platform that runs needs
/// none of them. Outputs: "path", "sha256", "version", "size".
class ArtifactStep final : public Step {
 public:
  explicit ArtifactStep(std::string name) : name_(std::move(name)) {}
  Result<Observation> observe(Reader& reader, const Inputs& inputs) const override;
  Diff diff(const Observation& seen, const Inputs& inputs) const override;
  Result<Outputs> apply(Writer& writer, const Diff& diff, const Inputs& inputs, Recorder& recorder) const override;

 private:
  std::string name_;
};

}  // namespace slipway
