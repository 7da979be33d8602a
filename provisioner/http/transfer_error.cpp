#include "http/transfer_error.h"

#include <cstring>
#include <curl/curl.h>

#include "base/secret.h"
#include "base/text.h"

namespace slipway {
namespace {

std::string reason(const FailedTransfer& transfer) {
  if (transfer.system_error != 0) return std::strerror(transfer.system_error);
  return transfer.detail.empty() ? curl_easy_strerror(static_cast<CURLcode>(transfer.code)) : transfer.detail;
}

Error make(ErrorKind kind, std::string summary, const FailedTransfer& transfer, std::string expected = {},
           std::string advice = {}) {
  return fail(kind, std::move(summary),
              {.found = redact(reason(transfer)),
               .expected = std::move(expected),
               .advice = std::move(advice),
               .where = transfer.place});
}

Error untrusted(const FailedTransfer& transfer) {
  Error error = make(ErrorKind::verification, "server certificate not accepted", transfer,
                     "a certificate for " + transfer.host + " from a certificate authority that is accepted here");
  if (!transfer.refused.fingerprint.empty())
    error.found += "; it showed " + transfer.refused.fingerprint + ", valid from " + transfer.refused.valid;
  if (!transfer.authority.empty()) error.expected += ": " + transfer.authority;
  const bool wrong_name = transfer.detail.find("does not match") != std::string::npos ||
                          transfer.detail.find("no alternative certificate subject name") != std::string::npos;
  if (wrong_name && !transfer.certificate_names.empty()) {
    error.found = "a certificate for " + transfer.certificate_names;
    error.expected = "a certificate for " + transfer.host;
  }
  return error;
}

Error timed_out(const FailedTransfer& transfer) {
  const std::string span = format_seconds(transfer.seconds);
  if (transfer.request_sent) {
    Error error = make(ErrorKind::timeout, "no complete answer in time", transfer);
    error.found = "gave up after " + span;
    if (!transfer.detail.empty()) error.found += " (" + redact(transfer.detail) + ")";
    return error;
  }
  Error error = make(ErrorKind::unavailable, "cannot connect in time", transfer, "a connection to " + transfer.host);
  error.found = "no connection after " + span;
  return error;
}

}  // namespace

Error transfer_error(const FailedTransfer& transfer) {
  switch (transfer.code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
      return make(ErrorKind::unavailable, "host name not found", transfer, "a name that DNS or /etc/hosts knows");
    case CURLE_COULDNT_CONNECT:
      return make(ErrorKind::unavailable, "cannot connect", transfer, "a server that listens there");
    case CURLE_OPERATION_TIMEDOUT:
      return timed_out(transfer);
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
      return untrusted(transfer);
    case CURLE_SSL_CACERT_BADFILE:
      return make(ErrorKind::bad_input, "CA certificates cannot be used", transfer, "PEM certificates");
    case CURLE_SSL_CERTPROBLEM:
      return make(ErrorKind::bad_input, "client certificate or key cannot be used", transfer,
                  "a PEM certificate and its PEM key");
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
      return make(ErrorKind::bad_input, "URL cannot be used", transfer, "an absolute http or https URL");
    case CURLE_TOO_MANY_REDIRECTS:
      return make(ErrorKind::internal, "too many redirects", transfer, "at most 10");
    case CURLE_OUT_OF_MEMORY:
      return make(ErrorKind::internal, "out of memory", transfer);
    case CURLE_SSL_CONNECT_ERROR:
      return make(ErrorKind::unavailable, "TLS handshake failed", transfer, "a TLS server");
    default: {
      // A server that dislikes our certificate says so by a TLS alert in the middle of the exchange.
      if (transfer.detail.find("alert") != std::string::npos &&
          transfer.detail.find("certificate") != std::string::npos)
        return make(ErrorKind::unauthorised, "client certificate refused", transfer,
                    "a client certificate that the server accepts");
      return make(ErrorKind::unavailable, "connection cut", transfer, "a complete answer");
    }
  }
}

}  // namespace slipway
