#pragma once
// The keys that the cluster's Secrets are encrypted with in etcd, and the way from one key to the next.
//
// A key is changed in three stages, each of which every API server must have reached before the next begins, since each
// reads only what its own list of keys names:
//   readable  the new key is known to all; the old one still writes
//   written   the new key writes; then every Secret is written again (playbooks/encryption-rewrite.yaml)
//   settled   the old key is on no host any more
// A cluster that was made before there were keys takes the same way, from "identity", which is no encryption. Where a
// change stands is a fact of the state, so that one that was cut off goes on where it was.

#include <string>
#include <vector>

#include "base/secret.h"
#include "state/store.h"

namespace slipway {

enum class EncryptionStage { settled, readable, written };

struct Encryption {
  EncryptionStage stage = EncryptionStage::settled;
  std::string key;       ///< The newest.
  std::string old_key;   ///< While a change is under way; "identity": none.
  Secret configuration;  ///< What an API server reads, as of this stage: an EncryptionConfiguration.
  std::vector<std::string>
      known;  ///< Every key that the state holds, those of former days too, which old backups need.
};

/// Reads what the state holds. Without a key there, makes one: a new cluster begins settled, one that lives already
/// with a change under way. `record`: what was made is kept in the state. Errors: those of the store; corrupt.
Result<Encryption> load_or_make_encryption(StateStore& store, bool record);
/// Makes a new key and begins the change to it. REQUIRES: no change is under way.
Result<void> begin_key_change(StateStore& store);
/// The next stage. REQUIRES: every API server has reached this one; at `written`, that all Secrets are written again.
Result<void> advance_key_change(StateStore& store);
/// Whether a change is under way.
bool key_change_under_way(const State& state);

/// Makes readable what a restored etcd holds: `configuration` is the API server's of the backup's day, empty where it
/// had none. Names that another key than the present ones, a change from that key to the newest begins, at `readable`;
/// one that was under way is over, since what it had written is replaced. True: so it is, and the next run of the
/// cluster's steps writes every Secret again. Errors: corrupt; world_changed (a backup out of the middle of a change of
/// two keys that are both gone); those of the store.
Result<bool> begin_key_return(StateStore& store, const Secret& configuration);

/// Takes the keys out of a control plane's configuration, for a state that was lost. Errors: corrupt, those of the
/// store.
Result<void> recover_encryption(StateStore& store, const std::string& configuration);

}  // namespace slipway
