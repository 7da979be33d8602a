#pragma once
#include <string>

#include "graph/step.h"

namespace slipway {

/// What to delete. Any of id and mark may be empty: an intent whose result was never recorded knows only its mark.
struct RemovalTarget {
  std::string kind, id, name, mark;
};
/// From a state record: its removal data, and its outputs, whose "id" is newer than what the removal data holds.
/// Errors: corrupt.
Result<RemovalTarget> removal_target_from(const Value& removal_data, const Value& outputs);

/// Deletes what state remembers: everything of the kind that has the id or carries the mark. Nothing left is a diff
/// without action. Outputs: none.
class RemoveObjectStep final : public Step {
 public:
  explicit RemoveObjectStep(RemovalTarget target, Milliseconds limit = std::chrono::minutes(10))
      : target_(std::move(target)), limit_(limit) {}

  Result<Observation> observe(Reader& reader, const Inputs& inputs) const override;
  Diff diff(const Observation& seen, const Inputs& inputs) const override;
  Diff forecast(const Inputs& inputs) const override;
  Result<Outputs> apply(Writer& writer, const Diff& diff, const Inputs& inputs, Recorder& recorder) const override;

 private:
  Result<std::vector<std::string>> ids(CloudReader& cloud) const;

  RemovalTarget target_;
  Milliseconds limit_;
};

}  // namespace slipway
