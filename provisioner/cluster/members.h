#pragma once
// Which machines the cluster has: the spec's pools against the members recorded in state.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "spec/spec.h"
#include "state/store.h"

namespace slipway {

struct Member {
  MachineName name;
  const Pool* pool = nullptr;          ///< Of the spec; outlives this.
  const ExistingHost* host = nullptr;  ///< Provider `existing` only.
  std::string address{};               ///< Fixed beforehand, or empty where the provider gives one.
  bool fresh = false;                  ///< Not in state yet.
};

/// Pure data; computed by plans without writing anything, recorded by runs.
struct Membership {
  std::vector<Member> members;  ///< Control planes first, then in pool order.
  std::vector<MachineName> leaving;
  std::map<std::string, PoolMembers> pools;
  std::map<std::string, std::string> addresses;  ///< As State::addresses.

  std::vector<const Member*> control_planes() const;
  const Member* find(const MachineName& name) const;
};

/// Where the spec's network.address_holders is fixed: which machine answers for which of its addresses. The control
/// plane for the endpoint; the first two workers in turn for the load balancers, or the control plane where there is no
/// worker, so that one more worker moves none. Elsewhere empty.
std::map<MachineName, std::vector<std::string>> address_holders(const Spec& spec, const Membership& membership);

/// What an order that is under way asks for besides the spec.
struct MemberChange {
  std::set<MachineName> leaving{};      ///< Those that leave first where a pool shrinks.
  std::map<std::string, int> counts{};  ///< pool -> how many machines it has meanwhile, whatever the spec says.
};

/// Growing a pool takes the next never-used ordinal; shrinking takes those that the change names first, then the
/// highest.
/// Errors: bad_input (the subnet has no address left; a name to leave is no member; a leaving name that the new count
/// keeps).
Result<Membership> settle_members(const Spec& spec, const State& state, const MemberChange& change = {});

/// Writes what differs from the state, before the run's first step.
Result<void> record_members(StateStore& store, const Membership& membership);

}  // namespace slipway
