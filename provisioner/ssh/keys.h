#pragma once
// SSH keys that Slipway makes: login keys of its own and host keys that it gives to machines.

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"

namespace slipway {

struct SshKeyPair {
  Secret private_key_pem;  ///< ed25519, OpenSSH format, no passphrase; good as login key and as sshd's host key.
  std::string public_key;  ///< "ssh-ed25519 AAAA… comment", one line without its end.
};

/// A fresh key pair from the operating system's generator. Errors: internal. Any thread.
Result<SshKeyPair> generate_ssh_key(const std::string& comment);

/// "SHA256:…" as ssh-keygen -l prints it, of a public key line ("ssh-ed25519 AAAA… comment"); empty if it is not one.
std::string fingerprint(std::string_view public_key);
/// The same of the key's bytes, the part that the line holds in base64.
std::string fingerprint_of_blob(std::string_view blob);

/// The type and bytes inside a public key line; both empty if it is not one.
struct PublicKey {
  std::string type;  ///< "ssh-ed25519"
  std::string blob;
};
PublicKey parse_public_key(std::string_view line);

}  // namespace slipway
