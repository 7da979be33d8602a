#include "base/certificate.h"

#include <algorithm>
#include <arpa/inet.h>
#include <ctime>
#include <memory>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/digest.h"

namespace slipway {
namespace {

template <auto free_function>
struct FreedBy {
  template <class T>
  void operator()(T* object) const {
    free_function(object);
  }
};
using Bio = std::unique_ptr<BIO, FreedBy<BIO_free_all>>;
using Certificate = std::unique_ptr<X509, FreedBy<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, FreedBy<EVP_PKEY_free>>;
using Number = std::unique_ptr<BIGNUM, FreedBy<BN_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, FreedBy<X509_EXTENSION_free>>;
using Names = std::unique_ptr<GENERAL_NAMES, FreedBy<GENERAL_NAMES_free>>;
using Name = std::unique_ptr<GENERAL_NAME, FreedBy<GENERAL_NAME_free>>;
using Time = std::unique_ptr<ASN1_TIME, FreedBy<ASN1_TIME_free>>;

constexpr Seconds back_dated = std::chrono::minutes(5);

/// OpenSSL's own reason, which says no secret; clears its queue.
Error openssl_failed(const std::string& doing) {
  char reason[256] = "no reason given";
  if (const unsigned long code = ERR_peek_last_error(); code != 0) ERR_error_string_n(code, reason, sizeof reason);
  ERR_clear_error();
  return fail(ErrorKind::internal, "cannot " + doing, {.found = reason});
}

Error not_readable(const std::string& what, const std::string& expected) {
  ERR_clear_error();
  return fail(ErrorKind::corrupt, what + " cannot be read", {.expected = expected});
}

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return size > 0 ? std::string(data, static_cast<size_t>(size)) : std::string();
}

/// Whatever `write` puts out, as text; empty if it fails.
template <class F>
std::string written(F write) {
  const Bio bio(BIO_new(BIO_s_secmem()));
  return bio && write(bio.get()) == 1 ? text_of(bio.get()) : std::string();
}

std::string private_pem(EVP_PKEY* key) {
  return written(
      [&](BIO* bio) { return PEM_write_bio_PKCS8PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr); });
}

/// An encrypted key must fail, not ask on the terminal.
int no_passphrase(char*, int, int, void*) { return -1; }

Certificate read_certificate(const std::string& pem) {
  const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  return Certificate(bio ? PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr) : nullptr);
}

Key read_key(const Secret& pem) {
  const std::string& text = pem.reveal();
  const Bio bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  return Key(bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr) : nullptr);
}

Key new_key() { return Key(EVP_EC_gen("P-256")); }

bool add_extension(X509* certificate, X509* issuer, int kind, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const Extension extension(X509V3_EXT_conf_nid(nullptr, &context, kind, value));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

bool add_to_subject(X509_NAME* subject, const char* field, const std::string& text) {
  return X509_NAME_add_entry_by_txt(subject, field, MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(text.data()),
                                    static_cast<int>(text.size()), -1, 0) == 1;
}

/// 159 random bits: unique without a list of the issued, and positive as the standard wants.
bool set_random_serial(X509* certificate) {
  const Number number(BN_new());
  return number && BN_rand(number.get(), 159, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
         BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate));
}

bool set_validity(X509* certificate, WallTime from, WallTime to) {
  const auto set = [](ASN1_TIME* field, WallTime at) {
    return ASN1_TIME_set(field, std::chrono::system_clock::to_time_t(at)) != nullptr;
  };
  return set(X509_getm_notBefore(certificate), from) && set(X509_getm_notAfter(certificate), to);
}

Result<WallTime> end_of(const X509* certificate) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &parts) != 1)
    return not_readable("the end of a certificate's validity", "a date");
  return std::chrono::system_clock::from_time_t(timegm(&parts));
}

