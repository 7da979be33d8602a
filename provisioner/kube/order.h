#pragma once
#include <string>
#include <vector>

#include "ports/cluster.h"

namespace slipway {

/// When an object is applied, lowest first: namespaces, definitions, classes, accounts, rights, limits, configuration,
/// volumes, services, workloads, budgets and scalers, routes, API services, custom resources, admission webhooks last
/// (earlier they would refuse what their own pods need). Deleting goes the other way round.
int apply_rank(const std::string& api_version, const std::string& kind);

/// In the order of applying; objects of one rank keep their order.
void sort_for_apply(std::vector<Value>& objects);
/// In the order of deleting.
void sort_for_delete(std::vector<ObjectKey>& keys);

/// A kind whose deletion takes data with it: volumes, claims, and whatever holds other people's objects.
bool holds_data(const ObjectKey& key);

}  // namespace slipway
