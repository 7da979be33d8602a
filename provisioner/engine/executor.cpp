#include "engine/executor.h"

#include <algorithm>
#include <mutex>
#include <set>

#include "base/secret.h"
#include "base/text.h"
#include "engine/finish_create.h"
#include "engine/inputs.h"
#include "engine/permission.h"
#include "engine/retry.h"
#include "engine/walk.h"
#include "graph/earlier_try.h"
#include "graph/waiting_step.h"

namespace slipway {
namespace {

enum class Fate { pending, unchanged, applied, failed, blocked, waiting, out_of_scope };

const std::vector<std::string> no_lanes;

/// What a worker brings back from one step.
struct Work {
  Result<Outputs> outputs = Outputs{};
  Diff diff{};  ///< What was applied, or was to be.
  bool applied = false;
  Consent waits_for = Consent::none;  ///< The approval that was not given.
  std::string mark{};                 ///< Of the intent that it recorded.
  Milliseconds took{0};
};

/// The parts of an event that vary.
struct EventDetails {
  std::string lane{};
  std::string action{};
  std::string kind{};
  int64_t milliseconds = 0;
  std::string text{};
  Value data{};
};

class Executor;

/// Passes a step's reports on, with its name on them.
class StepRecorder final : public Recorder, public EarlierTries {
 public:
  StepRecorder(Executor& executor, const Node& node, std::function<void(std::string_view)> log)
      : executor_(executor), node_(node), log_(std::move(log)) {}
  Result<void> intent(const std::string& mark) override;
  bool may_exist() const override;
  void progress(std::string_view text, uint64_t done, uint64_t total) override;
  void log(std::string_view text) override {
    if (!log_) return;
    const std::lock_guard lock(mutex_);
    log_(redact(text));
  }
  bool cancelled() const override;
  const std::string& mark() const { return mark_; }

 private:
  Executor& executor_;
  const Node& node_;
  std::function<void(std::string_view)> log_;
  std::mutex mutex_;
  std::string mark_;
};

class Executor {
 public:
  Executor(const Graph& graph, const Plan& plan, Reader& reader, Writer& writer, StateStore& store,
           const RunOptions& options, const EventSink& events)
      : graph_(graph),
        plan_(plan),
        reader_(reader),
        writer_(writer),
        store_(store),
        options_(options),
        events_(events),
        permission_(store.snapshot(), graph, options),
        fates_(plan.steps.size(), Fate::pending),
        outputs_(plan.steps.size()),
        chain_seconds_(plan.steps.size(), 0) {}

  RunSummary run() {
    const Instant begun = writer_.clock.now();
    walk(graph_, {.start = [this](size_t node) { return start(node); },
                  .lanes = [this](size_t node) -> const std::vector<std::string>& {
                    return may_act(node) ? graph_.nodes()[node].info.lanes : no_lanes;
                  },
                  .room = [this](const std::string& lane) { return options_.lane_room ? options_.lane_room(lane) : 1; },
                  .waiting = [this](size_t node,
                                    const std::string& lane) { emit(event_of("step-waiting", node, {.lane = lane})); },
                  .workers = options_.parallelism});
    summary_.seconds = std::chrono::duration<double>(writer_.clock.now() - begun).count();
    for (const double chain : chain_seconds_)
      summary_.critical_path_seconds = std::max(summary_.critical_path_seconds, chain);
    summary_.cancelled = cancelled();
    summary_.beyond_scope.assign(beyond_scope_.begin(), beyond_scope_.end());
    return std::move(summary_);
  }

  void emit(Event event) {
    if (!events_) return;
    const std::lock_guard lock(emit_mutex_);
    event.time = writer_.clock.wall();
    event.sequence = ++sequence_;
    events_(event);
  }

  Event event_of(const char* type, size_t node, EventDetails details = {}) const {
    return event_of(type, graph_.nodes()[node], std::move(details));
  }
  static Event event_of(const char* type, const Node& node, EventDetails details) {
    return {.type = type,
            .step = node.info.id,
            .machine = node.info.machine,
            .lane = std::move(details.lane),
            .action = std::move(details.action),
            .kind = std::move(details.kind),
            .milliseconds = details.milliseconds,
            .text = std::move(details.text),
            .data = std::move(details.data)};
  }

