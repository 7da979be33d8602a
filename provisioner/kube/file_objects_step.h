#pragma once
#include <memory>
#include <mutex>

#include "kube/objects_step.h"

namespace slipway {

/// Keeps the objects of a file that is an artifact (upstream's definitions, say), as ObjectsStep keeps those of a
/// manifest. Input: "path", a JSON List of objects. The file is read when the step is observed or applied. Where the
/// cache was emptied, an object that is missing is still found by the recorded inventory, and the file is made again
/// for mending it.
class FileObjectsStep final : public Step {
 public:
  /// `options.objects` stays empty.
  explicit FileObjectsStep(ObjectsOptions options) : options_(std::move(options)) {}
  Result<Observation> observe(Reader& reader, const Inputs& inputs) const override;
  Diff diff(const Observation& seen, const Inputs& inputs) const override;
  Diff forecast(const Inputs& inputs) const override;
  bool needs_input(const std::string& input, const Diff& diff) const override;
  Result<Outputs> apply(Writer& writer, const Diff& diff, const Inputs& inputs, Recorder& recorder) const override;

  /// For StepInfo::removal: what the inventory in state adds to.
  Removal removal() const;

 private:
  Result<std::shared_ptr<const ObjectsStep>> step_of(const std::string& path) const;
  Result<Observation> observe_without_file(Reader& reader) const;

  ObjectsOptions options_;
  mutable std::mutex mutex_;
  mutable std::shared_ptr<const ObjectsStep> read_;  ///< Of `read_path_`: a large file is read once a run.
  mutable std::string read_path_;
};

}  // namespace slipway
