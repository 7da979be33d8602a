#pragma once
#include "graph/waiting_step.h"
#include "kube/gates.h"

namespace slipway {

struct GatesOptions {
  std::vector<Gate> gates;
  UrlProbe probe_url{};                          ///< Null: trusts the system's authorities.
  Milliseconds limit = std::chrono::minutes(5);  ///< How long one apply waits.
};

/// An add-on is ready: its gates hold. Observing checks them once; applying waits for them. Dependents take "ready" as
/// their input.
/// Inputs: any; none is read (the objects' "inventory" makes the edge). Output: "ready", true.
class GatesStep final : public WaitingStep {
 public:
  explicit GatesStep(GatesOptions options) : options_(std::move(options)) {}
  Result<Observation> observe(Reader& reader, const Inputs& inputs) const override;
  Diff diff(const Observation& seen, const Inputs& inputs) const override;
  Diff forecast(const Inputs& inputs) const override;
  Result<Outputs> apply(Writer& writer, const Diff& diff, const Inputs& inputs, Recorder& recorder) const override;

 private:
  GatesOptions options_;
};

}  // namespace slipway
