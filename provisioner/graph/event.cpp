#include "graph/event.h"

#include <cstdio>

namespace slipway {
namespace {

/// "2026-11-21T09:30:00.123Z"
std::string precise_time(WallTime time) {
  const auto since = std::chrono::duration_cast<Milliseconds>(time.time_since_epoch()).count();
  char fraction[8];
  std::snprintf(fraction, sizeof fraction, ".%03dZ", static_cast<int>((since % 1000 + 1000) % 1000));
  std::string text = format_time(std::chrono::floor<Seconds>(time));
  text.pop_back();
  return text + fraction;
}

}  // namespace

Value to_json(const Event& event) {
  Value out = {
      {"time", precise_time(event.time)}, {"run", event.run.text()}, {"seq", event.sequence}, {"type", event.type}};
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
