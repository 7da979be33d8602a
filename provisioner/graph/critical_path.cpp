#include "graph/critical_path.h"

#include <algorithm>

namespace slipway {

CriticalPath critical_path(const Graph& graph, const Plan& plan) {
  const size_t count = graph.nodes().size();
  constexpr size_t none = static_cast<size_t>(-1);
  std::vector<Milliseconds> end(count, Milliseconds(0));  // When the chain up to here is done.
  std::vector<size_t> before(count, none);                // The need that is done last.
  const auto acts = [&](size_t node) {
    return plan.steps[node].diff.action != Action::none && !plan.steps[node].out_of_scope;
  };
  size_t last = none;
  for (size_t node = 0; node < count; ++node) {
    for (const size_t need : graph.nodes()[node].needs)
      if (end[need] > end[node]) {
        end[node] = end[need];
        before[node] = need;
      }
    if (acts(node)) end[node] += plan.steps[node].expected;
    if (end[node] > Milliseconds(0) && (last == none || end[node] > end[last])) last = node;
  }
  CriticalPath path;
  if (last == none) return path;
  path.time = end[last];
  for (size_t node = last; node != none; node = before[node])
    if (acts(node)) path.steps.push_back(plan.steps[node].id);
  std::reverse(path.steps.begin(), path.steps.end());
  return path;
}

}  // namespace slipway
