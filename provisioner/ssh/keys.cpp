#include "ssh/keys.h"

#include <array>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include "base/digest.h"
#include "base/text.h"
#include "ssh/wire.h"

namespace slipway {
namespace {

constexpr size_t key_bytes = 32;
constexpr std::string_view type_name = "ssh-ed25519";

struct FreeKey {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
struct FreeKeyContext {
  void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
};
using RawKey = std::array<unsigned char, key_bytes>;

std::string_view view(const RawKey& key) { return {reinterpret_cast<const char*>(key.data()), key.size()}; }

/// The layout that `ssh-keygen` writes and sshd reads: PROTOCOL.key of OpenSSH.
std::string openssh_pem(std::string_view seed, std::string_view public_bytes, std::string_view public_blob,
                        std::string_view comment, uint32_t check) {
  ssh::WireWriter secret_part;
  secret_part.u32(check).u32(check).string(type_name).string(public_bytes);
  secret_part.string(std::string(seed) + std::string(public_bytes)).string(comment);
  for (char pad = 1; secret_part.bytes().size() % 8 != 0; ++pad) secret_part.raw({&pad, 1});

  ssh::WireWriter file;
  file.raw({"openssh-key-v1\0", 15}).string("none").string("none").string("").u32(1);
  file.string(public_blob).string(secret_part.bytes());

  const std::string encoded = base64_encode(file.bytes());
  std::string pem = "-----BEGIN OPENSSH PRIVATE KEY-----\n";
  constexpr size_t width = 70;
  for (size_t at = 0; at < encoded.size(); at += width) pem += encoded.substr(at, width) + "\n";
  return pem + "-----END OPENSSH PRIVATE KEY-----\n";
}

}  // namespace

Result<SshKeyPair> generate_ssh_key(const std::string& comment) {
  const auto failed = [] { return fail(ErrorKind::internal, "cannot make an ed25519 key"); };
  const std::unique_ptr<EVP_PKEY_CTX, FreeKeyContext> context(EVP_PKEY_CTX_new_id(EVP_PKEY_ED25519, nullptr));
  EVP_PKEY* made = nullptr;
  if (!context || EVP_PKEY_keygen_init(context.get()) != 1 || EVP_PKEY_keygen(context.get(), &made) != 1)
    return failed();
  const std::unique_ptr<EVP_PKEY, FreeKey> key(made);

  RawKey seed{};
  RawKey public_bytes{};
  size_t seed_size = seed.size();
  size_t public_size = public_bytes.size();
  uint32_t check = 0;
  if (EVP_PKEY_get_raw_private_key(key.get(), seed.data(), &seed_size) != 1 ||
      EVP_PKEY_get_raw_public_key(key.get(), public_bytes.data(), &public_size) != 1 ||
      RAND_bytes(reinterpret_cast<unsigned char*>(&check), sizeof check) != 1)
    return failed();

  const std::string one_line = replace_all(replace_all(comment, "\n", " "), "\r", " ");
  const std::string blob = ssh::WireWriter().string(type_name).string(view(public_bytes)).bytes();
  SshKeyPair pair;
  pair.private_key_pem = Secret(openssh_pem(view(seed), view(public_bytes), blob, one_line, check));
  pair.public_key = std::string(type_name) + " " + base64_encode(blob) + (one_line.empty() ? "" : " " + one_line);
  OPENSSL_cleanse(seed.data(), seed.size());
  return pair;
}

PublicKey parse_public_key(std::string_view line) {
  const std::string_view text = trim(line);
  const size_t type_end = text.find_first_of(" \t");
  if (type_end == std::string_view::npos) return {};
  const std::string_view rest = trim(text.substr(type_end));
  Result<std::string> blob = base64_decode(rest.substr(0, rest.find_first_of(" \t")));
  if (!blob) return {};
  const auto inner = ssh::WireReader(*blob).string();
  const std::string type(text.substr(0, type_end));
  if (!inner || *inner != type) return {};
  return {type, std::move(*blob)};
}

std::string fingerprint_of_blob(std::string_view blob) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(blob.data()), blob.size(), digest.data());
  std::string text = base64_encode({reinterpret_cast<const char*>(digest.data()), digest.size()});
  while (text.ends_with('=')) text.pop_back();
  return "SHA256:" + text;
}

std::string fingerprint(std::string_view public_key) {
  const PublicKey key = parse_public_key(public_key);
  return key.blob.empty() ? std::string() : fingerprint_of_blob(key.blob);
}

}  // namespace slipway
