#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ssh/known_hosts.h"

namespace slipway::ssh {

/// Which host keys are accepted at one address, and where that is written. Immutable; any thread.
class HostTrust {
 public:
  /// Accepts the `pinned` keys ("ssh-ed25519 AAAA…" or "SHA256:…"); where there are none, what the known_hosts file
  /// says. A missing file is an empty one. Errors: bad_input (a pinned key that cannot be read), unauthorised (the
  /// file may not be read).
  static Result<HostTrust> from(const std::vector<std::string>& pinned, const std::string& known_hosts_path,
                                const std::string& address, uint16_t port);

  /// Host key algorithms to ask for, the types we hold a key of first.
  std::vector<std::string> algorithms() const;

  /// Errors: verification, with the found and the expected fingerprints.
  Result<void> verify(std::string_view blob) const;

 private:
  Error unknown_host(const std::string& found, std::string_view blob) const;
  Error wrong_key(const std::string& found) const;

  std::string address_;
  uint16_t port_ = 22;
  std::string known_hosts_path_;
  bool pinned_ = false;
  std::vector<PublicKey> keys_;
  std::vector<std::string> fingerprints_;
  std::vector<KnownKey> known_;
};

}  // namespace slipway::ssh
