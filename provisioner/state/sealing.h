#pragma once
#include <array>
#include <string>

#include "base/result.h"
#include "base/secret.h"
#include "state/file_layer.h"

namespace slipway {

/// Seals secrets with libsodium's secretbox (XSalsa20-Poly1305) under a key file: 32 random bytes in base64, 0600.
/// The name is sealed with the value, so that a sealed text put under another name does not open. Threads: any.
class Sealer {
 public:
  /// Reads the key. Errors: not_found, unauthorised (not a key, or not ours to read).
  static Result<Sealer> open(FileLayer& files, const std::string& key_file);
  /// Makes the key file and its folder, durable at return.
  static Result<Sealer> make(FileLayer& files, const std::string& key_file);
  Sealer(const Sealer&) = default;
  Sealer& operator=(const Sealer&) = default;
  ~Sealer();

  std::string seal(const std::string& name, const Secret& value) const;
  /// Errors: unauthorised (another key), corrupt (no sealed text).
  Result<Secret> unseal(const std::string& name, const std::string& sealed) const;

 private:
  Sealer() = default;
  std::array<unsigned char, 32> key_{};
  std::string key_file_;
};

/// The error for sealed secrets whose key is gone.
Error key_lost(const std::string& key_file, std::string found);

}  // namespace slipway
