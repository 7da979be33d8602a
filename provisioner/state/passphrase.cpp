#include "state/passphrase.h"

#include <cstdlib>
#include <sodium.h>

namespace slipway {

WipedAtEnd::~WipedAtEnd() { sodium_memzero(text.data(), text.size()); }

std::string random_bytes(size_t count) {
  // Without the system's randomness no key is safe.
  if (sodium_init() < 0) std::abort();
  std::string bytes(count, '\0');
  randombytes_buf(bytes.data(), bytes.size());
  return bytes;
}

Result<void> check_passphrase(const Secret& passphrase) {
  if (passphrase.reveal().size() >= shortest_passphrase) return {};
  return fail(ErrorKind::bad_input, "the passphrase is too short",
              {.found = std::to_string(passphrase.reveal().size()) + " bytes",
               .expected = std::to_string(shortest_passphrase) + " or more",
               .advice = "four or five words that nobody would guess"});
}

Result<std::string> key_from_passphrase(const Secret& passphrase, const std::string& salt, const PassphraseCost& cost) {
  if (sodium_init() < 0) std::abort();
  static_assert(crypto_pwhash_SALTBYTES == 16);
  constexpr uint64_t most_memory = 1ULL << 30, most_operations = 16;
  if (salt.size() != crypto_pwhash_SALTBYTES || cost.operations < crypto_pwhash_OPSLIMIT_MIN ||
      cost.operations > most_operations || cost.memory_bytes < crypto_pwhash_MEMLIMIT_MIN ||
      cost.memory_bytes > most_memory)
    return fail(
        ErrorKind::corrupt, "the parameters of a passphrase make no sense",
        {.found = std::to_string(cost.operations) + " operations on " + std::to_string(cost.memory_bytes) +
                  " bytes, a salt of " + std::to_string(salt.size()) + " bytes",
         .expected = "at most " + std::to_string(most_operations) + " operations on 1 GiB, a salt of 16 bytes"});
  std::string key(32, '\0');
  if (crypto_pwhash(reinterpret_cast<unsigned char*>(key.data()), key.size(), passphrase.reveal().data(),
                    passphrase.reveal().size(), reinterpret_cast<const unsigned char*>(salt.data()), cost.operations,
                    cost.memory_bytes, crypto_pwhash_ALG_ARGON2ID13) != 0)
    return fail(ErrorKind::quota, "no memory to turn the passphrase into a key",
                {.expected = std::to_string(cost.memory_bytes >> 20) + " MiB of free memory"});
  return key;
}

}  // namespace slipway
