#pragma once
// The two bundles of ports that steps are handed. A step that observes holds a Reader and so cannot change anything.

#include "ports/artifacts.h"
#include "ports/clock.h"
#include "ports/cloud.h"
#include "ports/cluster.h"
#include "ports/hosts.h"

namespace slipway {

/// References, not owned; they outlive every step call.
struct Reader {
  HostReader& hosts;
  CloudReader& cloud;
  ClusterReader& cluster;
  ArtifactReader& artifacts;
  const Clock& clock;
};

struct Writer {
  Reader read;  ///< Fresh answers, never those kept from the observation.
  HostWriter& hosts;
  CloudWriter& cloud;
  ClusterWriter& cluster;
  ArtifactWriter& artifacts;
  Clock& clock;
};

}  // namespace slipway
