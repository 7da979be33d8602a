#pragma once
// Runs a provider's steps without the engine: the smallest observe, compare, apply loop, and the stubs that the bundles
// of ports need. For tests of steps that use the cloud ports alone.

#include <gtest/gtest.h>
#include <map>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "ports/ports.h"

namespace slipway::testing_support {

/// Ports that no cloud step may use.
class NoHosts : public HostReader, public HostWriter {
 public:
  Result<ScriptOutcome> check(const HostAccess&, const CheckScript&, Deadline) override { return refuse(); }
  Result<ScriptOutcome> run(const HostAccess&, const Script&, Deadline) override { return refuse(); }
  Result<void> put(const HostAccess&, const RemoteFile&, Deadline) override { return refuse(); }
  /// The machines of a bench are there as soon as their provider says so.
  Result<void> wait_until_up(const HostAccess&, Deadline) override { return {}; }
  void forget(const MachineName&) override {}

 private:
  static Error refuse() { return fail(ErrorKind::internal, "a cloud step used a host"); }
};

class NoCluster final : public ClusterReader, public ClusterWriter {
 public:
  Result<std::string> probe(const std::string&, Deadline) override { return refuse(); }
  Result<Value> get(const ObjectKey&, Deadline) override { return refuse(); }
  Result<std::vector<Value>> list(const ObjectKey&, const std::string&, Deadline) override { return refuse(); }
  Result<Value> preview(const Value&, Deadline) override { return refuse(); }
  Result<Value> apply(const Value&, Deadline) override { return refuse(); }
  Result<Value> patch(const ObjectKey&, const Value&, Deadline) override { return refuse(); }
  Result<void> remove(const ObjectKey&, Deadline) override { return refuse(); }
  Result<void> evict(const std::string&, const std::string&, Deadline) override { return refuse(); }

 private:
  static Error refuse() { return fail(ErrorKind::internal, "a cloud step used the cluster"); }
};

class NoArtifacts final : public ArtifactReader, public ArtifactWriter {
 public:
  std::optional<ArtifactFile> find(const std::string&) override { return std::nullopt; }
  Result<ArtifactFile> acquire(const std::string&, const ArtifactProgress&, Deadline) override {
    return fail(ErrorKind::internal, "a cloud step used an artifact");
  }
};

/// Both bundles over one pair of cloud ports.
class StepPorts {
 public:
  StepPorts(CloudReader& reader, CloudWriter& writer) : StepPorts(reader, reader, writer) {}
  StepPorts(CloudReader& reader, CloudReader& fresh, CloudWriter& writer)
      : reader_{hosts_, reader, cluster_, artifacts_, clock_},
        writer_{{hosts_, fresh, cluster_, artifacts_, clock_}, hosts_, writer, cluster_, artifacts_, clock_} {}
  Reader& reader() { return reader_; }
  Writer& writer() { return writer_; }
  Clock& clock() { return clock_; }

 private:
  NoHosts hosts_;
  NoCluster cluster_;
  NoArtifacts artifacts_;
  SystemClock clock_;
  Reader reader_;
  Writer writer_;
};

/// Keeps what a step said.
class NotingRecorder final : public Recorder {
 public:
  Result<void> intent(const std::string& mark) override {
    intents.push_back(mark);
    return {};
  }
  void progress(std::string_view text, uint64_t, uint64_t) override { lines.emplace_back(text); }
  void log(std::string_view) override {}
  bool cancelled() const override { return false; }

  std::vector<std::string> intents, lines;
};

/// What became of each step of a graph.
struct GraphRun {
  std::map<StepId, Diff> diffs;
  std::map<StepId, Outputs> outputs;
  std::vector<std::string> intents;
  size_t acted() const {
    size_t count = 0;
    for (const auto& [id, diff] : diffs) count += diff.empty() ? 0 : 1;
    return count;
  }
};

enum class Apply { no, yes };

/// Observes every step in order and applies those that differ. A failure fails the test and ends the run.
inline GraphRun run_graph(Graph& graph, CloudReader& reader, CloudWriter& writer, Apply apply) {
  GraphRun run;
  StepPorts ports(reader, writer);
  NotingRecorder recorder;
  const Result<void> finished = graph.finish();
  EXPECT_TRUE(finished.ok()) << describe(finished.error());
  for (const Node& node : graph.nodes()) {
    Inputs inputs;
    for (const auto& [name, from] : node.info.inputs) {
      const Outputs& outputs = run.outputs[from.step];
      const auto value = outputs.find(from.output);
      if (value == outputs.end())
        inputs.set_unknown(name);
      else
        inputs.set(name, value->second);
    }
    if (!inputs.all_known()) {
      run.diffs[node.info.id] = node.step->forecast(inputs);
      continue;
    }
    Result<Observation> seen = node.step->observe(ports.reader(), inputs);
    if (!seen) {
      ADD_FAILURE() << node.info.id.text() << ": " << describe(seen.error());
      break;
    }
    const Diff diff = node.step->diff(*seen, inputs);
    run.diffs[node.info.id] = diff;
    run.outputs[node.info.id] = seen->outputs;
    if (diff.empty() || apply == Apply::no) continue;
    Result<Outputs> outputs = node.step->apply(ports.writer(), diff, inputs, recorder);
    if (!outputs) {
      ADD_FAILURE() << node.info.id.text() << ": " << describe(outputs.error());
      break;
    }
    run.outputs[node.info.id] = *outputs;
  }
  run.intents = recorder.intents;
  return run;
}

}  // namespace slipway::testing_support
