#pragma once
#include "ports/cloud.h"
#include "providers/opennebula/catalog.h"

namespace slipway::opennebula {

/// Kind "reservation": addresses of the spec's network that no machine shall get, as a reservation of their own.
/// Fields: addresses ("10.0.0.10" or "FIRST-LAST"), network. It has no room for a mark in the creating call: its name,
/// unique among the user's networks, is the mark.
///
/// Addresses outside all of the network's ranges are nobody's to give: they are listed as reserved, with the id
/// "outside", and nothing is made for them.
/// Errors: those of OneClient; conflict (an address is in use). Threads: any.
class Reservations {
 public:
  Reservations(OneClient& client, Catalog& catalog, const Settings& settings)
      : client_(client), catalog_(catalog), settings_(settings) {}

  struct Wish {
    std::string intent, name;
    AddressRange addresses;
  };
  /// What the spec asks for: the endpoint, and the load balancers where there is a range for them.
  std::vector<Wish> wishes() const;

  Result<std::vector<CloudObject>> list(Milliseconds age);
  Result<CloudObject> create(const CloudRequest& request, Deadline deadline);
  Result<void> remove(const std::string& id, Deadline deadline);

  static constexpr const char* outside = "outside";

 private:
  CloudObject object_of(const VirtualNetwork& reservation) const;

  OneClient& client_;
  Catalog& catalog_;
  const Settings& settings_;
};

}  // namespace slipway::opennebula
