#include "engine/planner.h"

#include <algorithm>
#include <unordered_set>

#include "base/secret.h"
#include "base/text.h"
#include "engine/approval.h"
#include "engine/finish_create.h"
#include "engine/inputs.h"
#include "engine/retry.h"
#include "engine/walk.h"
#include "graph/critical_path.h"

namespace slipway {
namespace {

const std::vector<std::string> no_lanes;

class Planner {
 public:
  Planner(const Graph& graph, const State& state, Reader& reader, Clock& clock, const PlanOptions& options,
          const EventSink& events)
      : graph_(graph),
        state_(state),
        reader_(reader),
        clock_(clock),
        options_(options),
        events_(events),
        data_rule_(state, graph) {}

  Result<Plan> run() {
    Plan plan;
    plan.cluster = state_.cluster;
    plan.steps.resize(graph_.nodes().size());
    steps_ = &plan.steps;
    if (Result<void> scoped = apply_scope(); !scoped) return std::move(scoped).error();
    emit({.type = "observe-started", .data = {{"steps", graph_.nodes().size()}}});
    walk(graph_, {.start = [this](size_t node) { return start(node); },
                  .lanes = [](size_t) -> const std::vector<std::string>& { return no_lanes; },
                  .room = [](const std::string&) { return size_t{1}; },
                  .workers = options_.parallelism});
    if (options_.cancelled && *options_.cancelled) return fail(ErrorKind::cancelled, "stopped while observing");
    drop_unneeded_on_demand_steps();
    std::unordered_set<MachineName> machines;
    for (const PlannedStep& step : plan.steps)
      if (!step.machine.empty()) machines.insert(step.machine);
    plan.machines.assign(machines.begin(), machines.end());
    std::sort(plan.machines.begin(), plan.machines.end());
    CriticalPath path = critical_path(graph_, plan);
    plan.critical_path = std::move(path.steps);
    plan.critical_time = path.time;
    emit({.type = "observe-done"});
    return plan;
  }

 private:
  Job start(size_t node) {
    const Node& place = graph_.nodes()[node];
    PlannedStep& planned = (*steps_)[node];
    planned.id = place.info.id;
    planned.machine = place.info.machine;
    planned.layer = place.info.layer;
    planned.title = place.info.title.empty() ? place.info.id.text() : place.info.title;
    const auto recorded = state_.steps.find(place.info.id);
    const StepRecord* record = recorded == state_.steps.end() ? nullptr : &recorded->second;
    planned.expected = record && record->milliseconds > 0 ? Milliseconds(record->milliseconds) : place.info.expected;
    if (options_.cancelled && *options_.cancelled) return {};
    for (const size_t need : place.needs)
      if (!(*steps_)[need].problem.empty()) {
        planned.problem = "waits for " + (*steps_)[need].id.text() + ", which could not be looked at";
        return {};
      }
    Inputs inputs = inputs_of(graph_, node, [&](size_t producer, const std::string& output) -> std::optional<Value> {
      return planned_output(producer, output);
    });
    if (!inputs.all_known()) {
      planned.diff = place.step->forecast(inputs);
      // What was made once is looked at again, not made again.
      if (record && record->applied && planned.diff.action == Action::create)
        planned.diff = {.action = Action::update,
                        .reason = Reason::drift,
                        .fields = {{.field = "*", .unknown = true}},
                        .note = "looked at once what it needs is there"};
      mark_approval(place, record, planned);
      return {};
    }
    emit({.type = "step-observing", .step = planned.id, .machine = planned.machine});
    return [this, node, &place, inputs = std::move(inputs)](const EndJob& end) {
      const Instant begun = clock_.now();
      RetryRules rules{.until = begun + options_.observe_limit, .tries = needed_[node] ? 0 : 1, .cancelled = [this] {
                         return options_.cancelled && options_.cancelled->load();
                       }};
      Result<Observation> seen =
          with_retries<Observation>(clock_, rules, [&] { return place.step->observe(reader_, inputs); });
      end([this, node, &place, inputs, seen = std::move(seen)]() mutable {
        take_in(node, place, inputs, std::move(seen));
      });
    };
  }

  void take_in(size_t node, const Node& place, const Inputs& inputs, Result<Observation> seen) {
    PlannedStep& planned = (*steps_)[node];
    emit({.type = "step-observed", .step = planned.id, .machine = planned.machine});
    if (!seen) {
      planned.problem = redact(describe(seen.error()));
      planned.not_itself = seen.error().kind == ErrorKind::verification;
      emit({.type = "observe-failed",
            .step = planned.id,
            .machine = planned.machine,
            .kind = std::string(name(seen.error().kind)),
            .text = planned.problem});
      return;
    }
    planned.observed = true;
    planned.seen = std::move(*seen);
    planned.diff = place.step->diff(planned.seen, inputs);
    const auto recorded = state_.steps.find(planned.id);
    finish_create(recorded == state_.steps.end() ? nullptr : &recorded->second, planned.diff);
    std::erase_if(planned.diff.fields, [&](const FieldChange& change) {
      return std::find(place.info.ignore.begin(), place.info.ignore.end(), change.field) != place.info.ignore.end();
    });
    if (planned.diff.action == Action::update && planned.diff.fields.empty()) planned.diff = {};
    mark_approval(place, recorded == state_.steps.end() ? nullptr : &recorded->second, planned);
    if (planned.diff.action != Action::none && planned.diff.reason == Reason::drift)
      emit({.type = "drift",
            .step = planned.id,
            .machine = planned.machine,
            .action = std::string(name(planned.diff.action))});
  }

