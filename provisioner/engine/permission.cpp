#include "engine/permission.h"

namespace slipway {

Permission::Permission(const State& state, const Graph& graph, const RunOptions& options)
    : options_(options), data_rule_(state, graph) {
  if (!options_.ceiling) return;
  for (const PlannedStep& step : options_.ceiling->steps) saved_.emplace(step.id, &step);
}

const PlannedStep* Permission::in_saved_plan(const StepId& step) const {
  const auto found = saved_.find(step);
  return found == saved_.end() ? nullptr : found->second;
}

std::optional<Permission::Refusal> Permission::refusal(const StepInfo& info, const PlannedStep& planned,
                                                       bool applied_before, const Diff& seen) const {
  const Consent consent = data_rule_.consent(info, applied_before, seen);
  const bool strong = consent != Consent::none;
  if (strong && info.protect)
    return Refusal{fail(ErrorKind::approval_needed, "the spec protects it",
                        {.found = std::string(name(seen.action)) + " of " + info.id.text(),
                         .advice = "remove `protect: true` from the spec first, if that is what you want"})};
  if (consent == Consent::data_loss) {
    if (options_.approve_data_loss) return std::nullopt;
    return Refusal{fail(ErrorKind::approval_needed, "what carried data is not simply made again",
                        {.found = info.id.text() + ": " + data_rule_.loss(info),
                         .expected = "the data, restored from a backup",
                         .advice = "put the data back and run again; if it may be lost, slipway repair SPEC "
                                   "--approve data-loss starts empty"}),
                   consent};
  }
  const PlannedStep* shown = options_.ceiling ? in_saved_plan(info.id) : &planned;
  const bool approved_there =
      options_.ceiling && shown && shown->needs_approval && shown->diff.action == planned.diff.action;
  if (strong && !options_.approve && !approved_there)
    return Refusal{fail(ErrorKind::approval_needed, std::string(name(seen.action)) + " needs approval",
                        {.found = info.id.text(), .advice = "run again with --approve"}),
                   consent};
  // What could not be looked at was shown without its changes.
  if (shown && !shown->problem.empty() && !strong) return std::nullopt;
  if (strong && options_.approve && !options_.ceiling) return std::nullopt;
  const std::string excess = shown ? first_excess(shown->diff, seen) : std::string(name(seen.action));
  if (excess.empty()) return std::nullopt;
  return Refusal{fail(ErrorKind::world_changed, "the world changed since the plan",
                      {.found = info.id.text() + " now also needs: " + excess,
                       .expected = "what the plan shows, or less",
                       .advice = "plan again, look at it, and apply that"})};
}

}  // namespace slipway
