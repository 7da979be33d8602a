#include "base/digest.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "base/ids.h"

namespace slipway {

struct Sha256::Context {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  Context() { EVP_DigestInit_ex(context, EVP_sha256(), nullptr); }
  ~Context() { EVP_MD_CTX_free(context); }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
};

Sha256::Sha256() : context_(std::make_unique<Context>()) {}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::update(std::string_view data) { EVP_DigestUpdate(context_->context, data.data(), data.size()); }

std::string Sha256::finish() {
  std::string bytes(32, '\0');
  EVP_DigestFinal_ex(context_->context, reinterpret_cast<unsigned char*>(bytes.data()), nullptr);
  return to_hex(bytes);
}

std::string sha256(std::string_view data) {
  Sha256 digest;
  digest.update(data);
  return digest.finish();
}

Result<std::string> sha256_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file)
    return fail(errno == ENOENT ? ErrorKind::not_found : ErrorKind::unavailable, "cannot read file",
                {.found = std::strerror(errno), .where = path});
  Sha256 digest;
  std::string block(1 << 20, '\0');
  while (file.read(block.data(), static_cast<std::streamsize>(block.size())) || file.gcount() > 0)
    digest.update(std::string_view(block.data(), static_cast<size_t>(file.gcount())));
  if (file.bad()) return fail(ErrorKind::unavailable, "cannot read file", {.where = path});
  return digest.finish();
}

std::string to_hex(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
  return out;
}

std::string base64_encode(std::string_view bytes) {
  std::string out((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int length =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                      reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  out.resize(static_cast<size_t>(length));
  return out;
}

Result<std::string> base64_decode(std::string_view text) {
  std::string compact;
  for (const char c : text)
    if (!std::isspace(static_cast<unsigned char>(c))) compact += c;
  std::string out(compact.size() / 4 * 3 + 3, '\0');
  const int length = compact.size() % 4 != 0 ? -1
                                             : EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                                               reinterpret_cast<const unsigned char*>(compact.data()),
                                                               static_cast<int>(compact.size()));
  if (length < 0) return fail(ErrorKind::corrupt, "not base64");
  size_t padding = 0;
  while (padding < 2 && padding < compact.size() && compact[compact.size() - 1 - padding] == '=') ++padding;
  out.resize(static_cast<size_t>(length) - padding);
  return out;
}

std::string random_hex(size_t bytes) {
  std::string raw(bytes, '\0');
  // Without randomness no id is safe to hand out.
  if (RAND_bytes(reinterpret_cast<unsigned char*>(raw.data()), static_cast<int>(bytes)) != 1) std::abort();
  return to_hex(raw);
}

}  // namespace slipway
