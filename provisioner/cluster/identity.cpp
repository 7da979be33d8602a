#include "cluster/identity.h"

#include <functional>

namespace slipway {
namespace {

/// Reads a pair out of the state, its private part sealed, its public part as fact "public/NAME"; or makes and (when
/// recording) keeps it.
class Vault {
 public:
  Vault(StateStore& store, bool record) : store_(store), record_(record), facts_(store.snapshot().facts) {}

  struct Pair {
    Secret secret;
    std::string open;
  };

  bool holds(const std::string& name) const { return facts_.contains("public/" + name); }

  Result<Pair> pair(const std::string& name, const std::function<Result<Pair>()>& make) {
    Result<Secret> secret = store_.secret(name);
    if (secret) {
      const std::string open = text_at(facts_, ("public/" + name).c_str());
      if (open.empty())
        return fail(ErrorKind::corrupt, "the state holds a private key without its public part",
                    {.found = name, .advice = "restore STATE.json.1, or an export"});
      return Pair{std::move(*secret), open};
    }
    if (secret.error().kind != ErrorKind::not_found)
      return std::move(secret).error().while_doing("reading " + name + " from the state");
    Result<Pair> made = make();
    if (!made || !record_) return made;
    // The private part last: a pair counts as there once that is.
    if (Result<void> kept = store_.set_fact("public/" + name, made->open); !kept) return std::move(kept).error();
    if (Result<void> sealed = store_.set_secret(name, made->secret); !sealed) return std::move(sealed).error();
    return made;
  }

  Result<CertificateKeyPair> authority(const std::string& name, const std::string& common_name) {
    Result<Pair> found = pair(name, [&]() -> Result<Pair> {
      Result<CertificateKeyPair> made = make_authority({.common_name = common_name});
      if (!made) return std::move(made).error();
      return Pair{made->key_pem, made->certificate_pem};
    });
    if (!found) return std::move(found).error();
    return CertificateKeyPair{found->open, found->secret};
  }

  Result<SshKeyPair> ssh_key(const std::string& name, const std::string& comment) {
    Result<Pair> found = pair(name, [&]() -> Result<Pair> {
      Result<SshKeyPair> made = generate_ssh_key(comment);
      if (!made) return std::move(made).error();
      return Pair{made->private_key_pem, made->public_key};
    });
    if (!found) return std::move(found).error();
    return SshKeyPair{found->secret, found->open};
  }

 private:
  StateStore& store_;
  bool record_;
  Value facts_;
};

}  // namespace

Result<Identity> load_or_make_identity(StateStore& store, const Spec& spec, const std::vector<MachineName>& machines,
                                       bool record) {
  Vault vault(store, record);
  Identity identity;
  for (const auto& [name, common_name, target] :
       {std::tuple{"ca", "kubernetes", &identity.cluster_ca},
        std::tuple{"front-proxy-ca", "front-proxy-ca", &identity.front_proxy_ca},
        std::tuple{"etcd-ca", "etcd-ca", &identity.etcd_ca},
        std::tuple{"platform-ca", "slipway-platform", &identity.platform_ca}}) {
    Result<CertificateKeyPair> authority = vault.authority(name, common_name);
    if (!authority) return std::move(authority).error();
    *target = std::move(*authority);
  }
  Result<Vault::Pair> account = vault.pair("service-account", []() -> Result<Vault::Pair> {
    Result<KeyPair> made = make_key_pair();
    if (!made) return std::move(made).error();
    return Vault::Pair{made->private_pem, made->public_pem};
  });
  if (!account) return std::move(account).error();
  identity.service_account = {account->secret, account->open};
  Result<Encryption> encryption = load_or_make_encryption(store, record);
  if (!encryption) return std::move(encryption).error();
  identity.encryption = std::move(*encryption);
  if (spec.ssh.key.empty()) {
    Result<SshKeyPair> login = vault.ssh_key("ssh-login", "slipway-" + spec.name);
    if (!login) return std::move(login).error();
    identity.login = std::move(*login);
  }
  if (spec.provider != "existing")
    for (const MachineName& machine : machines) {
      const std::string name = "ssh-host/" + machine.text();
      // A machine that a plan only forecasts needs no key yet; ten thousand would cost it half a second.
      if (!record && !vault.holds(name)) continue;
      Result<SshKeyPair> key = vault.ssh_key(name, machine.text());
      if (!key) return std::move(key).error();
      identity.host_keys.emplace(machine, std::move(*key));
    }
  Result<std::string> hash = public_key_hash(identity.cluster_ca.certificate_pem);
  if (!hash) return std::move(hash).error();
  identity.ca_hash = std::move(*hash);
  return identity;
}

Result<KubeAccess> cluster_access(const Identity& identity, const Spec& spec,
                                  const std::vector<std::string>& control_plane_addresses) {
  Result<CertificateKeyPair> client = issue(identity.cluster_ca, {.common_name = "slipway",
                                                                  .organisations = {"kubeadm:cluster-admins"},
                                                                  .dns_names = {},
                                                                  .addresses = {},
                                                                  .client = true});
  if (!client) return std::move(client).error();
  KubeAccess access;
  access.server = "https://" + to_string(spec.network.endpoint) + ":6443";
  for (const std::string& address : control_plane_addresses)
    access.fallback_servers.push_back("https://" + address + ":6443");
  access.ca_pem = identity.cluster_ca.certificate_pem;
  access.client_certificate_pem = client->certificate_pem;
  access.client_key_pem = client->key_pem;
  return access;
}

}  // namespace slipway
