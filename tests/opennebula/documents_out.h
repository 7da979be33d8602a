#pragma once
#include <string>

#include "tests/opennebula/world.h"

namespace slipway::testing_support::one {

/// The documents that oned answers, element for element.
std::string document(const World& world, const SimVm& vm);
/// The short form of one.vmpool.info: no tags, no context.
std::string short_document(const World& world, const SimVm& vm);
/// `leases`: as one.vn.info tells them; the pool does not.
std::string document(const World& world, const SimNetwork& network, bool leases);
std::string document(const World& world, const SimImage& image);
std::string document(const World& world, const SimTemplate& from);
std::string document(const World& world, const SimSecurityGroup& group);
std::string document(const World& world, const SimVmGroup& group);
std::string document(const World& world, const SimHost& host);
std::string document(const World& world, const Account& account);
std::string datastore_pool(const World& world);

}  // namespace slipway::testing_support::one
