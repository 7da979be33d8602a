#include "state/state.h"

namespace slipway {

Value to_value(const StepRecord& record) {
  Value needs = Value::array();
  for (const StepId& need : record.needs) needs.push_back(need.text());
  return {{"id", record.id.text()},    {"machine", record.machine},           {"layer", record.layer},
          {"mark", record.mark},       {"intent_open", record.intent_open},   {"applied", record.applied},
          {"outputs", record.outputs}, {"removal_kind", record.removal_kind}, {"removal_data", record.removal_data},
          {"needs", std::move(needs)}, {"carries_data", record.carries_data}, {"protect", record.protect},
          {"updated", record.updated}, {"milliseconds", record.milliseconds}};
}

}  // namespace slipway
