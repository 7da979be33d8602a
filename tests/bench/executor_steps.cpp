// What the engine itself costs: a graph of steps that do nothing, observed, planned, applied and recorded in a real
// state, without any simulated world. In chains of ten, as machines have them.
//
//   bench_executor_steps FOLDER STEPS
//
// Prints one JSON object; times in microseconds. `sync` is the time within fsync of the journal, one call at a time, so
// that wall - sync is what the run costs beyond it.

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "state/file_layer.h"

#include "tests/unit/engine/fakes.h"

namespace slipway {
namespace {

constexpr size_t chain = 10;

class Nothing final : public Step {
 public:
  Result<Observation> observe(Reader&, const Inputs&) const override { return Observation{}; }
  Diff diff(const Observation&, const Inputs&) const override {
    return {.action = Action::create, .reason = Reason::missing};
  }
  Result<Outputs> apply(Writer&, const Diff&, const Inputs&, Recorder&) const override {
    return Outputs{{"done", true}};
  }
};

struct Synced {
  std::atomic<int64_t> nanoseconds{0};
  std::atomic<uint64_t> calls{0};
};

class TimedFile final : public AppendFile {
 public:
  TimedFile(std::unique_ptr<AppendFile> file, Synced& synced) : file_(std::move(file)), synced_(synced) {}
  Result<void> append(std::string_view data) override { return file_->append(data); }
  Result<void> sync() override {
    const Instant begun = std::chrono::steady_clock::now();
    Result<void> done = file_->sync();
    synced_.nanoseconds += (std::chrono::steady_clock::now() - begun).count();
    ++synced_.calls;
    return done;
  }
  Result<void> truncate(uint64_t size) override { return file_->truncate(size); }

 private:
  std::unique_ptr<AppendFile> file_;
  Synced& synced_;
};

class TimedFiles final : public FileLayer {
 public:
  explicit TimedFiles(Synced& synced) : synced_(synced) {}
  Result<std::string> read(const std::string& path) override { return files_->read(path); }
  Result<std::unique_ptr<AppendFile>> open(const std::string& path, OpenAs mode) override {
    Result<std::unique_ptr<AppendFile>> file = files_->open(path, mode);
    if (!file) return file;
    return std::unique_ptr<AppendFile>(std::make_unique<TimedFile>(std::move(*file), synced_));
  }
  Result<void> rename(const std::string& from, const std::string& to) override { return files_->rename(from, to); }
  Result<void> remove(const std::string& path) override { return files_->remove(path); }
  Result<void> sync_directory(const std::string& path) override { return files_->sync_directory(path); }
  Result<void> make_directories(const std::string& path) override { return files_->make_directories(path); }

 private:
  std::shared_ptr<FileLayer> files_ = real_files();
  Synced& synced_;
};

void add_steps(Graph& graph, size_t steps) {
  for (size_t i = 0; i < steps; ++i) {
    const std::string machine = "m-" + std::to_string(i / chain);
    const auto id = [&](size_t link) { return StepId("step/" + machine + "/" + std::to_string(link)); };
    StepInfo info{.id = id(i % chain), .machine = MachineName(machine), .lanes = {"host/" + machine}};
    if (i % chain > 0) info.inputs = {{"before", {id(i % chain - 1), "done"}}};
    graph.add(std::move(info), std::make_unique<Nothing>());
  }
}

int64_t cpu_us() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  return (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000 + used.ru_utime.tv_usec + used.ru_stime.tv_usec;
}

int64_t wall_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

Result<Value> run(const std::string& folder, size_t steps) {
  Graph graph;
  add_steps(graph, steps);
  if (Result<void> whole = graph.finish(); !whole) return std::move(whole).error();
  testing::NoPorts ports;
  testing::ManualClock clock;
  Reader reader{ports, ports, ports, ports, clock};
  Writer writer{reader, ports, ports, ports, ports, clock};
  Synced synced;
  Result<std::unique_ptr<StateStore>> store = StateStore::open(
      {.directory = folder, .cluster = "bench", .key_file = folder + "/key"}, std::make_shared<TimedFiles>(synced));
  if (!store) return std::move(store).error();

  Value answer = {{"steps", steps}};
  int64_t cpu = cpu_us(), wall = wall_us();
  const auto taken = [&](const std::string& what) {
    answer[what + "_cpu"] = cpu_us() - cpu;
    answer[what + "_wall"] = wall_us() - wall;
    cpu = cpu_us();
    wall = wall_us();
  };
  const Result<Plan> plan = make_plan(graph, (*store)->snapshot(), reader, clock, {}, {});
  if (!plan) return plan.error();
  taken("plan");
  synced.nanoseconds = 0;
  synced.calls = 0;
  size_t events = 0;
  RunOptions options;
  options.approve = true;
  const RunSummary summary = execute(graph, *plan, reader, writer, **store, options, [&](const Event&) { ++events; });
  taken("execute");
  if (summary.applied != steps)
    return fail(ErrorKind::internal, "not every step was applied", {.found = std::to_string(summary.applied)});
  answer["sync"] = synced.nanoseconds / 1000;
  answer["syncs"] = synced.calls.load();
  answer["events"] = events;
  return answer;
}

}  // namespace
}  // namespace slipway

int main(int count, char** words) {
  if (count != 3) {
    std::fprintf(stderr, "bench_executor_steps FOLDER STEPS\n");
    return 3;
  }
  const slipway::Result<slipway::Value> answer = slipway::run(words[1], std::strtoul(words[2], nullptr, 10));
  if (!answer) {
    std::fprintf(stderr, "%s\n", slipway::describe(answer.error()).c_str());
    return 1;
  }
  std::printf("%s\n", answer->dump().c_str());
  return 0;
}
