#pragma once
// Second half of the spec's checks: how keys fit together. Each reads the good part of a draft and adds its faults.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "spec/checker.h"
#include "spec/network.h"

namespace slipway {

/// Fills in the defaults that other keys decide (subnet, endpoint, endpoint name, SSH key); a missing endpoint that
/// nothing decides is a fault.
void fill_derived_defaults(SpecDraft& draft);

/// Networks and ranges against each other.
void check_networks(SpecDraft& draft);
/// Provider block, SSH and add-ons against the rest.
void check_settings(SpecDraft& draft);
/// Pools and hosts, against each other and against the networks.
void check_pools(SpecDraft& draft);

/// The provider's subnet, where there is a good one.
std::optional<Cidr> subnet_of(const SpecDraft& draft);
std::optional<Cidr> cidr_at(const SpecDraft& draft, const std::vector<std::string>& path);
std::optional<Address> address_at(const SpecDraft& draft, const std::vector<std::string>& path);
std::optional<AddressRange> range_at(const SpecDraft& draft, const std::vector<std::string>& path);

/// Addresses from the subnet's base up that no machine gets: its base and the bridge; in networks larger than a /27 the
/// first eleven, so that the endpoint and a few more can stand there.
uint32_t reserved_below(const Cidr& subnet);

}  // namespace slipway
