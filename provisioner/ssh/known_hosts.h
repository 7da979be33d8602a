#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "ssh/keys.h"

namespace slipway::ssh {

/// What a known_hosts file says of one address.
struct KnownKey {
  PublicKey key;
  bool revoked = false;
  int line = 0;
};

/// How a known_hosts file names the address: "10.0.0.5", or "[10.0.0.5]:2222" where the port is not 22.
std::string known_hosts_name(const std::string& address, uint16_t port);

/// The keys of the address in the text of a known_hosts file: plain, hashed, wildcard and negated names, and @revoked
/// lines. Lines of certificate authorities and lines that cannot be read are passed over, as ssh does.
std::vector<KnownKey> known_keys(const std::string& text, const std::string& address, uint16_t port);

}  // namespace slipway::ssh
