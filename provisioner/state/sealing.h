#pragma once
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "state/file_layer.h"

namespace slipway {

/// Asks for the passphrase of what is named, e.g. "the key file /…/ab12.key". Errors: unauthorised (nobody can be
/// asked).
using AskPassphrase = std::function<Result<Secret>(const std::string& what)>;

/// Seals secrets with libsodium's secretbox (XSalsa20-Poly1305) under a key file: 32 random bytes in base64, 0600.
/// The name is sealed with the value, so that a sealed text put under another name does not open. Threads: any.
///
/// A key file may hold several keys, one a line: the first seals, every one opens. There is more than one only while
/// the secrets are sealed anew. Where it is protected by a passphrase, its one line is
///   slipway-key argon2id OPERATIONS MEMORY SALT BOX
/// and the box holds those lines.
class Sealer {
 public:
  /// Reads the keys. `ask` is called where the file is protected. Errors: not_found, unauthorised (not a key, not ours
  /// to read, or a wrong passphrase).
  static Result<Sealer> open(FileLayer& files, const std::string& key_file, const AskPassphrase& ask = {});
  /// Makes the key file and its folder, durable at return.
  static Result<Sealer> make(FileLayer& files, const std::string& key_file);
  Sealer(const Sealer&) = default;
  Sealer& operator=(const Sealer&) = default;
  ~Sealer();

  /// The same with a fresh key in front of the others.
  Sealer with_fresh_key() const;
  /// The same with its first key only.
  Sealer with_first_key_only() const;
  /// Replaces the key file, durable at return; protected where `passphrase` is not empty.
  Result<void> save(FileLayer& files, const Secret& passphrase) const;

  std::string seal(const std::string& name, const Secret& value) const;
  /// Errors: unauthorised (another key), corrupt (no sealed text).
  Result<Secret> unseal(const std::string& name, const std::string& sealed) const;

 private:
  Sealer() = default;
  std::string lines() const;
  Result<void> read_lines(const std::string& text);
  std::vector<std::string> keys_;  ///< 32 bytes each; the first seals. Never empty.
  std::string key_file_;
};

/// Whether the text of a key file asks for a passphrase.
bool key_is_protected(const std::string& key_file_text);

/// The error for sealed secrets whose key is gone.
Error key_lost(const std::string& key_file, std::string found);

}  // namespace slipway
