#include "graph/event.h"

namespace slipway {

Value to_json(const Event& event) {
  Value out = {
      {"time", format_time(event.time)}, {"run", event.run.text()}, {"seq", event.sequence}, {"type", event.type}};
  const auto add = [&](const char* key, const std::string& text) {
    if (!text.empty()) out[key] = text;
  };
  add("step", event.step.text());
  add("machine", event.machine.text());
  add("lane", event.lane);
  add("action", event.action);
  add("kind", event.kind);
  add("text", event.text);
  if (event.type.starts_with("step-") || event.milliseconds > 0) out["ms"] = event.milliseconds;
  if (!event.data.is_null()) out["data"] = event.data;
  return out;
}

}  // namespace slipway
