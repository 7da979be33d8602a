#include "http/shown_certificate.h"

#include <ctime>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "base/digest.h"
#include "base/text.h"
#include "base/time.h"

namespace slipway {
namespace {

/// Where our pointer lies in a context.
int own_index() {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

std::string time_text(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return "an unknown time";
  return format_time(std::chrono::system_clock::from_time_t(timegm(&parts)));
}

int note(int accepted, X509_STORE_CTX* verification) {
  if (accepted == 1) return accepted;
  const auto* const session =
      static_cast<const SSL*>(X509_STORE_CTX_get_ex_data(verification, SSL_get_ex_data_X509_STORE_CTX_idx()));
  const X509* const certificate = X509_STORE_CTX_get0_cert(verification);
  auto* const shown =
      session ? static_cast<ShownCertificate*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(session), own_index())) : nullptr;
  if (!shown || !certificate) return accepted;
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  if (X509_digest(certificate, EVP_sha256(), digest, &size) == 1)
    shown->fingerprint = "SHA256:" + to_hex(std::string_view(reinterpret_cast<const char*>(digest), size));
  shown->valid = time_text(X509_get0_notBefore(certificate)) + " to " + time_text(X509_get0_notAfter(certificate));
  return accepted;
}

}  // namespace

void note_refused(void* context, ShownCertificate* shown) {
  auto* const tls = static_cast<SSL_CTX*>(context);
  SSL_CTX_set_ex_data(tls, own_index(), shown);
  SSL_CTX_set_verify(tls, SSL_CTX_get_verify_mode(tls), note);
}

std::string certificate_fingerprint(const std::string& pem) {
  constexpr std::string_view first = "-----BEGIN CERTIFICATE-----", last = "-----END CERTIFICATE-----";
  const size_t begin = pem.find(first);
  const size_t end = begin == std::string::npos ? begin : pem.find(last, begin);
  if (end == std::string::npos) return {};
  const std::string body = pem.substr(begin + first.size(), end - begin - first.size());
  const Result<std::string> der = base64_decode(replace_all(replace_all(body, "\n", ""), "\r", ""));
  return der ? "SHA256:" + sha256(*der) : std::string();
}

}  // namespace slipway
