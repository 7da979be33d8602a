#pragma once
#include "graph/step.h"

namespace slipway {

/// An ability of recorders that have a state behind them: they know of earlier tries.
class EarlierTries {
 public:
  virtual ~EarlierTries() = default;
  /// An earlier try, of this run or another, announced the thing or made it: it may exist though no list shows it yet.
  virtual bool may_exist() const = 0;
};

inline bool may_exist(const Recorder& recorder) {
  const auto* ability = dynamic_cast<const EarlierTries*>(&recorder);
  return ability && ability->may_exist();
}

}  // namespace slipway
