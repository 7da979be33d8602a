#pragma once
#include <string>

#include "graph/step.h"

namespace slipway {

/// What to delete. Any of id and mark may be empty: an intent whose result was never recorded knows only its mark.
struct RemovalTarget {
  std::string kind, id, name, mark;
  bool intent_open = false;  ///< A create was announced and its result never recorded: it may not be listed yet.
  Milliseconds list_lag{0};  ///< For how long: Provider::list_lag.
};
/// From a state record: its removal data, and its outputs, whose "id" is newer than what the removal data holds.
/// Errors: corrupt.
Result<RemovalTarget> removal_target_from(const Value& removal_data, const Value& outputs);

/// Deletes what state remembers: everything of the kind that has the id or carries the mark. Nothing left is a diff
/// without action, save where a create may still come to light: that is waited for first. `limit`: of one call, so
/// that after one that hangs there is time for another within the step. Outputs: none.
class RemoveObjectStep final : public Step {
 public:
  explicit RemoveObjectStep(RemovalTarget target, Milliseconds limit = std::chrono::minutes(4))
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
