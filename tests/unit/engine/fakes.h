#pragma once
// A small world for engine tests: things by name, steps that keep them as wished, ports that nobody may call.

#include <functional>
#include <map>
#include <mutex>
#include <set>

#include "engine/executor.h"
#include "engine/planner.h"
#include "graph/graph.h"
#include "state/store.h"

namespace slipway::testing {

/// A clock that stands still until someone sleeps.
class ManualClock final : public Clock {
 public:
  Instant now() const override {
    const std::lock_guard lock(mutex_);
    return now_;
  }
  WallTime wall() const override { return WallTime(now().time_since_epoch()); }
  void sleep_until(Instant until) override {
    const std::lock_guard lock(mutex_);
    now_ = std::max(now_, until);
    if (!alarm_ || now_ < alarm_at_) return;
    alarm_();
    alarm_ = nullptr;
  }
  /// Calls `alarm` once, when a sleep reaches `instant`; it may not sleep.
  void at(Instant instant, std::function<void()> alarm) {
    const std::lock_guard lock(mutex_);
    alarm_at_ = instant;
    alarm_ = std::move(alarm);
  }

 private:
  mutable std::mutex mutex_;
  Instant now_{};
  Instant alarm_at_{};
  std::function<void()> alarm_;
};

/// Ports that fail when called: engine tests look at steps, not at hosts.
class NoPorts final : public HostReader,
                      public HostWriter,
                      public CloudReader,
                      public CloudWriter,
                      public ClusterReader,
                      public ClusterWriter,
                      public ArtifactReader,
                      public ArtifactWriter {
 public:
  Result<ScriptOutcome> check(const HostAccess&, const CheckScript&, Deadline) override { return none(); }
  Result<ScriptOutcome> run(const HostAccess&, const Script&, Deadline) override { return none(); }
  Result<void> put(const HostAccess&, const RemoteFile&, Deadline) override { return none(); }
  Result<void> wait_until_up(const HostAccess&, Deadline) override { return none(); }
  void forget(const MachineName&) override {}
  Result<std::vector<CloudObject>> list(std::string_view) override { return none(); }
  Result<CloudObject> create(const CloudRequest&, const CloudProgress&, Deadline) override { return none(); }
  Result<CloudObject> update(const CloudObject&, const Value&, const CloudProgress&, Deadline) override {
    return none();
  }
  Result<void> remove(std::string_view, const std::string&, Deadline) override { return none(); }
  Result<std::string> probe(const std::string&, Deadline) override { return none(); }
  Result<Value> get(const ObjectKey&, Deadline) override { return none(); }
  Result<std::vector<Value>> list(const ObjectKey&, const std::string&, Deadline) override { return none(); }
  Result<Value> preview(const Value&, Deadline) override { return none(); }
  Result<Value> apply(const Value&, Deadline) override { return none(); }
  Result<Value> patch(const ObjectKey&, const Value&, Deadline) override { return none(); }
  Result<void> remove(const ObjectKey&, Deadline) override { return none(); }
  Result<void> evict(const std::string&, const std::string&, Deadline) override { return none(); }
  std::optional<ArtifactFile> find(const std::string&) override { return std::nullopt; }
  Result<ArtifactFile> acquire(const std::string&, const ArtifactProgress&, Deadline) override { return none(); }

 private:
  static Error none() { return fail(ErrorKind::internal, "a port was called"); }
};

/// State in memory.
class MemoryStore final : public StateStore {
 public:
  State snapshot() const override {
    const std::lock_guard lock(mutex_);
    return state_;
  }
  std::optional<StepRecord> find(const StepId& id) const override {
    const std::lock_guard lock(mutex_);
    const auto found = state_.steps.find(id);
    return found == state_.steps.end() ? std::nullopt : std::optional(found->second);
  }
  Value fact(const std::string& name) const override {
    const std::lock_guard lock(mutex_);
    return state_.facts.value(name, Value());
  }
  Result<void> record_intent(const StepRecord& step) override {
    const std::lock_guard lock(mutex_);
    history.push_back("intent " + step.id.text());
    state_.steps[step.id] = step;
    return {};
  }
  Result<void> record_result(const StepRecord& step) override {
    const std::lock_guard lock(mutex_);
    if (fail_results) return fail(ErrorKind::quota, "disk full");
    history.push_back("result " + step.id.text());
    state_.steps[step.id] = step;
    return {};
  }
  void begin_result(const StepRecord& step, Recorded recorded) override { recorded(record_result(step)); }
  Result<void> record_removed(const StepId& id) override {
    const std::lock_guard lock(mutex_);
    history.push_back("removed " + id.text());
    state_.steps.erase(id);
    return {};
  }
  Result<void> set_pool(const std::string& pool, const PoolMembers& members) override {
    state_.pools[pool] = members;
    return {};
  }
  Result<void> remove_pool(const std::string& pool) override {
    state_.pools.erase(pool);
    return {};
  }
  Result<void> set_address(const std::string& name, const std::string& address) override {
    state_.addresses[name] = address;
    return {};
  }
  Result<void> set_fact(const std::string& name, const Value& value) override {
    state_.facts[name] = value;
    return {};
  }
  Result<Secret> secret(const std::string& name) const override {
    return fail(ErrorKind::not_found, "no such secret", {.found = name});
  }
  Result<void> set_secret(const std::string&, const Secret&) override { return {}; }
  Result<void> remove_secret(const std::string&) override { return {}; }
  Result<void> rekey(const Secret&) override { return {}; }
  std::string key_file() const override { return {}; }
  Result<void> fold() override { return {}; }
  Result<void> erase() override { return {}; }
  std::string notice() const override { return {}; }

