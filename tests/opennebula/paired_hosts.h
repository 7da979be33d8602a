#pragma once
#include <map>
#include <memory>
#include <string>

#include "providers/local/settings.h"
#include "providers/provider.h"

#include "tests/opennebula/world.h"

namespace slipway::testing_support::one {

/// Gives each RUNNING machine of the simulator a body: a system container on this computer with the machine's address,
/// into which its context's start script is played once, as a guest's contextualisation would. Powered-off machines
/// lose theirs until they are resumed; terminated ones for good. Where a NIC filters, its host's cable drops what the
/// hypervisor would: frames of another MAC, packets and ARP answers of other addresses than the NIC's and its aliases'.
/// Needs root.
class PairedHosts {
 public:
  /// `directory` is the hosts' folder; made when needed, removed with them.
  PairedHosts(std::string name, const std::string& subnet, std::string directory);
  ~PairedHosts();

  /// Makes the hosts what the machines are. Threads: one.
  void follow(const std::map<int, SimVm>& vms);
  void remove_all();

 private:
  struct Body {
    std::string name, address, script, mac;
    bool prepared = false;
  };
  void start(const std::map<int, Body>& wanted);
  void filter(const std::map<int, SimVm>& vms);
  bool play_script(const Body& body) const;
  void stop(const std::string& name);
  void remove(const std::string& name);

  Spec spec_;
  std::string directory_, key_, public_key_;
  std::unique_ptr<Provider> provider_;
  std::map<int, Body> running_;
  std::string filter_;               ///< As it stands.
  std::map<std::string, int> kept_;  ///< Host -> the machine whose body it is, running or not.
};

}  // namespace slipway::testing_support::one