  /// What `node` answers to those who need it, or nothing while that is not certain.
  std::optional<Value> planned_output(size_t node, const std::string& output) const {
    const PlannedStep& planned = (*steps_)[node];
    const StepInfo& info = graph_.nodes()[node].info;
    const Action action = planned.diff.action;
    const bool stands = planned.observed && (action == Action::none || action == Action::update);
    if (stands) return output_of(planned.seen.outputs, output);
    if (!info.on_demand) return std::nullopt;
    const auto record = state_.steps.find(info.id);
    if (record == state_.steps.end() || !record->second.outputs.is_object()) return std::nullopt;
    return output_of(record->second.outputs.get<Outputs>(), output);
  }

  void mark_approval(const Node& place, const StepRecord* record, PlannedStep& planned) const {
    const Consent consent = data_rule_.consent(place.info, record && record->applied, planned.diff);
    planned.needs_approval = consent != Consent::none;
    if (consent == Consent::data_loss)
      planned.diff.note =
          data_rule_.loss(place.info) + ". Restore it, or start empty by repair with --approve data-loss";
  }

  void drop_unneeded_on_demand_steps() {
    const auto& nodes = graph_.nodes();
    // Dependents come after what they need, so that one pass from the end settles chains.
    for (size_t i = nodes.size(); i-- > 0;) {
      PlannedStep& planned = (*steps_)[i];
      if (!nodes[i].info.on_demand || planned.diff.action == Action::none) continue;
      const bool needed = std::any_of(nodes[i].wanted_by.begin(), nodes[i].wanted_by.end(), [&](size_t dependent) {
        const PlannedStep& wanting = (*steps_)[dependent];
        if (wanting.diff.action == Action::none || wanting.diff.action == Action::remove) return false;
        for (const auto& [input, reference] : nodes[dependent].info.inputs)
          if (reference.place == i && nodes[dependent].step->needs_input(input, wanting.diff)) return true;
        return false;
      });
      if (!needed) planned.diff = {};
    }
  }

  Error no_such_target(const std::string& target) const {
    std::set<std::string> names;
    for (const Node& node : graph_.nodes()) names.insert({node.info.id.text(), node.info.machine.text()});
    const std::optional<std::string> near = nearest(target, {names.begin(), names.end()});
    return fail(ErrorKind::bad_input, "the target names no machine and no step",
                {.found = target,
                 .advice = near ? "did you mean '" + *near + "'? slipway plan SPEC --all lists every step"
                                : "slipway plan SPEC --all lists every step, slipway node list SPEC every machine"});
  }

  Result<void> apply_scope() {
    const auto& nodes = graph_.nodes();
    needed_.assign(nodes.size(), options_.targets.empty());
    if (options_.targets.empty()) return {};
    std::vector<bool> in_scope(nodes.size(), false);
    std::set<MachineName> machines;
    for (const std::string& target : options_.targets) {
      bool hit = false;
      for (size_t i = 0; i < nodes.size(); ++i) {
        const StepInfo& info = nodes[i].info;
        const bool by_machine = !info.machine.empty() && glob_match(target, info.machine.text());
        if (!by_machine && !glob_match(target, info.id.text())) continue;
        hit = in_scope[i] = true;
        if (by_machine) machines.insert(info.machine);
      }
      if (!hit) return no_such_target(target);
    }
    for (size_t i = nodes.size(); i-- > 0;)
      if (in_scope[i])
        for (const size_t need : nodes[i].needs)
          if (nodes[need].info.machine.empty() || machines.contains(nodes[need].info.machine)) in_scope[need] = true;
    needed_ = in_scope;
    for (size_t i = nodes.size(); i-- > 0;)
      if (needed_[i])
        for (const size_t need : nodes[i].needs) needed_[need] = true;
    for (size_t i = 0; i < nodes.size(); ++i) (*steps_)[i].out_of_scope = !in_scope[i];
    return {};
  }

  void emit(Event event) {
    if (!events_) return;
    event.time = clock_.wall();
    events_(event);
  }

  const Graph& graph_;
  const State& state_;
  Reader& reader_;
  Clock& clock_;
  const PlanOptions& options_;
  const EventSink& events_;
  const DataRule data_rule_;
  std::vector<PlannedStep>* steps_ = nullptr;
  /// By node: in scope, or what something in scope needs. The others are looked at, and nobody waits for them.
  std::vector<bool> needed_;
};

}  // namespace

Result<Plan> make_plan(const Graph& graph, const State& state, Reader& reader, Clock& clock, const PlanOptions& options,
                       const EventSink& events) {
  return Planner(graph, state, reader, clock, options, events).run();
}

}  // namespace slipway