  std::vector<std::string> history;
  bool fail_results = false;

 private:
  mutable std::mutex mutex_;
  State state_;
};

/// What the fake steps act on: thing -> content. Faults: thing -> errors still to be given.
struct World {
  std::map<std::string, Value> things;
  std::map<std::string, std::vector<ErrorKind>> apply_faults, observe_faults;
  std::set<std::string> hidden;  ///< Cannot be observed.
  std::vector<std::string> calls;
  size_t running = 0, most_running = 0;
  std::mutex mutex;
};

/// Keeps `thing` equal to {"value": wished} (plus the input "from", where it has one). Output "id".
class ThingStep final : public Step {
 public:
  ThingStep(World& world, std::string thing, Value wished, Action change = Action::update)
      : world_(world), thing_(std::move(thing)), wished_(std::move(wished)), change_(change) {}

  Result<Observation> observe(Reader&, const Inputs& inputs) const override {
    const std::lock_guard lock(world_.mutex);
    world_.calls.push_back("observe " + thing_);
    if (auto& faults = world_.observe_faults[thing_]; !faults.empty()) {
      const ErrorKind kind = faults.front();
      faults.erase(faults.begin());
      return fail(kind, "cannot look at " + thing_);
    }
    (void)inputs;
    const auto found = world_.things.find(thing_);
    if (found == world_.things.end()) return Observation{};
    return Observation{.exists = true, .facts = found->second, .outputs = {{"id", "id-" + thing_}}};
  }
  Diff diff(const Observation& seen, const Inputs& inputs) const override {
    if (!seen.exists) return {.action = Action::create, .reason = Reason::missing};
    Diff diff{.action = change_, .reason = Reason::drift, .fields = compare_fields(seen.facts, desired(inputs))};
    if (diff.fields.empty()) diff = {};
    return diff;
  }
  Result<Outputs> apply(Writer&, const Diff&, const Inputs& inputs, Recorder& recorder) const override {
    {
      const std::lock_guard lock(world_.mutex);
      world_.calls.push_back("apply " + thing_);
      world_.most_running = std::max(world_.most_running, ++world_.running);
      if (auto& faults = world_.apply_faults[thing_]; !faults.empty()) {
        const ErrorKind kind = faults.front();
        faults.erase(faults.begin());
        --world_.running;
        return fail(kind, "cannot make " + thing_);
      }
    }
    if (Result<void> noted = recorder.intent("mark-" + thing_); !noted) return std::move(noted).error();
    const std::lock_guard lock(world_.mutex);
    --world_.running;
    world_.things[thing_] = desired(inputs);
    return Outputs{{"id", "id-" + thing_}};
  }

 private:
  Value desired(const Inputs& inputs) const {
    (void)inputs;
    return {{"value", wished_}};
  }
  World& world_;
  std::string thing_;
  Value wished_;
  Action change_;
};

/// Makes `thing` go away.
class GoneStep final : public Step {
 public:
  GoneStep(World& world, std::string thing) : world_(world), thing_(std::move(thing)) {}
  Result<Observation> observe(Reader&, const Inputs&) const override {
    const std::lock_guard lock(world_.mutex);
    return Observation{.exists = world_.things.contains(thing_)};
  }
  Diff diff(const Observation& seen, const Inputs&) const override {
    return seen.exists ? Diff{.action = Action::remove, .reason = Reason::not_in_spec} : Diff{};
  }
  Result<Outputs> apply(Writer&, const Diff&, const Inputs&, Recorder&) const override {
    const std::lock_guard lock(world_.mutex);
    world_.calls.push_back("remove " + thing_);
    world_.things.erase(thing_);
    return Outputs{};
  }

 private:
  World& world_;
  std::string thing_;
};

/// Everything an engine test needs, on one screen.
struct Bench {
  World world;
  Graph graph;
  MemoryStore store;
  ManualClock clock;
  NoPorts ports;
  Reader reader{ports, ports, ports, ports, clock};
  Writer writer{reader, ports, ports, ports, ports, clock};
  std::vector<Event> events;
  std::mutex mutex;
  RunOptions options;
  PlanOptions plan_options;

  /// Adds a step that keeps thing `name` at "new"; it needs the ids of `needs`.
  StepId add(const std::string& name, const std::vector<std::string>& needs = {}, StepInfo info = {}) {
    info.id = StepId(name);
    for (const std::string& need : needs) info.inputs["from " + need] = {StepId(need), "id"};
    return graph.add(std::move(info), std::make_unique<ThingStep>(world, name, "new"));
  }
  Plan plan() {
    if (!finished_) {
      EXPECT_TRUE(graph.finish().ok());
    }
    finished_ = true;
    Result<Plan> plan = make_plan(graph, store.snapshot(), reader, clock, plan_options, sink());
    EXPECT_TRUE(plan.ok());
    return *plan;
  }
  RunSummary run() {
    const Plan made = plan();
    return execute(graph, made, reader, writer, store, options, sink());
  }
  EventSink sink() {
    return [this](const Event& event) {
      const std::lock_guard lock(mutex);
      events.push_back(event);
    };
  }
  size_t count_calls(const std::string& call) {
    return static_cast<size_t>(std::count(world.calls.begin(), world.calls.end(), call));
  }

 private:
  bool finished_ = false;
};

inline const PlannedStep& step_of(const Plan& plan, const std::string& id) {
  for (const PlannedStep& step : plan.steps)
    if (step.id.text() == id) return step;
  throw std::out_of_range(id);
}

}  // namespace slipway::testing
