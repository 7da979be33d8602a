#include "cli/figure_rows.h"

#include "kube/figures.h"

namespace slipway {
namespace {

/// Of one add-on's whole set of queries: `status` is for a person who waits.
constexpr Seconds figure_limit{10};

}  // namespace

FigureReport figure_report(Session& session) {
  FigureReport report;
  const State state = session.store().snapshot();
  for (const AddOn& add_on : session.platform().add_ons) {
    if (!add_on.figures || !session.spec().addons.contains(add_on.name)) continue;
    const auto record = state.steps.find(StepId("addon/" + add_on.name));
    if (record == state.steps.end() || !record->second.applied) continue;
    const Result<std::vector<FigureRows>> tables =
        read_figures(session.reader().cluster, *add_on.figures, Deadline::in(figure_limit));
    if (!tables) {
      report.text += "No figures from " + add_on.name + ": " + tables.error().summary + "\n";
      continue;
    }
    report.text += figures_text(*tables);
    for (Value& table : figures_value(*tables)) report.tables.push_back(std::move(table));
  }
  return report;
}

}  // namespace slipway
