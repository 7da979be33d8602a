#pragma once
// What was made once for add-ons and lies in the cluster: read back from there, so that a recovered state makes nothing
// a second time.

#include <string>
#include <vector>

#include "cluster/identity.h"
#include "cluster/members.h"
#include "ports/cluster.h"
#include "providers/provider.h"
#include "spec/spec.h"
#include "state/store.h"

namespace slipway {

/// Seals the add-ons' secrets, and records facts, fixed addresses and the machines of volumes, as the live objects hold
/// them. An object tells a value where its manifest holds nothing but that value in one place: the manifest is rendered
/// with a mark in the secret's stead, and what stands in that place of the live object is the secret. What cannot be
/// read back is left to be made anew. Changes nothing in the cluster. Errors: those of the cluster (unavailable,
/// unauthorised), of the manifests and of the store.
Result<void> recover_platform(StateStore& store, const Spec& spec, const Membership& membership,
                              const Identity& identity, const Provider& provider, ClusterReader& cluster,
                              const std::string& data_directory);

/// What stands in `live` where `wanted` has the text `mark`, alone or within a longer text; nothing where `live` has
/// another shape. A Secret's stringData is looked for in its data. Pure.
std::optional<std::string> value_at_mark(const Value& wanted, const Value& live, const std::string& mark);

}  // namespace slipway
