#include "providers/openstack/quota.h"

#include <algorithm>

namespace slipway::openstack {
namespace {

/// A resource in the words of `openstack quota show`, or nearly, and where its service tells limit and use.
struct Row {
  const char* resource;
  const char* limit;
  const char* used;
};
constexpr Row compute_rows[] = {{"servers", "maxTotalInstances", "totalInstancesUsed"},
                                {"cores", "maxTotalCores", "totalCoresUsed"},
                                {"MiB of memory", "maxTotalRAMSize", "totalRAMUsed"},
                                {"server groups", "maxServerGroups", "totalServerGroupsUsed"}};
constexpr Row volume_rows[] = {{"volumes", "maxTotalVolumes", "totalVolumesUsed"},
                               {"GiB of volumes", "maxTotalVolumeGigabytes", "totalGigabytesUsed"}};
constexpr Row network_rows[] = {{"networks", "network", ""},
                                {"subnets", "subnet", ""},
                                {"routers", "router", ""},
                                {"ports", "port", ""},
                                {"floating addresses", "floatingip", ""},
                                {"security groups", "security_group", ""},
                                {"security group rules", "security_group_rule", ""}};

template <size_t N>
bool any_of(const Row (&rows)[N], const Amounts& amounts) {
  return std::any_of(std::begin(rows), std::end(rows), [&](const Row& row) {
    const auto found = amounts.find(row.resource);
    return found != amounts.end() && found->second > 0;
  });
}

template <size_t N>
Result<void> add_absolute(Api& api, Service service, const Row (&rows)[N], Amounts& left, Deadline deadline) {
  Result<Value> answer = api.get(service, "/limits", deadline);
  if (!answer) return std::move(answer).error();
  const Value absolute = answer->value("limits", Value::object()).value("absolute", Value::object());
  for (const Row& row : rows) {
    const int64_t limit = absolute.value(row.limit, int64_t{-1});
    if (limit >= 0) left[row.resource] = limit - absolute.value(row.used, int64_t{0});
  }
  return {};
}

}  // namespace

Result<Amounts> free_quota(Api& api, const Amounts& of_interest, Deadline deadline) {
  Amounts left;
  if (any_of(compute_rows, of_interest))
    if (Result<void> added = add_absolute(api, Service::compute, compute_rows, left, deadline); !added)
      return std::move(added).error();
  if (any_of(volume_rows, of_interest))
    if (Result<void> added = add_absolute(api, Service::volume, volume_rows, left, deadline); !added)
      return std::move(added).error();
  if (any_of(network_rows, of_interest)) {
    if (Result<void> logged_in = api.log_in(deadline); !logged_in) return std::move(logged_in).error();
    Result<Value> answer = api.get(Service::network, "/quotas/" + api.project_id() + "/details.json", deadline);
    // Some clouds do not show it; then neutron says no when the time comes.
    if (!answer && answer.error().kind != ErrorKind::not_found && answer.error().kind != ErrorKind::unauthorised)
      return std::move(answer).error();
    if (answer) {
      const Value quota = answer->value("quota", Value::object());
      for (const Row& row : network_rows) {
        const Value detail = quota.value(row.limit, Value::object());
        const int64_t limit = detail.value("limit", int64_t{-1});
        if (limit >= 0)
          left[row.resource] = limit - detail.value("used", int64_t{0}) - detail.value("reserved", int64_t{0});
      }
    }
  }
  return left;
}

}  // namespace slipway::openstack
