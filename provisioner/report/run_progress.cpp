#include "report/run_progress.h"

#include "base/text.h"

namespace slipway {
namespace {

std::string with_size(const Event& event) {
  if (!event.data.is_object() || !event.data.contains("total")) return event.text;
  return event.text + " " + format_bytes(event.data.value("done", uint64_t{0})) + " of " +
         format_bytes(event.data.value("total", uint64_t{0}));
}

}  // namespace

RunProgress::RunProgress(const Plan& plan, std::string title)
    : title_(std::move(title)), expected_(plan.critical_time) {
  for (const PlannedStep& planned : plan.steps) {
    Known step;
    step.facts = {.step = planned.id,
                  .machine = planned.machine,
                  .layer = planned.layer,
                  .expected = planned.expected,
                  .place = steps_.size()};
    step.counted = planned.diff.action != Action::none && !planned.out_of_scope;
    if (step.counted) count(step, 1);
    steps_.emplace(planned.id, std::move(step));
  }
}

/// The step of the event; one that the plan does not know is taken in as the cluster's.
RunProgress::Known& RunProgress::known(const Event& event) {
  const auto [found, fresh] = steps_.try_emplace(event.step);
  if (fresh) found->second.facts = {.step = event.step, .machine = event.machine, .place = steps_.size()};
  return found->second;
}

void RunProgress::count(const Known& step, int by) {
  const auto change = [&](StepCounts& counts) {
    const auto add = [by](size_t& number) { number = static_cast<size_t>(static_cast<ptrdiff_t>(number) + by); };
    add(counts.total);
    if (step.fate == Fate::running) add(counts.running);
    if (step.fate == Fate::done) add(counts.done);
    if (step.fate == Fate::failed) add(counts.failed);
    if (step.fate == Fate::blocked) add(counts.blocked);
  };
  change(all_);
  change(layers_[static_cast<size_t>(step.facts.layer)]);
  if (!step.facts.machine.empty()) change(machines_[{step.facts.layer, step.facts.machine}]);
}

void RunProgress::move(Known& step, Fate to) {
  if (step.counted) count(step, -1);
  if (step.fate == Fate::running) running_.erase(step.facts.place);
  step.fate = to;
  step.counted = true;
  if (to == Fate::running) running_.emplace(step.facts.place, step.facts.step);
  count(step, 1);
}

void RunProgress::on_event(const Event& event, Instant now) {
  if (event.step.empty()) return;
  if (event.type == "step-started") {
    Known& step = known(event);
    step.facts.since = now;
    step.facts.text.clear();
    move(step, Fate::running);
  } else if (event.type == "step-progress") {
    known(event).facts.text = with_size(event);
  } else if (event.type == "step-done" || event.type == "step-skipped") {
    move(known(event), Fate::done);
  } else if (event.type == "step-failed") {
    move(known(event), Fate::failed);
  } else if (event.type == "step-blocked") {
    move(known(event), Fate::blocked);
  }
}

StepCounts RunProgress::of(Layer layer, const MachineName& machine) const {
  const auto found = machines_.find({layer, machine});
  return found == machines_.end() ? StepCounts{} : found->second;
}

std::vector<RunProgress::Running> RunProgress::running() const {
  std::vector<Running> list;
  list.reserve(running_.size());
  for (const auto& [place, id] : running_) list.push_back(steps_.at(id).facts);
  return list;
}

}  // namespace slipway
