#pragma once
// What the project still may have.

#include <map>
#include <string>

#include "base/result.h"
#include "providers/openstack/api.h"

namespace slipway::openstack {

/// Resource -> amount: "servers", "cores", "MiB of memory", "ports", "volumes", "GiB of volumes", …
using Amounts = std::map<std::string, int64_t>;

/// What is left of each limited resource; what has no limit is not in it. Asks only the services that `of_interest`
/// names a resource of.
Result<Amounts> free_quota(Api& api, const Amounts& of_interest, Deadline deadline);

}  // namespace slipway::openstack
