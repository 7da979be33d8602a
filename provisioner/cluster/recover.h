#pragma once
// A state out of nothing but the spec, the provider's list of what carries our mark, and one control plane that can be
// reached: after the state and its key were lost. Makes no machine and changes no cluster.

#include <functional>
#include <string>
#include <vector>

#include "ports/hosts.h"
#include "providers/provider.h"
#include "spec/spec.h"
#include "ssh/keys.h"
#include "state/store.h"

namespace slipway {

struct RecoveredMachine {
  MachineName name;
  std::string pool;
  Role role = Role::worker;
  std::string address;
};

/// What was found, and what nobody can find any more.
struct Recovery {
  std::vector<RecoveredMachine> machines;  ///< Control planes first.
  MachineName source;                      ///< The control plane whose keys were taken.
  std::vector<std::string> strangers;      ///< Machines with our mark whose pool the spec does not have.
};

/// How recovery looks into a machine.
struct MachineLook {
  /// A file of the machine. Errors: not_found and whatever the way there says.
  std::function<Result<std::string>(const RecoveredMachine& machine, const std::string& path)> read;
  /// Lets the fresh login key in; empty where the spec names a key file, which needs no other.
  std::function<Result<void>(const RecoveredMachine& machine, const SshKeyPair& key)> authorise{};
};

/// The machines that the provider says are ours (provider `existing`: those of the spec), with their pools.
/// Errors: those of the provider; not_found (no control plane).
Result<Recovery> find_machines(const Spec& spec, Provider& provider);

/// Records pools, addresses, CAs, service-account key, host keys and login key in the fresh `store`.
/// May be called again after it was cut off. Errors: not_found (no control plane has the keys), corrupt (a key that
/// is none), and those of `look` and the store.
Result<void> recover_state(StateStore& store, const Spec& spec, const MachineLook& look, Recovery& recovery);

}  // namespace slipway
