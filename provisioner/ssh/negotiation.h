#pragma once
// What both sides of an SSH connection can speak, so that a failed greeting can be explained: libssh2 only says that
// it failed.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace slipway::ssh {

/// Algorithms by purpose, the preferred first.
struct Algorithms {
  std::vector<std::string> key_exchange;
  std::vector<std::string> host_key;
  std::vector<std::string> cipher;
  std::vector<std::string> mac;
};

/// What Slipway offers. libssh2 1.10 knows neither rsa-sha2 keys nor GCM, ChaCha20 and encrypt-then-MAC.
const Algorithms& our_algorithms();

/// What the other side offered, out of the first bytes it sent (its greeting line and its unencrypted KEXINIT, RFC
/// 4253 section 7.1); nothing if they do not hold all of it.
std::optional<Algorithms> offered_algorithms(std::string_view first_bytes);

/// The greeting line, e.g. "SSH-2.0-OpenSSH_9.2p1"; empty if none came yet.
std::string greeting_line(std::string_view first_bytes);

/// Why no connection came about although the host answered: names the purpose without a common algorithm, what the
/// host offered for it and what is needed. Nothing if there is one for each purpose.
std::optional<Error> explain_mismatch(const Algorithms& theirs);

}  // namespace slipway::ssh
