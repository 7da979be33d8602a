#pragma once
// A whole world in one process: a cloud with hosts and the cluster on them, for tests, fault plans and plans of any
// size. What it holds lies on disk before each answer, so that a killed run finds it again (world.h).
//
// Simulated: the API with latencies, rate limit, quota, list lag and faults (faults.h); machines whose hosts remember
// each applied task; kubeadm's effects; the API server's own answers; controllers' readiness; time.
// Not simulated: what tasks do (no shell runs), pods, and the network between machines.

#include <memory>

#include "http/message.h"
#include "ports/ports.h"
#include "providers/provider.h"
#include "providers/simulated/faults.h"
#include "providers/simulated/world.h"

namespace slipway {

struct SimulatedOptions {
  std::string directory{};         ///< Where the world lies; empty: in memory.
  simulated::Boundary boundary{};  ///< See world.h.
};

/// One writer at a time to a directory; several readers may look on.
class Simulation {
 public:
  /// `directory`/faults.json is the fault plan, if it is there. Errors: bad_input, corrupt, unavailable.
  static Result<std::unique_ptr<Simulation>> open(const Spec& spec, const SimulatedOptions& options);
  ~Simulation();

  Provider& provider();
  HostReader& host_reader();
  HostWriter& host_writer();
  ArtifactReader& artifact_reader();
  ArtifactWriter& artifact_writer();
  Clock& clock();
  simulated::World& world();
  /// One request to the API of the cluster.
  Result<HttpResponse> api(const HttpRequest& request);

 private:
  Simulation();
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

/// A provider that brings its world along.
Result<std::unique_ptr<Provider>> make_simulated_provider(const Spec& spec, const SimulatedOptions& options);

}  // namespace slipway
