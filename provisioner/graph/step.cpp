#include "graph/step.h"

namespace slipway {

Diff Step::forecast(const Inputs&) const { return {.action = Action::create, .reason = Reason::missing}; }

bool Step::needs_input(const std::string&, const Diff&) const { return true; }

std::optional<Value> output_of(const Outputs& outputs, const std::string& output) {
  if (output.empty()) return outputs.empty() ? std::nullopt : std::optional<Value>(outputs);
  const auto found = outputs.find(output);
  return found == outputs.end() ? std::nullopt : std::optional<Value>(found->second);
}

std::string_view name(Layer layer) {
  switch (layer) {
    case Layer::cloud:
      return "cloud";
    case Layer::host:
      return "host";
    case Layer::cluster:
      return "cluster";
  }
  return "cluster";
}

}  // namespace slipway
