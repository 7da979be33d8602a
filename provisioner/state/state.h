#pragma once
// What Slipway owns and has learnt. The world is asked first; state tells where to look, never what is true.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/json.h"
#include "base/time.h"

namespace slipway {

/// What is kept of one step.
struct StepRecord {
  StepId id;
  std::string machine;       ///< Or empty.
  std::string layer;         ///< "cloud", "host", "cluster"
  std::string mark;          ///< The intent's mark, where there was one.
  bool intent_open = false;  ///< An intent without a result: a thing with this mark may exist.
  bool applied = false;      ///< A result was recorded once.
  Value outputs;             ///< Object: the step's last outputs.
  std::string removal_kind;  ///< As StepInfo::removal; empty: nothing to delete.
  Value removal_data;
  std::vector<StepId> needs;  ///< The stored edges; deletes run in their reverse.
  bool carries_data = false;
  bool protect = false;
  std::string updated;       ///< Wall time, "2026-11-21T09:30:00Z".
  int64_t milliseconds = 0;  ///< How long its last apply took: the next plan's expectation.
};
Value to_value(const StepRecord& record);

/// The members of one pool: which ordinals live, and the next never-used one.
struct PoolMembers {
  std::string role;  ///< "control-plane" or "worker"
  int next_ordinal = 1;
  std::vector<std::string> names;  ///< "workers-1", in order of creation.
  bool operator==(const PoolMembers&) const = default;
};

/// The whole of it, as STATE.json holds it (secrets sealed).
struct State {
  std::string cluster;
  std::string lineage;  ///< Random; made with the state; tells whether two states are related.
  uint64_t serial = 0;  ///< Grows with every change.
  std::map<std::string, PoolMembers> pools;
  std::map<std::string, std::string> addresses;  ///< "machine/workers-1", "endpoint" -> "10.99.0.12"
  std::map<StepId, StepRecord> steps;
  std::map<std::string, std::string> sealed;  ///< secret name -> base64 of the sealed bytes
  Value facts = Value::object();              ///< Small things learnt: CA hash, whether init was done, last runs.
};

/// Version of STATE.json that this binary writes; older ones migrate, newer ones are refused.
inline constexpr int state_format = 1;

}  // namespace slipway
