#pragma once
// What a plan makes, against what the project still may have.

#include <map>
#include <string>

#include "base/result.h"
#include "providers/openstack/api.h"

namespace slipway::openstack {

/// Resource -> amount: "servers", "cores", "memory (MiB)", "ports", "volumes", "volume storage (GiB)", …
using Amounts = std::map<std::string, int64_t>;

/// What is left of each limited resource; what has no limit is not in it. Asks only the services that `of_interest`
/// names a resource of.
Result<Amounts> free_quota(Api& api, const Amounts& of_interest, Deadline deadline);

/// Errors: quota, with every resource that does not suffice.
Result<void> compare_quota(const Amounts& needed, const Amounts& left);

}  // namespace slipway::openstack