  bool cancelled() const { return options_.cancelled && options_.cancelled->load(); }
  StateStore& store() { return store_; }

  StepRecord record_of(const Node& node) const {
    StepRecord record;
    record.id = node.info.id;
    record.machine = node.info.machine.text();
    record.layer = std::string(name(node.info.layer));
    record.removal_kind = node.info.removal.kind;
    record.removal_data = node.info.removal.data;
    for (const size_t need : node.needs) record.needs.push_back(graph_.nodes()[need].info.id);
    record.carries_data = node.info.carries_data;
    record.protect = node.info.protect;
    record.updated = format_time(writer_.clock.wall());
    return record;
  }

 private:
  const PlannedStep& planned(size_t node) const { return plan_.steps[node]; }

  /// False where the plan looked and found nothing to do.
  bool may_act(size_t node) const { return !planned(node).observed || planned(node).diff.action != Action::none; }

  Job start(size_t node) {
    const Node& place = graph_.nodes()[node];
    const PlannedStep& step = planned(node);
    if (step.out_of_scope) {
      fates_[node] = step.observed && step.diff.action == Action::none ? Fate::unchanged : Fate::out_of_scope;
      if (step.observed) outputs_[node] = step.seen.outputs;
      return {};
    }
    for (const size_t need : place.needs) {
      const Fate fate = fates_[need];
      chain_seconds_[node] = std::max(chain_seconds_[node], chain_seconds_[need]);
      // A thing that leaves waits only for those that stand on it; one of those that failed keeps it, too.
      if (fate == Fate::failed || fate == Fate::blocked || fate == Fate::waiting || fate == Fate::out_of_scope) {
        block(node, graph_.nodes()[need].info.id);
        if (fate == Fate::out_of_scope && fates_[node] == Fate::blocked)
          beyond_scope_.insert(graph_.nodes()[need].info.id);
        return {};
      }
    }
    if (store_failed_ || cancelled()) {
      block(node, StepId());
      return {};
    }
    if (step.observed && step.diff.action == Action::none && !inputs_changed(node) && !has_to_wait(node)) {
      fates_[node] = Fate::unchanged;
      outputs_[node] = step.seen.outputs;
      keep_found(place, outputs_[node]);
      return {};
    }
    if (!step.observed && place.info.on_demand && step.diff.action == Action::none) {
      fates_[node] = Fate::unchanged;
      if (const std::optional<StepRecord> record = store_.find(place.info.id); record && record->outputs.is_object())
        for (const auto& [output, value] : record->outputs.items()) outputs_[node][output] = value;
      return {};
    }
    Inputs inputs = current_inputs(node);
    if (!inputs.all_known()) {
      finish(node, {.outputs = fail(ErrorKind::internal, "a step's input is missing though what it needs is done",
                                    {.found = place.info.id.text(), .advice = "this is a bug in Slipway"})});
      return {};
    }
    return [this, node, inputs = std::move(inputs)](const EndJob& end) {
      auto work = std::make_shared<Work>(act(node, inputs));
      if (!work->applied) return end([this, node, work] { finish(node, std::move(*work)); });
      // Durable before anything that needs it begins; meanwhile this thread has other work.
      record(graph_.nodes()[node], *work, [this, node, work, end](Result<void> recorded) {
        if (!recorded) work->outputs = std::move(recorded).error();
        end([this, node, work] { finish(node, std::move(*work)); });
      });
    };
  }

  Inputs current_inputs(size_t node) const {
    return inputs_of(graph_, node,
                     [&](size_t producer, const std::string& output) { return output_of(outputs_[producer], output); });
  }

  /// Whether an applied step now answers something else than what this one was planned with.
  bool inputs_changed(size_t node) const {
    const auto& inputs = graph_.nodes()[node].info.inputs;
    return std::any_of(inputs.begin(), inputs.end(), [&](const auto& input) {
      const OutputRef& reference = input.second;
      if (fates_[reference.place] != Fate::applied) return false;
      const std::optional<Value> now = output_of(outputs_[reference.place], reference.output);
      return !now || now != output_of(planned(reference.place).seen.outputs, reference.output);
    });
  }

