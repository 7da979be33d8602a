#pragma once
#include <mutex>
#include <optional>

#include "providers/opennebula/client.h"
#include "providers/opennebula/documents.h"
#include "providers/opennebula/settings.h"

namespace slipway::opennebula {

/// Things of the cloud that the spec names and that are not ours: the virtual network, the template, the image, groups.
/// Looked up by name or id. What machines are made of is asked for once a minute at most, not once for each machine.
/// Threads: any.
class Catalog {
 public:
  Catalog(OneClient& client, const Settings& settings) : client_(client), settings_(settings) {}

  /// All networks that we may use, without leases; an answer not older than `age` is given again.
  Result<std::vector<VirtualNetwork>> networks(Milliseconds age);
  /// Of these, what this cluster reserved: its own, none that is being deleted.
  Result<std::vector<VirtualNetwork>> reservations(Milliseconds age);
  /// The spec's network. Errors: not_found.
  Result<VirtualNetwork> network(Milliseconds age = Seconds(60));
  /// The same with its leases, as they are now.
  Result<VirtualNetwork> network_with_leases();
  Result<VmTemplate> vm_template();
  /// What the template's CPU_COST (per CPU and hour) and MEMORY_COST (per MiB and hour) come to; nothing without a
  /// template, where it has neither, or where its DISK_COST, whose unit depends on the release, has a share in it.
  /// https://docs.opennebula.io, "Showback"
  Result<std::optional<double>> price_per_hour(const Size& size);
  Result<Image> image(const std::string& name_or_id);
  Result<Datastore> datastore();
  /// The ids of the spec's further security groups.
  Result<std::vector<int>> security_groups();

 private:
  /// The latest answer to a question, and when it was asked.
  template <class T>
  struct Kept {
    std::mutex mutex;
    std::optional<std::vector<T>> answer;  ///< Guarded by mutex, as the next.
    Instant asked{};
  };
  /// What `method` answers, not older than `age`; whoever comes while it is being asked waits for that answer.
  template <class T>
  Result<std::vector<T>> list(Kept<T>& kept, Milliseconds age, const std::string& method,
                              std::vector<RpcParameter> parameters, Result<std::vector<T>> (*read)(std::string));

  OneClient& client_;
  const Settings& settings_;
  Kept<VirtualNetwork> networks_;
  Kept<VmTemplate> templates_;
  Kept<Image> images_;
  Kept<Datastore> datastores_;
  Kept<SecurityGroup> security_groups_;
};

/// How long one call of the API may take where nothing else limits it.
Deadline call_deadline();

}  // namespace slipway::opennebula
