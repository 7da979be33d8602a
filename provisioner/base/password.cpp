#include "base/password.h"

#include <crypt.h>
#include <memory>
#include <sys/random.h>

namespace slipway {
namespace {

unsigned char random_byte() {
  unsigned char byte = 0;
  while (::getrandom(&byte, 1, 0) != 1) {
  }
  return byte;
}

}  // namespace

Secret random_password(int length) {
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  std::string text;
  while (text.size() < static_cast<size_t>(length)) {
    // Bytes past the last whole multiple would make the first letters likelier.
    const unsigned char byte = random_byte();
    if (byte < 256 / alphabet.size() * alphabet.size()) text += alphabet[byte % alphabet.size()];
  }
  return Secret(std::move(text));
}

Result<Secret> bcrypt_hash(const Secret& password) {
  char salt[CRYPT_GENSALT_OUTPUT_SIZE] = {};
  const auto work = std::make_unique<crypt_data>();
  if (!::crypt_gensalt_rn("$2b$", 10, nullptr, 0, salt, sizeof salt))
    return fail(ErrorKind::internal, "this machine's libcrypt makes no bcrypt salt", {.found = "crypt_gensalt failed"});
  const char* hash = ::crypt_r(password.reveal().c_str(), salt, work.get());
  if (!hash || std::string_view(hash).substr(0, 4) != "$2b$")
    return fail(ErrorKind::internal, "this machine's libcrypt knows no bcrypt", {.found = hash ? hash : "no answer"});
  return Secret(hash);
}

}  // namespace slipway
