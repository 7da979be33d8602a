#pragma once
// Things that are there already and are only looked up: images, flavors, networks. A name that fits several is an error
// that lists them.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "graph/step.h"
#include "ports/cloud.h"
#include "spec/spec.h"

namespace slipway::openstack {

using Pick = std::function<Result<CloudObject>(const std::vector<CloudObject>&)>;

/// `wanted`: an id, a name, or {"distribution", "version", "tag"}: the newest image that has them all.
/// Errors of all three: not_found, bad_input (ambiguous); both with candidates.
Result<CloudObject> pick_image(const std::vector<CloudObject>& images, const Value& wanted);
/// `wanted`: an id or a name; empty: the smallest that fits `size` (memory first, then CPUs, then disk).
Result<CloudObject> pick_flavor(const std::vector<CloudObject>& flavors, const std::string& wanted, const Size& size);
/// Of a kind where names are not unique; `kind` for messages, `key` the spec's key.
Result<CloudObject> pick_named(const std::vector<CloudObject>& objects, const std::string& wanted,
                               const std::string& kind, const std::string& key);

/// A step that makes nothing: it answers "id", and "name", of what it finds.
std::unique_ptr<Step> make_lookup_step(std::string kind, Pick pick);

}  // namespace slipway::openstack
