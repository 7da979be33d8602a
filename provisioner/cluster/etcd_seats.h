#pragma once
// The members of etcd, and whether one of them can be spared.

#include <memory>
#include <string>
#include <vector>

#include "cluster/members.h"
#include "cluster/shelf.h"
#include "graph/step.h"

namespace slipway {

/// One member: etcd's name of it is the machine's.
struct EtcdSeat {
  std::string name;
  bool healthy = false;  ///< It answered, and could write.
  bool operator==(const EtcdSeat&) const = default;
};

/// What the script of look_at_etcd printed: the member list and the health of each, a line of JSON each.
/// Errors: corrupt.
Result<std::vector<EtcdSeat>> parse_etcd_seats(const std::string& text);

/// Asks the hosts one after the other, until one knows. Errors: those of the last; unavailable if `hosts` is empty.
Result<std::vector<EtcdSeat>> look_at_etcd(HostWriter& writer, const std::vector<HostAccess>& hosts);

/// How those control planes of the membership are reached that state knows as part of the cluster; those that leave are
/// none of them.
std::vector<Value> control_plane_access(const State& state, const Membership& membership);

/// Whether etcd can go on writing without `leaving`; a machine that is no member can always leave.
/// Errors: bad_input: too few healthy members would be left; names those that do not answer.
Result<void> can_spare(const std::vector<EtcdSeat>& seats, const std::string& leaving);

/// Takes one member out, through whichever of the control planes that stay answers. Not in the graph by itself: the
/// removal of a node holds one.
class EtcdSeatRemoval {
 public:
  /// Errors: not_found, bad_input (the playbook), corrupt (an access).
  static Result<EtcdSeatRemoval> make(Shelf& shelf, const std::string& cluster, const std::string& member,
                                      const std::vector<Value>& staying);
  /// Whether etcd lists the member. Errors: the ports'.
  Result<bool> listed(Reader& reader) const;
  /// Refuses where the others could not go on without it. One that is no member any more is success.
  Result<void> take_out(Writer& writer, Recorder& recorder) const;
  /// Whether it is a member that does not answer.
  Result<bool> dead(Writer& writer) const;

 private:
  EtcdSeatRemoval() = default;
  std::string member_;
  std::vector<HostAccess> hosts_;
  std::vector<std::unique_ptr<Step>> steps_;  ///< One per control plane that stays, each with its access inside.
};

}  // namespace slipway