/// The names as data, not as OpenSSL's comma-separated text, in which a comma would add a name.
Result<Name> alternative_name(const std::string& text, int kind) {
  std::string bytes = text;
  if (kind == GEN_IPADD) {
    unsigned char raw[16];
    if (::inet_pton(AF_INET, text.c_str(), raw) == 1)
      bytes.assign(reinterpret_cast<const char*>(raw), 4);
    else if (::inet_pton(AF_INET6, text.c_str(), raw) == 1)
      bytes.assign(reinterpret_cast<const char*>(raw), 16);
    else
      return fail(ErrorKind::bad_input, "a certificate's address is none",
                  {.found = text, .expected = "an IPv4 or IPv6 address"});
  } else if (text.empty() || !std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; })) {
    return fail(ErrorKind::bad_input, "a certificate's DNS name is none",
                {.found = "'" + text + "'", .expected = "a host name in ASCII"});
  }
  Name name(GENERAL_NAME_new());
  ASN1_STRING* const value = kind == GEN_IPADD ? ASN1_OCTET_STRING_new() : ASN1_IA5STRING_new();
  if (!name || !value || ASN1_STRING_set(value, bytes.data(), static_cast<int>(bytes.size())) != 1) {
    ASN1_STRING_free(value);
    return openssl_failed("make a certificate's name");
  }
  GENERAL_NAME_set0_value(name.get(), kind, value);
  return name;
}

Result<void> add_alternative_names(X509* certificate, const CertificateRequest& request) {
  const Names names(GENERAL_NAMES_new());
  if (!names) return openssl_failed("make a certificate's names");
  for (const auto& [texts, kind] : {std::pair(&request.dns_names, GEN_DNS), std::pair(&request.addresses, GEN_IPADD)})
    for (const std::string& text : *texts) {
      Result<Name> name = alternative_name(text, kind);
      if (!name) return std::move(name).error();
      if (sk_GENERAL_NAME_push(names.get(), name->get()) <= 0) return openssl_failed("make a certificate's names");
      (void)name->release();
    }
  if (sk_GENERAL_NAME_num(names.get()) > 0 &&
      X509_add1_ext_i2d(certificate, NID_subject_alt_name, names.get(), 0, X509V3_ADD_DEFAULT) != 1)
    return openssl_failed("add a certificate's names");
  return {};
}

Result<CertificateKeyPair> signed_pair(X509* certificate, EVP_PKEY* own_key, EVP_PKEY* signing_key) {
  if (X509_sign(certificate, signing_key, EVP_sha256()) <= 0) return openssl_failed("sign a certificate");
  CertificateKeyPair pair{written([&](BIO* bio) { return PEM_write_bio_X509(bio, certificate); }),
                          Secret(private_pem(own_key))};
  if (pair.certificate_pem.empty() || pair.key_pem.empty()) return openssl_failed("write a certificate as PEM");
  return pair;
}

bool authority_extensions(X509* certificate) {
  return add_extension(certificate, certificate, NID_basic_constraints, "critical,CA:TRUE") &&
         add_extension(certificate, certificate, NID_key_usage,
                       "critical,digitalSignature,keyEncipherment,keyCertSign,cRLSign") &&
         add_extension(certificate, certificate, NID_subject_key_identifier, "hash");
}

bool leaf_extensions(X509* certificate, X509* issuer, const CertificateRequest& request) {
  const char* const usages = request.client && request.server ? "serverAuth,clientAuth"
                             : request.client                 ? "clientAuth"
                                                              : "serverAuth";
  // An authority made elsewhere may lack the identifier that this one would point to.
  const bool identified = X509_get_ext_by_NID(issuer, NID_subject_key_identifier, -1) >= 0;
  return add_extension(certificate, issuer, NID_basic_constraints, "critical,CA:FALSE") &&
         add_extension(certificate, issuer, NID_key_usage, "critical,digitalSignature,keyEncipherment") &&
         add_extension(certificate, issuer, NID_ext_key_usage, usages) &&
         (!identified || add_extension(certificate, issuer, NID_authority_key_identifier, "keyid"));
}

}  // namespace

Result<KeyPair> make_key_pair() {
  const Key key = new_key();
  if (!key) return openssl_failed("make a key");
  KeyPair pair{Secret(private_pem(key.get())), written([&](BIO* bio) { return PEM_write_bio_PUBKEY(bio, key.get()); })};
  if (pair.private_pem.empty() || pair.public_pem.empty()) return openssl_failed("write a key as PEM");
  return pair;
}

