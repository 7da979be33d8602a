#pragma once
#include <vector>

#include "providers/opennebula/catalog.h"
#include "providers/opennebula/machines.h"
#include "providers/opennebula/networks.h"

namespace slipway::opennebula {

/// What would stop a run half-way, looked for beforehand. Costs two calls where every machine is there (both answers
/// serve the plan as well), and a few more where some are to be made. Threads: any.
class Checks {
 public:
  Checks(OneClient& client, Catalog& catalog, const Settings& settings, CloudReader& observed)
      : client_(client), catalog_(catalog), settings_(settings), observed_(observed) {}

  std::vector<Error> run();
  /// What the plan's new machines take, with the smallest of what quotas and hosts leave; a host list that we may not
  /// see is no limit. Two calls where machines are made.
  Result<std::vector<Claim>> claims(const Plan& plan);

 private:
  struct Need {
    int machines = 0, cpus = 0;
    int64_t memory_mb = 0, smallest_disk_mb = 0;
    int largest_cpus = 0;
    int64_t largest_memory_mb = 0;
  };
  /// What the hosts have free.
  struct Room {
    size_t hosts = 0;  ///< That we may see, the dead ones too.
    int64_t cpus = 0, memory_mb = 0;
    std::vector<std::pair<int64_t, int64_t>> alive{};  ///< CPUs and MiB of each host that is up.
  };
  Need missing(const std::vector<CloudObject>& machines) const;
  /// Errors: corrupt, those of the API (a tenant need not be allowed to see hosts).
  Result<Room> room_on_hosts();
  void check_holders(const VirtualNetwork& network);
  void check_addresses(const Need& need);
  void check_base(const Need& need);
  void check_quotas(const Need& need);
  void check_hosts(const Need& need);
  /// Keeps the error of a look-up; false if there is none.
  template <class T>
  bool failed(Result<T>& result) {
    if (result) return false;
    problems_.push_back(std::move(result).error());
    return true;
  }
  Result<User> user();

  OneClient& client_;
  Catalog& catalog_;
  const Settings& settings_;
  CloudReader& observed_;
  std::vector<Error> problems_;
};

}  // namespace slipway::opennebula
