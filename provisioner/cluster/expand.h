#pragma once
// The list of work: spec + members -> the graph. One chapter after the other, each in a file of its own.

#include <string>

#include "cluster/identity.h"
#include "cluster/members.h"
#include "cluster/platform.h"
#include "graph/graph.h"
#include "providers/provider.h"
#include "spec/spec.h"
#include "state/state.h"

namespace slipway {

/// What the chapters share. References outlive the graph.
struct Blueprint {
  const Spec& spec;
  const State& state;
  const Membership& membership;
  const Identity& identity;
  const Platform& platform;
  Provider& provider;
  std::string data_directory;  ///< Holds playbooks/ and manifests/.
  bool delete_data = false;    ///< What leaves takes its volumes with it.
};

/// Adds every step of the cluster, and a removal for whatever state knows and the spec no longer wants.
/// Errors: bad_input (a playbook or manifest at file:line:column), not_found.
Result<void> expand(Graph& graph, const Blueprint& blueprint);

/// Adds one step, the objects of one add-on, which waits for no host: what must be possible while one is lost.
/// Errors: bad_input, not_found.
Result<void> expand_objects(Graph& graph, const Blueprint& blueprint, const std::string& add_on);

/// Adds the removals of everything that state knows: destroy. The spec is not looked at.
Result<void> expand_destroy(Graph& graph, const Blueprint& blueprint);

}  // namespace slipway
