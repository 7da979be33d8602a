#include "ssh/known_hosts.h"

#include <array>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/digest.h"
#include "base/text.h"

namespace slipway::ssh {
namespace {

/// "|1|salt|hash" hides the name behind HMAC-SHA1 with the salt as key.
bool hashed_name_is(std::string_view field, const std::string& name) {
  const std::vector<std::string> parts = split(field, '|');
  if (parts.size() != 4 || parts[1] != "1") return false;
  const Result<std::string> salt = base64_decode(parts[2]);
  const Result<std::string> hash = base64_decode(parts[3]);
  if (!salt || !hash) return false;
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (!HMAC(EVP_sha1(), salt->data(), static_cast<int>(salt->size()),
            reinterpret_cast<const unsigned char*>(name.data()), name.size(), digest.data(), &size))
    return false;
  return *hash == std::string_view(reinterpret_cast<const char*>(digest.data()), size);
}

bool names(std::string_view field, const std::string& name) {
  if (field.starts_with('|')) return hashed_name_is(field, name);
  bool found = false;
  for (const std::string& pattern : split(field, ',')) {
    if (pattern.starts_with('!')) {
      if (glob_match(pattern.substr(1), name)) return false;
    } else if (glob_match(pattern, name)) {
      found = true;
    }
  }
  return found;
}

std::vector<std::string> words(std::string_view line) {
  std::vector<std::string> found;
  for (const std::string& word : split(replace_all(trim(line), "\t", " "), ' '))
    if (!word.empty()) found.push_back(word);
  return found;
}

std::vector<KnownKey> keys_of(const std::string& text, const std::string& name) {
  std::vector<KnownKey> found;
  int number = 0;
  for (const std::string& line : split(text, '\n')) {
    ++number;
    std::vector<std::string> parts = words(line);
    if (parts.empty() || parts[0].starts_with('#')) continue;
    const bool revoked = parts[0] == "@revoked";
    if (parts[0].starts_with('@') && !revoked) continue;
    if (revoked) parts.erase(parts.begin());
    if (parts.size() < 3 || !names(parts[0], name)) continue;
    PublicKey key = parse_public_key(parts[1] + " " + parts[2]);
    if (!key.blob.empty()) found.push_back({std::move(key), revoked, number});
  }
  return found;
}

}  // namespace

std::string known_hosts_name(const std::string& address, uint16_t port) {
  return port == 22 ? address : "[" + address + "]:" + std::to_string(port);
}

std::vector<KnownKey> known_keys(const std::string& text, const std::string& address, uint16_t port) {
  std::vector<KnownKey> found = keys_of(text, known_hosts_name(address, port));
  if (found.empty() && port != 22) found = keys_of(text, address);
  return found;
}

}  // namespace slipway::ssh
