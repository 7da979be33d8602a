#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"

struct evp_pkey_st;

namespace slipway::ssh {

/// The ed25519 key with which Slipway logs in, read once and used for every host. Immutable; any thread.
class LoginKey {
 public:
  /// `pem` in OpenSSH or PKCS#8 format, without a passphrase; `name` is how errors call it (its path).
  /// Errors: bad_input (another type of key, a passphrase, or no key at all).
  static Result<LoginKey> parse(const Secret& pem, const std::string& name);

  const std::string& blob() const { return blob_; }  ///< The public key's bytes.
  std::string public_line() const;                   ///< "ssh-ed25519 AAAA…"
  /// The 64 bytes of the signature; empty if the crypto library fails.
  std::string sign(std::string_view data) const;

 private:
  struct Free {
    void operator()(evp_pkey_st* key) const;
  };
  using Handle = std::unique_ptr<evp_pkey_st, Free>;

  LoginKey(Handle key, std::string blob) : key_(std::move(key)), blob_(std::move(blob)) {}
  static Result<Handle> read_openssh(const std::string& pem, const std::string& name);
  static Result<Handle> read_pkcs8(const std::string& pem, const std::string& name);

  Handle key_;
  std::string blob_;
};

}  // namespace slipway::ssh