  static bool only_waits(const Node& place) { return dynamic_cast<const WaitingStep*>(place.step.get()) != nullptr; }

  /// Whether it waits for what a step before it has just changed.
  bool has_to_wait(size_t node) const {
    const Node& place = graph_.nodes()[node];
    return only_waits(place) && std::any_of(place.needs.begin(), place.needs.end(),
                                            [&](size_t need) { return fates_[need] == Fate::applied; });
  }

  /// Worker thread: looks again where the plan could not, then applies what is permitted.
  Work act(size_t node, const Inputs& inputs) {
    const Node& place = graph_.nodes()[node];
    const PlannedStep& step = planned(node);
    const Instant begun = writer_.clock.now();
    RetryRules rules{.until = begun + place.info.limit,
                     .tries = place.info.tries,
                     .cancelled = [this] { return cancelled(); },
                     .on_retry =
                         [&](const Error& error, Milliseconds pause) {
                           emit(event_of("step-progress", place,
                                         {.text = redact(error.summary) + "; next try in " +
                                                  format_seconds(static_cast<double>(pause.count()) / 1000)}));
                         }};
    const std::optional<StepRecord> before = store_.find(place.info.id);
    Work work;
    work.diff = step.diff;
    if (!step.observed || step.diff.action == Action::none) {
      Result<Observation> seen =
          with_retries<Observation>(writer_.clock, rules, [&] { return place.step->observe(reader_, inputs); });
      if (!seen) {
        work.outputs = std::move(seen).error().while_doing("observing");
        return work;
      }
      work.diff = place.step->diff(*seen, inputs);
      finish_create(before ? &*before : nullptr, work.diff);
      work.outputs = seen->outputs;
      if (work.diff.action == Action::none) return work;
    }
    const auto refused =
        only_waits(place) ? std::nullopt : permission_.refusal(place.info, step, before && before->applied, work.diff);
    if (refused) {
      work.outputs = refused->error;
      work.waits_for = refused->waits_for;
      return work;
    }
    emit(event_of("step-started", place, {.action = std::string(name(work.diff.action))}));
    StepRecorder recorder(*this, place, options_.step_log ? options_.step_log(place.info.id) : nullptr);
    work.outputs = with_retries<Outputs>(writer_.clock, rules,
                                         [&] { return place.step->apply(writer_, work.diff, inputs, recorder); });
    work.applied = work.outputs.ok();
    work.took = std::chrono::duration_cast<Milliseconds>(writer_.clock.now() - begun);
    work.mark = recorder.mark();
    if (!work.applied) recorder.log("failed: " + describe(work.outputs.error()));
    return work;
  }

  void record(const Node& place, const Work& work, Recorded recorded) {
    if (work.diff.action == Action::remove) return recorded(store_.record_removed(place.info.id));
    StepRecord record = record_of(place);
    record.applied = true;
    record.mark = work.mark;
    record.outputs = Value(*work.outputs);
    record.milliseconds = work.took.count();
    store_.begin_result(record, std::move(recorded));
  }

  /// Deciding thread: takes in what a step came to.
  void finish(size_t node, Work work) {
    const Node& place = graph_.nodes()[node];
    if (work.outputs.ok()) {
      outputs_[node] = std::move(*work.outputs);
      fates_[node] = work.applied ? Fate::applied : Fate::unchanged;
      if (!work.applied) {
        keep_found(place, outputs_[node]);
        if (may_act(node)) emit(event_of("step-skipped", node, {.text = "nothing left to do"}));
        return;
      }
      ++summary_.applied;
      chain_seconds_[node] += static_cast<double>(work.took.count()) / 1000;
      emit(event_of("step-done", node,
                    {.action = std::string(name(work.diff.action)), .milliseconds = work.took.count()}));
      return;
    }
    const Error& error = work.outputs.error();
    if (work.waits_for != Consent::none) {
      fates_[node] = Fate::waiting;
      ++summary_.waiting_approval;
      summary_.waiting.push_back(place.info.id);
      if (work.waits_for == Consent::data_loss) summary_.refusals.push_back({place.info.id, error});
      emit(event_of("step-blocked", node,
                    {.action = std::string(name(work.diff.action)),
                     .kind = std::string(name(error.kind)),
                     .text = error.summary}));
      return;
    }
    fates_[node] = Fate::failed;
    ++summary_.failed;
    summary_.failures.push_back({place.info.id, error});
    emit(event_of("step-failed", node,
                  {.action = std::string(name(work.diff.action)),
                   .kind = std::string(name(error.kind)),
                   .milliseconds = work.took.count(),
                   .text = redact(describe(error))}));
  }

