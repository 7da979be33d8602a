#pragma once
// What must exist before the first host does: the cluster's CAs, its service-account key, the SSH keys. Made here,
// sealed in state, never learnt from a host.

#include <map>
#include <string>
#include <vector>

#include "base/certificate.h"
#include "base/ids.h"
#include "base/result.h"
#include "cluster/encryption.h"
#include "kube/client.h"
#include "spec/spec.h"
#include "ssh/keys.h"
#include "state/store.h"

namespace slipway {

struct Identity {
  CertificateKeyPair cluster_ca, front_proxy_ca, etcd_ca;
  CertificateKeyPair platform_ca;  ///< Signs what add-ons show to the outside: ingress, registry.
  KeyPair service_account;
  Encryption encryption;  ///< Of Secrets in etcd.
  SshKeyPair login;       ///< What we log in with; public key empty where the spec names a key file.
  std::map<MachineName, SshKeyPair> host_keys;  ///< Of machines that we make. A plan has none for those to come.
  std::string ca_hash;                          ///< kubeadm's discovery hash of the cluster CA.
};

/// Reads what state holds and makes what is missing. `record`: what was made is sealed in state before this returns;
/// otherwise (a plan) it lives in memory only. Errors: unauthorised (the state's key file is lost), unavailable, quota.
Result<Identity> load_or_make_identity(StateStore& store, const Spec& spec, const std::vector<MachineName>& machines,
                                       bool record);

/// How this program reaches the cluster: by a client certificate of the group kubeadm:cluster-admins, signed here.
Result<KubeAccess> cluster_access(const Identity& identity, const Spec& spec,
                                  const std::vector<std::string>& control_plane_addresses);

}  // namespace slipway
