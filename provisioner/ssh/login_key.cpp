#include "ssh/login_key.h"

#include <array>
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "base/digest.h"
#include "base/text.h"
#include "ssh/wire.h"

namespace slipway::ssh {
namespace {

constexpr std::string_view type_name = "ssh-ed25519";
constexpr std::string_view openssh_begin = "-----BEGIN OPENSSH PRIVATE KEY-----";
constexpr std::string_view openssh_end = "-----END OPENSSH PRIVATE KEY-----";

Error unusable(const std::string& name, std::string found) {
  return fail(ErrorKind::bad_input, "the SSH key cannot be used",
              {.found = std::move(found),
               .expected = "an ed25519 private key without a passphrase",
               .advice = "ssh-keygen -t ed25519 -N '' -f ~/.ssh/slipway, then name that file as the key",
               .where = name});
}

/// Without this, OpenSSL would ask for the passphrase on the terminal.
int no_passphrase(char*, int, int, void*) { return 0; }

}  // namespace

void LoginKey::Free::operator()(evp_pkey_st* key) const { EVP_PKEY_free(key); }

Result<LoginKey::Handle> LoginKey::read_openssh(const std::string& pem, const std::string& name) {
  const size_t begin = pem.find(openssh_begin) + openssh_begin.size();
  const size_t end = pem.find(openssh_end, begin);
  if (end == std::string::npos) return unusable(name, "a file without its last line, " + std::string(openssh_end));
  Result<std::string> decoded = base64_decode(pem.substr(begin, end - begin));
  if (!decoded) return unusable(name, "text that is not base64");

  WireReader file(*decoded);
  const auto magic = file.raw(15);
  const auto cipher = file.string();
  file.string();
  file.string();
  const auto count = file.u32();
  file.string();
  const auto secret_part = file.string();
  if (!magic || *magic != std::string_view("openssh-key-v1\0", 15) || !cipher || !count || !secret_part)
    return unusable(name, "a damaged OpenSSH key");
  if (*cipher != "none") return unusable(name, "a key locked with a passphrase");

  WireReader inner(*secret_part);
  const auto check = inner.u32();
  const auto check_again = inner.u32();
  const auto type = inner.string();
  if (!check || check != check_again || !type) return unusable(name, "a damaged OpenSSH key");
  if (*type != type_name) return unusable(name, "a key of type " + std::string(*type));
  inner.string();
  const auto both = inner.string();
  if (!both || both->size() != 64) return unusable(name, "a damaged OpenSSH key");
  Handle key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr,
                                          reinterpret_cast<const unsigned char*>(both->data()), 32));
  OPENSSL_cleanse(decoded->data(), decoded->size());
  if (!key) return unusable(name, "a damaged OpenSSH key");
  return key;
}

Result<LoginKey::Handle> LoginKey::read_pkcs8(const std::string& pem, const std::string& name) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> source(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())),
                                                         BIO_free);
  Handle key(source ? PEM_read_bio_PrivateKey(source.get(), nullptr, no_passphrase, nullptr) : nullptr);
  ERR_clear_error();
  if (!key) {
    if (pem.find("ENCRYPTED") != std::string::npos) return unusable(name, "a key locked with a passphrase");
    if (pem.starts_with("ssh-")) return unusable(name, "a public key");
    return unusable(name, "no private key");
  }
  if (EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_ED25519) {
    const char* type = OBJ_nid2sn(EVP_PKEY_get_base_id(key.get()));
    return unusable(name, std::string("a key of type ") + (type ? type : "unknown"));
  }
  return key;
}

Result<LoginKey> LoginKey::parse(const Secret& pem, const std::string& name) {
  const std::string& text = pem.reveal();
  Result<Handle> key =
      text.find(openssh_begin) != std::string::npos ? read_openssh(text, name) : read_pkcs8(text, name);
  if (!key) return std::move(key).error();
  std::array<unsigned char, 32> bytes{};
  size_t size = bytes.size();
  if (EVP_PKEY_get_raw_public_key((*key).get(), bytes.data(), &size) != 1) return unusable(name, "a damaged key");
  WireWriter blob;
  blob.string(type_name).string({reinterpret_cast<const char*>(bytes.data()), size});
  return LoginKey(std::move(*key), blob.bytes());
}

std::string LoginKey::public_line() const { return std::string(type_name) + " " + base64_encode(blob_); }

std::string LoginKey::sign(std::string_view data) const {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  std::string signature(64, '\0');
  size_t size = signature.size();
  if (!context || EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key_.get()) != 1 ||
      EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                     reinterpret_cast<const unsigned char*>(data.data()), data.size()) != 1)
    return {};
  signature.resize(size);
  return signature;
}

}  // namespace slipway::ssh
