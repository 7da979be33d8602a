#pragma once
// One step class for every kind of object of every provider: it finds its object by mark, compares fields, and creates,
// changes, replaces or adopts it. A provider says what it wants as data:
//
//   graph.add({.id = StepId("machine/w-1"), .layer = Layer::cloud, .removal = removal_of(order), …},
//             std::make_unique<CloudObjectStep>(order));

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "graph/step.h"

namespace slipway {

/// What shall exist.
struct CloudObjectOrder {
  std::string kind;                ///< As the provider's ports name it: "machine", "network", …
  std::string name;                ///< The natural key: unique within its kind among this cluster's objects.
  std::string mark;                ///< "CLUSTER/machine/w-1": the same in every run, so that a lost id is found again.
  Value fields = Value::object();  ///< Wanted values. For things that can stop, "state": "running" is one of them.
  std::map<std::string, std::string> field_inputs{};  ///< field -> the step's input that holds its value.
  std::vector<std::string> replace_on{};              ///< Fields that cannot change on a living object.
  std::vector<std::string> create_only{};             ///< Fields that are sent when creating and never compared.
  std::string recorded_id{};  ///< The id that state holds, or empty: of two with one mark this one stays.
  std::string certain_id{};   ///< The id it will have, where the provider knows it beforehand: known while planning.
  std::vector<std::string> publish{};  ///< Fields that are outputs as well, where they have a value.
  std::optional<HostAccess> access{};  ///< Machines: how it is reached; an empty address is taken from field "address".
  /// Machines: what an input adds to `access`: "address" or "jump" -> input. "user@:22" as jump gets the address put
  /// in.
  std::map<std::string, std::string> access_inputs{};
  /// Of one creating or changing call. A step's own limit should hold two: after one that hangs there is another try.
  Milliseconds limit = std::chrono::minutes(10);
  Milliseconds list_lag{0};  ///< How long a created object may be missing from lists: Provider::list_lag.
  /// Machines: how long to wait, once one was made or started, until it lets us log in and answers with the host key
  /// that was put into it: before that another key may answer. 0: nobody waits.
  Milliseconds login_limit{0};
};

/// What a delete needs, for StepInfo::removal.
Removal removal_of(const CloudObjectOrder& order);

/// Outputs: "id", and "access" for a machine that runs.
///
/// Field "state" of an object that should be running: "stopped" and "creating" are mended by an update, "error" by a
/// replace. Objects with one mark are twins, left by a crash or a late answer of the provider: the one that state
/// recorded stays, else the oldest (field "created", an ISO time or anything that sorts alike); the others are removed,
/// which the diff shows as field "twins". Errors: those of the ports; world_changed where the world asks for more than
/// the diff approves.
class CloudObjectStep final : public Step {
 public:
  explicit CloudObjectStep(CloudObjectOrder order) : order_(std::move(order)) {}

  Result<Observation> observe(Reader& reader, const Inputs& inputs) const override;
  Diff diff(const Observation& seen, const Inputs& inputs) const override;
  Diff forecast(const Inputs& inputs) const override;
  Result<Outputs> apply(Writer& writer, const Diff& diff, const Inputs& inputs, Recorder& recorder) const override;

 private:
  /// Ours of the kind, the one that stays first.
  Result<std::vector<CloudObject>> find(CloudReader& cloud) const;
  /// As find; where an earlier try may have made one that is not listed yet, waits for it as long as lists may lag.
  Result<std::vector<CloudObject>> find_late(Writer& writer, Recorder& recorder) const;
  Observation observation_of(const std::vector<CloudObject>& found, const Inputs& inputs) const;
  Outputs outputs_of(const CloudObject& object, const Inputs& inputs) const;
  Value wanted(const Inputs& inputs) const;
  Value compared(const Inputs& inputs) const;
  Result<CloudObject> create(Writer& writer, const Inputs& inputs, Recorder& recorder) const;
  Result<Outputs> make_true(Writer& writer, const Diff& approved, const Inputs& inputs, Recorder& recorder) const;
  Result<void> wait_for_login(Writer& writer, const HostAccess& host, Recorder& recorder) const;

  CloudObjectOrder order_;
};

}  // namespace slipway