Result<CertificateKeyPair> make_authority(const AuthorityRequest& request) {
  const Key key = new_key();
  const Certificate certificate(X509_new());
  if (!key || !certificate) return openssl_failed("make a key");
  X509_NAME* const subject = X509_get_subject_name(certificate.get());
  if (X509_set_version(certificate.get(), X509_VERSION_3) != 1 || !set_random_serial(certificate.get()) ||
      !set_validity(certificate.get(), request.now - back_dated, request.now + request.validity) ||
      !add_to_subject(subject, "CN", request.common_name) || X509_set_issuer_name(certificate.get(), subject) != 1 ||
      X509_set_pubkey(certificate.get(), key.get()) != 1 || !authority_extensions(certificate.get()))
    return openssl_failed("make the authority '" + request.common_name + "'");
  return signed_pair(certificate.get(), key.get(), key.get());
}

Result<CertificateKeyPair> issue(const CertificateKeyPair& authority, const CertificateRequest& request) {
  if (!request.client && !request.server)
    return fail(ErrorKind::bad_input, "a certificate needs a use",
                {.found = "neither client nor server", .expected = "one of them, or both"});
  const Certificate issuer = read_certificate(authority.certificate_pem);
  if (!issuer) return not_readable("the authority's certificate", "a certificate in PEM");
  const Key issuer_key = read_key(authority.key_pem);
  if (!issuer_key) return not_readable("the authority's key", "a private key in PEM, without a passphrase");
  if (X509_check_private_key(issuer.get(), issuer_key.get()) != 1)
    return not_readable("the authority", "a key that belongs to its certificate");
  const Result<WallTime> issuer_end = end_of(issuer.get());
  if (!issuer_end) return issuer_end.error();

  const Key key = new_key();
  const Certificate certificate(X509_new());
  if (!key || !certificate) return openssl_failed("make a key");
  X509_NAME* const subject = X509_get_subject_name(certificate.get());
  bool good = X509_set_version(certificate.get(), X509_VERSION_3) == 1 && set_random_serial(certificate.get()) &&
              set_validity(certificate.get(), request.now - back_dated,
                           std::min<WallTime>(request.now + request.validity, *issuer_end));
  for (const std::string& organisation : request.organisations)
    good = good && add_to_subject(subject, "O", organisation);
  good = good && add_to_subject(subject, "CN", request.common_name) &&
         X509_set_issuer_name(certificate.get(), X509_get_subject_name(issuer.get())) == 1 &&
         X509_set_pubkey(certificate.get(), key.get()) == 1 &&
         leaf_extensions(certificate.get(), issuer.get(), request);
  if (!good) return openssl_failed("make the certificate '" + request.common_name + "'");
  if (Result<void> named = add_alternative_names(certificate.get(), request); !named) return std::move(named).error();
  return signed_pair(certificate.get(), key.get(), issuer_key.get());
}

Result<std::string> public_key_hash(const std::string& certificate_pem) {
  const Certificate certificate = read_certificate(certificate_pem);
  if (!certificate) return not_readable("a certificate", "a certificate in PEM");
  unsigned char* der = nullptr;
  const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate.get()), &der);
  if (size <= 0) return openssl_failed("read a certificate's public key");
  const std::string bytes(reinterpret_cast<const char*>(der), static_cast<size_t>(size));
  OPENSSL_free(der);
  return "sha256:" + sha256(bytes);
}

Result<CertificateFacts> facts_of(const std::string& certificate_pem) {
  const Certificate certificate = read_certificate(certificate_pem);
  if (!certificate) return not_readable("a certificate", "a certificate in PEM");
  const Result<WallTime> end = end_of(certificate.get());
  if (!end) return end.error();
  const auto named = [](const X509_NAME* entity) {
    return written([&](BIO* bio) {
      return X509_NAME_print_ex(
                 bio, entity, 0,
                 (XN_FLAG_ONELINE | ASN1_STRFLGS_UTF8_CONVERT) & ~(XN_FLAG_SPC_EQ | ASN1_STRFLGS_ESC_MSB)) >= 0
                 ? 1
                 : 0;
    });
  };
  return CertificateFacts{named(X509_get_subject_name(certificate.get())),
                          named(X509_get_issuer_name(certificate.get())), *end, X509_check_ca(certificate.get()) > 0};
}

Result<WallTime> not_after(const std::string& certificate_pem) {
  const Certificate certificate = read_certificate(certificate_pem);
  if (!certificate) return not_readable("a certificate", "a certificate in PEM");
  return end_of(certificate.get());
}

}  // namespace slipway
