#pragma once
// Which release of Kubernetes the cluster runs: a fact of the state, which nothing but `upgrade` changes. What the spec
// asks for is compared with it and never simply put on hosts.

#include <string>

#include "base/release.h"
#include "base/result.h"
#include "state/store.h"

namespace slipway {

/// Kubernetes' own rule: a kubelet is never newer than its API server, and at most three minors older.
/// https://kubernetes.io/releases/version-skew-policy/#kubelet
inline constexpr int oldest_kubelet = 3;

struct ClusterRelease {
  std::string running;  ///< What its hosts were given; empty as long as there is no cluster.
  std::string to;       ///< While an upgrade is under way: what it brings.
  std::string run;      ///< The upgrade's own name, which its cordons carry.
  bool upgrading() const { return !to.empty(); }
};
/// A state from before this fact tells it by the kubelet that it fetched.
ClusterRelease cluster_release(const State& state);
/// Durable before it returns.
Result<void> record_release(StateStore& store, const ClusterRelease& release);
/// Before a run's first step: a cluster that is yet to be made gets the release that its spec asks for.
Result<void> settle_release(StateStore& store, const std::string& asked);

/// What the spec asks for against what the cluster runs. Errors: bad_input, naming the verb that changes it.
Result<void> check_asked_release(const ClusterRelease& release, const std::string& asked, const std::string& spec_path);
/// Hosts of two releases are changed by the upgrade alone. Errors: bad_input.
Result<void> check_no_upgrade(const ClusterRelease& release, const std::string& spec_path);
/// Whether a cluster may go from one release to the other: the next patch or minor. Errors: bad_input.
Result<void> check_way(const std::string& from, const std::string& to);
/// Whether a kubelet (and, on a control plane, its components) of `release` may join an API server that answered
/// /version with this body. Errors: bad_input; corrupt (no version in it).
Result<void> check_join(const std::string& release, const std::string& version_body, bool control_plane);
/// "1.35.8" out of the body of /version. Errors: corrupt.
Result<std::string> api_release(const std::string& version_body);

}  // namespace slipway
