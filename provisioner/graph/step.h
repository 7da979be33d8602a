#pragma once
// A step is one thing that Slipway keeps true: it can be observed, compared and applied.
//
//   class HostnameStep final : public Step {
//     Result<Observation> observe(Reader& reader, const Inputs& inputs) const override;   // reads, changes nothing
//     Diff diff(const Observation& seen, const Inputs& inputs) const override;            // pure
//     Result<Outputs> apply(Writer& writer, const Diff& diff, const Inputs& inputs,       // makes the diff empty
//                           Recorder& recorder) const override;
//   };
//   const StepId machine = graph.add({.id = StepId("machine/w-1"), …}, std::make_unique<MachineStep>(…));
//   graph.add({.id = StepId("host/w-1/name"), .inputs = {{"host", {machine, "access"}}}, …},
//   std::make_unique<HostnameStep>(…));
//
// Data flows along edges: an input that names another step's output *is* the edge. The graph's shape depends on the
// spec and on the members recorded in state, never on an output.

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/json.h"
#include "base/result.h"
#include "graph/diff.h"
#include "ports/ports.h"

namespace slipway {

/// What a step publishes for others: name -> value.
using Outputs = std::map<std::string, Value>;

/// The values a step was promised; one is unknown while the step that makes it has not been applied.
class Inputs {
 public:
  void set(const std::string& name, Value value) { values_[name] = std::move(value); }
  void set_unknown(const std::string& name) { values_[name] = std::nullopt; }
  /// REQUIRES: the step's StepInfo declares `name`.
  bool known(const std::string& name) const { return values_.at(name).has_value(); }
  bool all_known() const {
    for (const auto& [name, value] : values_)
      if (!value) return false;
    return true;
  }
  /// REQUIRES: known(name).
  const Value& at(const std::string& name) const { return values_.at(name).value(); }

 private:
  std::map<std::string, std::optional<Value>> values_;
};

/// What is true now. `exists` is false where the target is absent; outputs then are those already certain.
struct Observation {
  bool exists = false;
  Value facts{};      ///< Whatever diff() needs; comparable data.
  Outputs outputs{};  ///< What dependents may read if nothing is applied.
};

/// What an applying step reports while it works. Threads: the one that called apply, or callbacks made for it.
class Recorder {
 public:
  virtual ~Recorder() = default;
  /// Durable before it returns: "I am about to create a thing that will carry `mark`". Call before each creating call.
  virtual Result<void> intent(const std::string& mark) = 0;
  /// A line for the person watching; `total` 0 where unknown.
  virtual void progress(std::string_view text, uint64_t done = 0, uint64_t total = 0) = 0;
  /// A line for the step's log file only.
  virtual void log(std::string_view text) = 0;
  /// True once the run is being cancelled: a step that can stop early at a safe place may.
  virtual bool cancelled() const = 0;
};

/// Threads: observe and apply run on worker threads, different steps at once; one step never twice at once. Steps are
/// immutable.
class Step {
 public:
  virtual ~Step() = default;
  /// Reads only. Called only with every input known. An absent target is an Observation, not an error.
  /// Errors: whatever the ports say; unavailable and timeout are retried by the engine.
  virtual Result<Observation> observe(Reader& reader, const Inputs& inputs) const = 0;
  /// Pure: no I/O, no clock, no log.
  virtual Diff diff(const Observation& seen, const Inputs& inputs) const = 0;
  /// The diff of a step whose inputs are not all known yet: what will be made. Pure.
  virtual Diff forecast(const Inputs& inputs) const;
  /// Whether applying `diff` reads the input. An on-demand step (an artifact) that no acting dependent needs is not
  /// applied. Pure.
  virtual bool needs_input(const std::string& input, const Diff& diff) const;
  /// Makes the diff empty, or records how far it came. Safe to call again after any failure or crash: looks for what
  /// the last try left before it creates. Answers the outputs that hold afterwards.
  virtual Result<Outputs> apply(Writer& writer, const Diff& diff, const Inputs& inputs, Recorder& recorder) const = 0;
};

enum class Layer { cloud, host, cluster };
/// "cloud", "host", "cluster"
std::string_view name(Layer layer);

/// Names another step's output. Putting one into StepInfo::inputs makes the edge.
struct OutputRef {
  StepId step;
  std::string output;  ///< Empty: all of them, as one object.
  size_t place = 0;    ///< Where the step stands in Graph::nodes(); filled by Graph::finish.
};

/// What an OutputRef of that `output` gets of them; nothing where it is not there.
std::optional<Value> output_of(const Outputs& outputs, const std::string& output);

/// What deleting this thing will need once it has left the spec, kept in state. `kind` chooses the removal step.
struct Removal {
  std::string
      kind;    ///< "cloud", "existing-host", "node", "objects"; empty: nothing to delete, the record is just dropped.
  Value data;  ///< Ids and addresses; no secrets.
};

/// Output of a leaving step whose thing stays for now (data without --delete-data): its record is kept, so that a later
/// run can still take it away.
inline constexpr const char* stays_output = "stays";

/// A step's facts that are data. Everything but id and layer has a sensible default.
struct StepInfo {
  StepId id;
  Layer layer = Layer::cluster;
  MachineName machine{};                      ///< The machine it acts on, or empty.
  std::map<std::string, OutputRef> inputs{};  ///< input name -> another step's output: the edges.
  std::vector<StepId> after{};                ///< Order without data. Rare; say why where you use it.
  std::vector<std::string> lanes{};  ///< Concurrency limits it holds while applying: "host/w-1", "join", "build".
  std::string title{};               ///< For people: "containerd on workers-1". Empty: the id.
  Milliseconds expected = std::chrono::seconds(1);  ///< A first guess at its duration; runs learn better.
  Milliseconds limit = std::chrono::minutes(10);    ///< Deadline of one apply.
  int tries = 0;  ///< How often a failure that may pass is tried at most; 0: as often as `limit` lets.
  bool on_demand =
      false;  ///< Applied only where a dependent acts (fetching an artifact); its last outputs stand otherwise.
  bool leaving = false;       ///< It left the spec: its step removes it, and its record is dropped once it is gone.
  bool carries_data = false;  ///< Never simply made again (an etcd member, a volume).
  bool protect = false;       ///< Refuses replace and delete.
  std::vector<std::string> ignore{};  ///< Fields left alone.
  Removal removal{};
};

}  // namespace slipway
