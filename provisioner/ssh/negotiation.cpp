#include "ssh/negotiation.h"

#include <algorithm>

#include "base/text.h"
#include "ssh/wire.h"

namespace slipway::ssh {

const Algorithms& our_algorithms() {
  static const Algorithms ours{
      .key_exchange = {"curve25519-sha256", "curve25519-sha256@libssh.org", "ecdh-sha2-nistp256", "ecdh-sha2-nistp384",
                       "ecdh-sha2-nistp521", "diffie-hellman-group16-sha512", "diffie-hellman-group14-sha256"},
      .host_key = {"ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"},
      .cipher = {"aes256-ctr", "aes192-ctr", "aes128-ctr"},
      .mac = {"hmac-sha2-256", "hmac-sha2-512"}};
  return ours;
}

std::string greeting_line(std::string_view first_bytes) {
  // A server may send other lines before its greeting.
  while (!first_bytes.empty()) {
    const size_t end = first_bytes.find('\n');
    const std::string_view line = trim(first_bytes.substr(0, end));
    if (line.starts_with("SSH-")) return end == std::string_view::npos ? std::string() : std::string(line);
    if (end == std::string_view::npos) break;
    first_bytes.remove_prefix(end + 1);
  }
  return {};
}

std::optional<Algorithms> offered_algorithms(std::string_view first_bytes) {
  const std::string line = greeting_line(first_bytes);
  if (line.empty()) return std::nullopt;
  first_bytes.remove_prefix(first_bytes.find('\n', first_bytes.find(line)) + 1);

  constexpr uint8_t kexinit = 20;
  WireReader packet(first_bytes);
  const auto size = packet.u32();
  if (!size || packet.rest().size() < *size) return std::nullopt;
  packet.u8();  // Length of the padding, which stands at the end.
  const auto type = packet.u8();
  const auto cookie = packet.raw(16);
  if (!type || *type != kexinit || !cookie) return std::nullopt;

  const auto list = [&packet]() { return packet.string(); };
  const auto key_exchange = list();
  const auto host_key = list();
  const auto cipher = list();  // Client to server; servers offer the same in both directions.
  list();
  const auto mac = list();
  if (!key_exchange || !host_key || !cipher || !mac) return std::nullopt;
  return Algorithms{split(*key_exchange, ','), split(*host_key, ','), split(*cipher, ','), split(*mac, ',')};
}

std::optional<Error> explain_mismatch(const Algorithms& theirs) {
  struct Purpose {
    const char* name;
    const char* option;  ///< Of sshd_config.
    const std::vector<std::string>& ours;
    const std::vector<std::string>& theirs;
  };
  const Algorithms& ours = our_algorithms();
  const Purpose purposes[] = {{"key exchange", "KexAlgorithms", ours.key_exchange, theirs.key_exchange},
                              {"host key", "HostKeyAlgorithms", ours.host_key, theirs.host_key},
                              {"cipher", "Ciphers", ours.cipher, theirs.cipher},
                              {"MAC", "MACs", ours.mac, theirs.mac}};
  for (const Purpose& purpose : purposes) {
    const bool common = std::any_of(purpose.theirs.begin(), purpose.theirs.end(), [&](const std::string& name) {
      return std::find(purpose.ours.begin(), purpose.ours.end(), name) != purpose.ours.end();
    });
    if (common) continue;
    const bool host_key = std::string_view(purpose.name) == "host key";
    return fail(ErrorKind::verification, std::string("no common ") + purpose.name + " algorithm",
                {.found = "the host offers " + join(purpose.theirs, ", "),
                 .expected = "one of " + join(purpose.ours, ", "),
                 .advice = host_key ? "on the host: ssh-keygen -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key, "
                                      "allow ssh-ed25519 in HostKeyAlgorithms of sshd_config, restart sshd"
                                    : std::string("add ") + purpose.ours.front() + " to " + purpose.option +
                                          " in the host's sshd_config and restart sshd"});
  }
  return std::nullopt;
}

}  // namespace slipway::ssh
