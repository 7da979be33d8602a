#pragma once
// X.509 for the cluster: its CAs, its service-account key, client certificates for kubeconfig files. ECDSA P-256
// throughout: kubeadm, etcd and the API server take it for given CAs, and making a key costs microseconds. Private keys
// are PKCS#8 PEM. Third-party types stay inside.

#include <string>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "base/time.h"

namespace slipway {

struct CertificateKeyPair {
  std::string certificate_pem;
  Secret key_pem;
};

/// A bare key, as for service accounts: sa.key and sa.pub.
struct KeyPair {
  Secret private_pem;
  std::string public_pem;
};
Result<KeyPair> make_key_pair();

struct AuthorityRequest {
  std::string common_name;  ///< "kubernetes", "etcd-ca", "front-proxy-ca"
  Seconds validity{10 * 365 * 24 * 3600};
  WallTime now = std::chrono::system_clock::now();
};
/// A self-signed CA: certSign, crlSign, digitalSignature, keyEncipherment.
Result<CertificateKeyPair> make_authority(const AuthorityRequest& request);

struct CertificateRequest {
  std::string common_name{};
  std::vector<std::string> organisations{};  ///< Kubernetes reads them as groups.
  std::vector<std::string> dns_names{};
  std::vector<std::string> addresses{};  ///< IPv4 or IPv6.
  bool client = false, server = false;
  Seconds validity{365 * 24 * 3600};  ///< Ends no later than the authority itself.
  WallTime now = std::chrono::system_clock::now();
};
/// A new key with a certificate signed by `authority`. Both begin 5 minutes before `now`, for hosts whose clocks lag.
/// Errors: bad_input (an address or name that is none, no usage), corrupt (not a certificate, not its key).
Result<CertificateKeyPair> issue(const CertificateKeyPair& authority, const CertificateRequest& request);

/// "sha256:" and the hex SHA-256 of the DER public key (SubjectPublicKeyInfo): what `kubeadm join` takes as
/// --discovery-token-ca-cert-hash. Errors: corrupt.
Result<std::string> public_key_hash(const std::string& certificate_pem);
/// The last moment of validity. Errors: corrupt.
Result<WallTime> not_after(const std::string& certificate_pem);

/// What a certificate says of itself.
struct CertificateFacts {
  std::string subject, issuer;  ///< "O=system:masters, CN=kubernetes-admin"
  WallTime not_after;
  bool authority = false;  ///< May sign others.
};
/// Errors: corrupt.
Result<CertificateFacts> facts_of(const std::string& certificate_pem);

}  // namespace slipway
