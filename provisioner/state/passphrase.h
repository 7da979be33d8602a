#pragma once
// Keys out of passphrases: argon2id by libsodium.

#include <cstdint>
#include <string>

#include "base/result.h"
#include "base/secret.h"

namespace slipway {

/// What one guess costs. The defaults take about half a second and 256 MiB.
struct PassphraseCost {
  uint64_t operations = 3;
  uint64_t memory_bytes = 256ULL << 20;
};

/// Shorter ones are refused where a passphrase is chosen.
inline constexpr size_t shortest_passphrase = 12;

/// 32 bytes. REQUIRES: `salt` has 16 bytes. Errors: corrupt (a cost that no Slipway writes: a file from somebody else
/// must not make us take all memory), quota (no memory for it).
Result<std::string> key_from_passphrase(const Secret& passphrase, const std::string& salt, const PassphraseCost& cost);
/// Errors: bad_input.
Result<void> check_passphrase(const Secret& passphrase);

/// Random bytes of the operating system, for salts and nonces.
std::string random_bytes(size_t count);
/// Overwrites the text when it leaves the scope.
struct WipedAtEnd {
  std::string& text;
  ~WipedAtEnd();
};

}  // namespace slipway
