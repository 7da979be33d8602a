#pragma once
#include <functional>
#include <optional>
#include <string>

#include "graph/graph.h"

namespace slipway {

/// The inputs of `node`, each asked of `output_of(producer, output)`; what that does not know is unknown.
inline Inputs inputs_of(
    const Graph& graph, size_t node,
    const std::function<std::optional<Value>(size_t producer, const std::string& output)>& output_of) {
  Inputs inputs;
  for (const auto& [input, reference] : graph.nodes()[node].info.inputs) {
    if (std::optional<Value> value = output_of(reference.place, reference.output))
      inputs.set(input, std::move(*value));
    else
      inputs.set_unknown(input);
  }
  return inputs;
}

}  // namespace slipway
