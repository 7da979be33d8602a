#pragma once
#include <string>

#include "base/error.h"
#include "http/shown_certificate.h"

namespace slipway {

/// What is known of a transfer that ended without a whole answer.
struct FailedTransfer {
  int code = 0;                     ///< libcurl's CURLcode.
  int system_error = 0;             ///< errno of the failed connect, or 0.
  bool request_sent = false;        ///< false: the other side cannot have acted on it.
  std::string detail{};             ///< libcurl's own sentence.
  std::string place{};              ///< place_of(request)
  std::string host{};               ///< The host name that the certificate must carry.
  std::string certificate_names{};  ///< Names in the certificate that was shown, or empty.
  ShownCertificate refused{};       ///< The certificate that TLS did not accept.
  std::string authority{};          ///< Fingerprint of the authority that was given to us, or empty.
  double seconds = 0;               ///< How long it took.
};

/// The failure as an Error of the kinds that HttpClient promises.
Error transfer_error(const FailedTransfer& transfer);

}  // namespace slipway
