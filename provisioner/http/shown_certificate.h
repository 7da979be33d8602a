#pragma once
#include <string>

namespace slipway {

/// A server's certificate that was not accepted.
struct ShownCertificate {
  std::string fingerprint;  ///< "SHA256:" and 64 hex digits of the whole certificate; empty: none was refused.
  std::string valid;        ///< "2026-01-01T00:00:00Z to 2026-02-01T00:00:00Z"
};

/// Has the TLS context (an SSL_CTX) that libcurl is about to use note the certificate that it refuses. What is accepted
/// does not change. `shown` outlives the handshake.
void note_refused(void* context, ShownCertificate* shown);

/// The fingerprint of the first certificate of a PEM text, as above; empty where it holds none.
std::string certificate_fingerprint(const std::string& pem);

}  // namespace slipway
