#pragma once
// The cluster's add-ons, read, with everything that must exist before their first object does: fixed addresses,
// passwords, certificates, and the machine that each volume lies on. All of it is made here and kept in state, never
// learnt from the cluster.

#include <map>
#include <string>
#include <vector>

#include "base/certificate.h"
#include "cluster/members.h"
#include "cluster/versions.h"
#include "kube/manifest.h"
#include "kube/rendering.h"
#include "providers/provider.h"
#include "spec/spec.h"
#include "state/store.h"

namespace slipway {

/// What was made for one add-on.
struct AddOnGifts {
  std::map<std::string, Secret> secrets;
  std::map<std::string, CertificateKeyPair> certificates;
  std::map<std::string, std::string> facts;
  std::map<std::string, MachineName> volumes;  ///< Volume -> the machine whose disk holds it.
};

struct Platform {
  Versions versions;
  Value variables = Value::object();  ///< What every manifest may name, and the hosts' playbooks of add-ons.
  std::vector<AddOn> add_ons;         ///< Those that every cluster has first, then the spec's.
  std::map<std::string, AddOnGifts> gifts;
  /// ${cloud.files} and .digest of add-ons that say `provider:`; null where there are none. Holds secrets.
  Value cloud;
  std::string authority_pem;  ///< The certificate that clients of the platform's URLs must trust.

  const AddOn* find(const std::string& name) const;
  /// `variables` and what is the add-on's own: values, facts, secrets, certificates, digests, the provider's files, and
  /// `needs.NAME` with values, secrets and certificates of the add-ons that it needs. Holds secrets.
  Value variables_of(const AddOn& add_on) const;
};

/// Reads the manifests of every enabled add-on and makes what state lacks. `record`: what was made is kept in state
/// before this returns; otherwise (a plan) it lives in memory only.
/// `tools`: what renders kustomize folders and charts where the machine has no such program. `versions`: those of
/// the spec's release, where they were read already; otherwise they are read from the data directory.
/// Errors: bad_input (a manifest; an add-on that needs one that is not enabled, or another provider; no address left),
/// not_found (no such folder), unauthorised (the state's key file is lost), unavailable, quota.
Result<Platform> load_platform(StateStore& store, const Spec& spec, const Membership& membership,
                               const CertificateKeyPair& authority, const Provider& provider,
                               const std::string& data_directory, bool record, const RenderingTools& tools = {},
                               const Versions* versions = nullptr);

/// The name in the state of a choice that a verb changes; its value is text.
std::string add_on_fact(const std::string& add_on, const std::string& fact);

/// Where a volume lies on its machine.
std::string volume_path(const AddOn& add_on, const VolumeWish& volume);

}  // namespace slipway
