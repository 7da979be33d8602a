#pragma once
#include <map>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "state/state.h"

namespace slipway {

/// What an action waits for.
enum class Consent {
  none,
  approve,    ///< --approve: a replace or a delete.
  data_loss,  ///< --approve data-loss: something that carried data would be made again, empty.
};

/// The rule that what carried data is never simply made again. State says what did: every applied record that
/// carries_data, and through it the machine that it was on. A machine that is gone took them along, so making it again
/// waits as they do. A step that was never applied may be made freely: nothing is lost with it.
class DataRule {
 public:
  /// `state`: as it was before the run. Neither reference is kept.
  DataRule(const State& state, const Graph& graph);

  Consent consent(const StepInfo& info, bool applied_before, const Diff& diff) const;
  /// What was on it, and the newest verified backup of that: for the person who decides.
  std::string loss(const StepInfo& info) const;

 private:
  struct Carrier {
    std::string title;
    std::string backup;  ///< Empty: none is known.
  };
  bool machine_with_data(const StepInfo& info) const;

  std::map<StepId, Carrier> carriers_;
  std::map<MachineName, std::vector<StepId>> on_machine_;
};

/// The fact under which the verbs that back up keep the newest verified backup of what a step carries:
/// {"file", "at", "verified": true}.
std::string backup_fact(const StepId& step);

}  // namespace slipway
