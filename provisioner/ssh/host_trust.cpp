#include "ssh/host_trust.h"

#include <algorithm>

#include "base/digest.h"
#include "base/file.h"
#include "base/text.h"
#include "ssh/negotiation.h"
#include "ssh/wire.h"

namespace slipway::ssh {
namespace {

constexpr std::string_view how_to_read = "ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub";

std::string type_of(std::string_view blob) {
  const auto type = WireReader(blob).string();
  return std::string(type.value_or("unknown"));
}

}  // namespace

Result<HostTrust> HostTrust::from(const std::vector<std::string>& pinned, const std::string& known_hosts_path,
                                  const std::string& address, uint16_t port) {
  HostTrust trust;
  trust.address_ = address;
  trust.port_ = port;
  trust.known_hosts_path_ = known_hosts_path;
  trust.pinned_ = !pinned.empty();
  for (const std::string& text : pinned) {
    const std::string key(trim(text));
    if (key.starts_with("SHA256:")) {
      trust.fingerprints_.push_back(key.substr(0, key.find_last_not_of('=') + 1));
      continue;
    }
    PublicKey parsed = parse_public_key(key);
    if (parsed.blob.empty())
      return fail(ErrorKind::bad_input, "a host key cannot be read",
                  {.found = key,
                   .expected = "\"ssh-ed25519 AAAA…\" or \"SHA256:…\"",
                   .advice = "on the host: " + std::string(how_to_read),
                   .where = address});
    trust.keys_.push_back(std::move(parsed));
  }
  if (trust.pinned_ || known_hosts_path.empty()) return trust;

  const Result<std::string> text = read_file(known_hosts_path);
  if (text)
    trust.known_ = known_keys(*text, address, port);
  else if (text.error().kind != ErrorKind::not_found)
    return text.error().while_doing("reading the known_hosts file");
  return trust;
}

std::vector<std::string> HostTrust::algorithms() const {
  const auto known = [this](const std::string& type) {
    return std::any_of(keys_.begin(), keys_.end(), [&](const PublicKey& key) { return key.type == type; }) ||
           std::any_of(known_.begin(), known_.end(),
                       [&](const KnownKey& entry) { return !entry.revoked && entry.key.type == type; });
  };
  std::vector<std::string> ordered = our_algorithms().host_key;
  std::stable_partition(ordered.begin(), ordered.end(), known);
  return ordered;
}

Result<void> HostTrust::verify(std::string_view blob) const {
  const std::string found = fingerprint_of_blob(blob);
  const auto same = [&](const PublicKey& key) { return key.blob == blob; };
  if (pinned_) {
    const bool accepted = std::any_of(keys_.begin(), keys_.end(), same) ||
                          std::find(fingerprints_.begin(), fingerprints_.end(), found) != fingerprints_.end();
    return accepted ? Result<void>() : wrong_key(type_of(blob) + " " + found);
  }
  for (const KnownKey& entry : known_)
    if (entry.revoked && same(entry.key))
      return fail(ErrorKind::verification, "the host answers with a revoked key",
                  {.found = type_of(blob) + " " + found,
                   .expected = "a key that is not revoked",
                   .advice = "give the host a new key, then replace its line in " + known_hosts_path_,
                   .where = known_hosts_path_ + ":" + std::to_string(entry.line)});
  if (std::any_of(known_.begin(), known_.end(), [&](const KnownKey& entry) { return same(entry.key); })) return {};
  if (std::all_of(known_.begin(), known_.end(), [](const KnownKey& entry) { return entry.revoked; }))
    return unknown_host(found, blob);
  return wrong_key(type_of(blob) + " " + found);
}

Error HostTrust::unknown_host(const std::string& found, std::string_view blob) const {
  const std::string line = known_hosts_name(address_, port_) + " " + type_of(blob) + " " + base64_encode(blob);
  return fail(
      ErrorKind::verification, "the host is not known",
      {.found = type_of(blob) + " " + found,
       .expected = known_hosts_path_.empty() ? "a fingerprint in the spec"
                                             : "a fingerprint in the spec, or a line for " +
                                                   known_hosts_name(address_, port_) + " in " + known_hosts_path_,
       .advice = "compare it with what the host itself says (" + std::string(how_to_read) +
                 "); if it is the same, set " + "fingerprint: \"" + found + "\" for the host in the spec" +
                 (known_hosts_path_.empty() ? "" : ", or add this line to " + known_hosts_path_ + ": " + line),
       .where = known_hosts_name(address_, port_)});
}

Error HostTrust::wrong_key(const std::string& found) const {
  std::vector<std::string> expected = fingerprints_;
  for (const PublicKey& key : keys_) expected.push_back(key.type + " " + fingerprint_of_blob(key.blob));
  std::string lines;
  for (const KnownKey& entry : known_) {
    if (entry.revoked) continue;
    expected.push_back(entry.key.type + " " + fingerprint_of_blob(entry.key.blob));
    lines += (lines.empty() ? "" : ", ") + known_hosts_path_ + ":" + std::to_string(entry.line);
  }
  const std::string place = pinned_ ? "the host's fingerprint in the spec" : "the line at " + lines;
  return fail(ErrorKind::verification, "the host key is not the expected one",
              {.found = found,
               .expected = join(expected, " or "),
               .advice = "another machine may be answering at this address. Only if the host was made again: read its "
                         "fingerprint on its console (" +
                         std::string(how_to_read) + ") and change " + place,
               .where = known_hosts_name(address_, port_)});
}

}  // namespace slipway::ssh
