#pragma once
#include <string>

#include "ports/cluster.h"

namespace slipway {

/// Why a workload, pod or claim is not ready, from its pods and the newest warning event: "pod web-7d4b-x2x:
/// ImagePullBackOff: Back-off pulling image …". Empty where nothing can be found out; never fails, since it only adds
/// to an error that is being told anyway.
std::string explain_not_ready(ClusterReader& reader, const Value& object, Deadline deadline);

/// What keeps one pod from being ready: unschedulable, a waiting or crashed container with its exit code and message, a
/// failing readiness probe. Empty for a ready pod. Pure.
std::string pod_trouble(const Value& pod);

/// A workload's `spec.selector` as `kubectl -l` text. Pure.
std::string selector_text(const Value& label_selector);

}  // namespace slipway
