#pragma once
// Gates: what must hold before an add-on counts as ready, checked one after the other in the order of addon.yaml.
//
//   gates:
//     - crd: ipaddresspools.metallb.io                        its definition is established
//     - ready: Deployment metallb-system/controller           readiness.h says so
//     - ready: {apiVersion: example.org/v1, kind: Lab, namespace: x, name: y}
//     - endpoints: Service metallb-system/webhook             at least one ready endpoint
//     - answers: https://webhook.metallb-system.svc:443/      any HTTP answer but 502, 503, 504 (a webhook answers 4xx)
//     - probe: http://registry.registry.svc:5000/v2/          an answer of 2xx or 3xx
//     - probe: /readyz                                        the same, of the API server
//     - probe: {url: "https://lab.example/", address: 10.0.0.200}    from this machine; `address`: connect there
//
// A URL whose host is NAME.NAMESPACE.svc is asked through the API server, which reaches the pod network; others are
// asked from this machine.

#include <functional>
#include <string>
#include <vector>

#include "kube/readiness.h"
#include "ports/clock.h"
#include "ports/cluster.h"

namespace slipway {

struct Gate {
  enum class Kind { ready, endpoints, answers, probe };
  Kind kind = Kind::ready;
  ObjectKey object{};     ///< Of ready and endpoints.
  std::string url{};      ///< Of answers and probe: a path of the API, or an absolute URL.
  std::string address{};  ///< Where to connect instead of the URL's host; or empty.
  std::string text{};     ///< "ready: Deployment metallb-system/controller": how people see it.
};

/// Errors: bad_input.
Result<Gate> gate_from(const Value& entry);
/// A list of entries; null is none. Errors: bad_input.
Result<std::vector<Gate>> gates_from(const Value& list);

/// Sends a GET from this machine to the gate's URL and answers the HTTP status. Errors: as HttpClient.
using UrlProbe = std::function<Result<int>(const Gate& gate, Deadline deadline)>;
/// The real one. `ca_pem`: the authority of the cluster's own certificates; empty: the system's.
UrlProbe make_url_probe(const std::string& ca_pem);

/// Where a gate finds its object: asked of the API now, or out of the lists of the run.
enum class Freshness { now, listed };

/// How one gate stands. Errors: unauthorised, verification, bad_input; what may pass by waiting is "not ready".
Result<Readiness> check_gate(ClusterReader& reader, const Gate& gate, const UrlProbe& probe_url, Freshness freshness,
                             Deadline deadline);

struct WaitRules {
  Instant until{};                                           ///< On `clock`.
  UrlProbe probe_url{};                                      ///< Null: make_url_probe("").
  std::function<void(std::string_view text)> on_progress{};  ///< What is waited for, whenever that changes.
  std::function<bool()> cancelled{};
};

/// Waits for each gate in turn, asking every 200 ms, later every second.
/// Errors: timeout (what is not ready, and why: waiting reasons of pods, their last warning), internal (it never will
/// be: a Job failed), cancelled, unauthorised, verification.
Result<void> wait_ready(ClusterReader& reader, Clock& clock, const std::vector<Gate>& gates, const WaitRules& rules);

/// A gate that waits for one object.
Gate ready_gate(const ObjectKey& key);

}  // namespace slipway
