#pragma once
#include <string>

#include "cli/session.h"

namespace slipway {

struct FigureReport {
  std::string text;               ///< Tables, or why there are none; empty where no add-on has figures.
  Value tables = Value::array();  ///< figures_value of every add-on that answered.
};

/// What the spec's add-ons can tell about the cluster (addon.yaml's `figures`). An add-on that does not answer is said
/// so and does no harm. REQUIRES: expand_graph was called.
FigureReport figure_report(Session& session);

}  // namespace slipway