  void block(size_t node, const StepId& by) {
    if (!may_act(node)) {
      // Nothing was to be done here, so nothing is missing; those behind it may still rely on what was seen.
      fates_[node] = Fate::unchanged;
      outputs_[node] = planned(node).seen.outputs;
      if (!store_failed_) keep_found(graph_.nodes()[node], outputs_[node]);
      return;
    }
    fates_[node] = Fate::blocked;
    ++summary_.blocked;
    emit(event_of("step-blocked", node, {.text = by.empty() ? "the run is ending" : "waits for " + by.text()}));
  }

  /// What is as it should be without our doing is taken into the state: an apply whose result was not recorded before
  /// the process died, or a thing that is gone already.
  void keep_found(const Node& place, const Outputs& outputs) {
    if (place.info.leaving && outputs.contains(stays_output)) return;
    if (place.info.leaving) return keep(store_.record_removed(place.info.id));
    const std::optional<StepRecord> known = store_.find(place.info.id);
    if (known && known->applied && !known->intent_open) return;
    StepRecord record = record_of(place);
    record.applied = true;
    record.mark = known ? known->mark : "";
    record.outputs = Value(outputs);
    keep(store_.record_result(record));
  }

  /// A record that cannot be written ends the run: nothing may be done that is not known afterwards.
  void keep(Result<void> recorded) {
    if (recorded || store_failed_) return;
    store_failed_ = true;
    ++summary_.failed;
    summary_.failures.push_back({StepId("state"), std::move(recorded).error()});
  }

  const Graph& graph_;
  const Plan& plan_;
  Reader& reader_;
  Writer& writer_;
  StateStore& store_;
  const RunOptions& options_;
  const EventSink& events_;
  const Permission permission_;
  std::vector<Fate> fates_;  // Deciding thread only, as are the next four.
  std::vector<Outputs> outputs_;
  std::vector<double> chain_seconds_;
  RunSummary summary_;
  std::set<StepId> beyond_scope_;
  bool store_failed_ = false;
  std::mutex emit_mutex_;
  uint64_t sequence_ = 0;
};

Result<void> StepRecorder::intent(const std::string& mark) {
  mark_ = mark;
  StepRecord record = executor_.record_of(node_);
  record.mark = mark;
  record.intent_open = true;
  return executor_.store().record_intent(record);
}

bool StepRecorder::may_exist() const {
  const std::optional<StepRecord> record = executor_.store().find(node_.info.id);
  return record && (record->intent_open || record->applied);
}

void StepRecorder::progress(std::string_view text, uint64_t done, uint64_t total) {
  Value data;
  if (total > 0) data = {{"done", done}, {"total", total}};
  executor_.emit(Executor::event_of("step-progress", node_, {.text = redact(text), .data = std::move(data)}));
  log(text);
}

bool StepRecorder::cancelled() const { return executor_.cancelled(); }

}  // namespace

int RunSummary::exit_code() const {
  if (cancelled) return 130;
  if (!failures.empty()) return slipway::exit_code(failures.front().error.kind);
  if (waiting_approval > 0) return 4;
  return beyond_scope.empty() ? 0 : slipway::exit_code(ErrorKind::conflict);
}

RunSummary execute(const Graph& graph, const Plan& plan, Reader& reader, Writer& writer, StateStore& store,
                   const RunOptions& options, const EventSink& events) {
  return Executor(graph, plan, reader, writer, store, options, events).run();
}

}  // namespace slipway
