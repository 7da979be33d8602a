#include "spec/formats.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/text.h"
#include "spec/network.h"
#include "spec/quantity.h"

namespace slipway {
namespace {

using Checked = std::optional<Complaint>;

constexpr size_t longest_name = 40;
constexpr std::array<std::string_view, 3> minors{"1.35", "1.36", "1.37"};

bool lower_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }
bool letter_or_digit(char c) { return lower_or_digit(c) || (c >= 'A' && c <= 'Z'); }

bool label(std::string_view text, size_t longest) {
  return !text.empty() && text.size() <= longest && lower_or_digit(text.front()) && lower_or_digit(text.back()) &&
         std::all_of(text.begin(), text.end(), [](char c) { return lower_or_digit(c) || c == '-'; });
}

bool subdomain(std::string_view text) {
  const std::vector<std::string> parts = split(text, '.');
  return text.size() <= 253 &&
         std::all_of(parts.begin(), parts.end(), [](const auto& part) { return label(part, 63); });
}

/// The middle part of Kubernetes' names: letters, digits, '-', '_', '.', beginning and ending with a letter or digit.
bool qualified(std::string_view text) {
  return !text.empty() && text.size() <= 63 && letter_or_digit(text.front()) && letter_or_digit(text.back()) &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return letter_or_digit(c) || c == '-' || c == '_' || c == '.'; });
}

bool port(std::string_view text) {
  int value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  return read.ec == std::errc() && read.ptr == text.data() + text.size() && value >= 1 && value <= 65535;
}

bool host(std::string_view text) { return subdomain(text) || parse_address(text).ok(); }

Checked from(const Error& error) {
  // "Not an address" says no more than the checker's own words.
  const bool plain = error.summary.starts_with("not ");
  return Complaint{plain ? "" : error.summary, error.found, error.expected, error.advice};
}

std::string as_name(std::string_view text) {
  std::string name;
  for (const char c : text) {
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    if (lower_or_digit(lower))
      name += lower;
    else if (!name.empty() && name.back() != '-')
      name += '-';
  }
  name.resize(std::min(name.size(), longest_name));
  while (!name.empty() && name.back() == '-') name.pop_back();
  return name;
}

Checked check_text(std::string_view text) {
  if (text.find_first_of(std::string_view("\n\r\0", 3)) != std::string_view::npos)
    return Complaint{.message = "", .found = "text of several lines", .expected = "text of one line", .advice = ""};
  return std::nullopt;
}

Checked check_name(std::string_view text) {
  if (label(text, longest_name)) return std::nullopt;
  const std::string better = as_name(text);
  const std::string found =
      text.size() > longest_name ? std::to_string(text.size()) + " characters" : std::string(text);
  return Complaint{"bad name '" + std::string(text) + "'", found, "lower-case letters, digits and '-', at most 40",
                   better.empty() ? "" : "write '" + better + "'"};
}

Checked check_dns_name(std::string_view text) {
  if (subdomain(text)) return std::nullopt;
  return Complaint{"", std::string(text), "a DNS name in lower case such as api.demo.slipway.internal", ""};
}

Checked check_address(std::string_view text) {
  const Result<Address> address = parse_address(text);
  if (!address) return from(address.error());
  if (address->bits >> 24 == 0 || address->bits >> 28 >= 14)
    return Complaint{"no host can have this address", std::string(text), "an IPv4 address such as 10.99.0.10", ""};
  return std::nullopt;
}

Checked check_range(std::string_view text) {
  const Result<AddressRange> range = parse_range(text);
  return range ? std::nullopt : from(range.error());
}

Checked check_cidr(std::string_view text) {
  const Result<Cidr> cidr = parse_cidr(text);
  if (!cidr) return from(cidr.error());
  const uint32_t first = cidr->base.bits >> 24;
  if (first == 0 || first == 127 || first >= 224)
    return Complaint{"no host can have these addresses", std::string(text),
                     "a private IPv4 network such as 10.244.0.0/16", ""};
  return std::nullopt;
}

Checked check_version(std::string_view text) {
  const std::vector<std::string> parts = split(text.starts_with('v') ? text.substr(1) : text, '.');
  const auto number = [](const std::string& part) {
    return !part.empty() && part.size() <= 4 && part.find_first_not_of("0123456789") == std::string::npos;
  };
  const bool shaped = (parts.size() == 2 || parts.size() == 3) && std::all_of(parts.begin(), parts.end(), number);
  const std::string minor = shaped ? parts[0] + "." + parts[1] : "";
  if (shaped && std::find(minors.begin(), minors.end(), minor) == minors.end())
    return Complaint{"Kubernetes " + minor + " is not supported", std::string(text), supported_versions(), ""};
  if (!shaped || parts.size() != 3 || text.starts_with('v'))
    return Complaint{"", std::string(text), "a full version such as 1.36.4",
                     shaped && parts.size() == 3 ? "write " + minor + "." + parts[2] + " without the 'v'" : ""};
  return std::nullopt;
}

Checked check_size(std::string_view text) {
  const Result<uint64_t> bytes = parse_bytes(text);
  return bytes ? std::nullopt : from(bytes.error());
}

Checked check_path(std::string_view text) {
  if (Checked wrong = check_text(text)) return wrong;
  if (text.starts_with('~') && text.size() > 1 && text[1] != '/')
    return Complaint{"", std::string(text), "a path; '~/' is your own home folder", ""};
  return std::nullopt;
}

Checked check_user(std::string_view text) {
  // A leading '-' would be read as an option by programs that take the name as an argument.
  const auto allowed = [](char c) { return letter_or_digit(c) || c == '_' || c == '-' || c == '.'; };
  if (!text.empty() && text.size() <= 32 && text.front() != '-' && std::all_of(text.begin(), text.end(), allowed))
    return std::nullopt;
  return Complaint{"", std::string(text), "a login name such as root or debian", ""};
}

Checked check_jump(std::string_view text) {
  if (text.empty()) return std::nullopt;
  std::string_view rest = text;
  const size_t at = rest.find('@');
  const bool user_fits = at == std::string_view::npos || !check_user(rest.substr(0, at));
  if (at != std::string_view::npos) rest.remove_prefix(at + 1);
  const size_t colon = rest.find(':');
  const bool port_fits = colon == std::string_view::npos || port(rest.substr(colon + 1));
  if (user_fits && port_fits && host(rest.substr(0, colon))) return std::nullopt;
  return Complaint{"", std::string(text), "[user@]host[:port], such as admin@bastion.example.org:2222", ""};
}

Checked check_url(std::string_view text) {
  for (const std::string_view scheme : {"http://", "https://"})
    if (text.starts_with(scheme) && text.size() > scheme.size() &&
        text.find_first_of(" \t\r\n") == std::string_view::npos)
      return std::nullopt;
  return Complaint{"", std::string(text), "a URL that begins with https:// or http://", ""};
}

Checked check_registry(std::string_view text) {
  const size_t colon = text.find(':');
  const bool port_fits = colon == std::string_view::npos || port(text.substr(colon + 1));
  if (text == "_default" || (port_fits && host(text.substr(0, colon)))) return std::nullopt;
  return Complaint{"bad registry '" + std::string(text) + "'", std::string(text),
                   "the registry's host[:port] such as docker.io, or _default for every other", ""};
}

Checked check_fingerprint(std::string_view text) {
  const auto base64 = [](char c) { return letter_or_digit(c) || c == '+' || c == '/'; };
  constexpr std::string_view prefix = "SHA256:";
  if (text.empty()) return std::nullopt;
  if (text.starts_with(prefix)) {
    std::string_view digest = text.substr(prefix.size());
    if (digest.ends_with('=')) digest.remove_suffix(1);
    if (digest.size() == 43 && std::all_of(digest.begin(), digest.end(), base64)) return std::nullopt;
  }
  return Complaint{"", std::string(text), "SHA256: and 43 characters, as ssh-keygen -l prints it",
                   "on the host: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub"};
}

Checked check_label_key(std::string_view text) {
  const size_t slash = text.find('/');
  const std::string_view name = slash == std::string_view::npos ? text : text.substr(slash + 1);
  if (qualified(name) && (slash == std::string_view::npos || subdomain(text.substr(0, slash)))) return std::nullopt;
  return Complaint{"bad key '" + std::string(text) + "'", std::string(text),
                   "[domain/]name: letters, digits, '-', '_', '.'; the name at most 63 characters", ""};
}

Checked check_label_value(std::string_view text) {
  if (text.empty() || qualified(text)) return std::nullopt;
  return Complaint{"", std::string(text),
                   "letters, digits, '-', '_', '.', at most 63, beginning and ending with a letter or digit", ""};
}

Checked check_flag_name(std::string_view text) {
  const auto allowed = [](char c) { return lower_or_digit(c) || c == '-'; };
  if (label(text, 100)) return std::nullopt;
  std::string_view bare = text;
  while (bare.starts_with('-')) bare.remove_prefix(1);
  const bool dashes = bare.size() < text.size() && std::all_of(bare.begin(), bare.end(), allowed) && !bare.empty();
  return Complaint{"bad flag '" + std::string(text) + "'", std::string(text),
                   "the flag's name, such as audit-log-maxage",
                   dashes ? "write " + std::string(bare) + " without the dashes" : ""};
}

constexpr std::array<Format, 17> formats{{
    {Type::text, "text", "text", "", check_text},
    {Type::name, "name", "a name", "^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$", check_name},
    {Type::dns_name, "DNS name", "a DNS name", "^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$", check_dns_name},
    {Type::address, "IPv4 address", "an IPv4 address such as 10.99.0.10", "^([0-9]{1,3}\\.){3}[0-9]{1,3}$",
     check_address},
    {Type::range, "IPv4 range", "a range of IPv4 addresses such as 10.99.0.200-10.99.0.219",
     "^([0-9]{1,3}\\.){3}[0-9]{1,3}(-([0-9]{1,3}\\.){3}[0-9]{1,3}|/[0-9]{1,2})?$", check_range},
    {Type::cidr, "IPv4 network", "an IPv4 network such as 10.244.0.0/16", "^([0-9]{1,3}\\.){3}[0-9]{1,3}/[0-9]{1,2}$",
     check_cidr},
    {Type::version, "version", "a full version in quotes or with two dots, such as 1.36.4",
     "^1\\.(35|36|37)\\.[0-9]{1,4}$", check_version},
    {Type::size, "size", "a size with its unit, such as 2GiB",
     "^[0-9]{1,12}(\\.[0-9]{1,3})?(KiB|MiB|GiB|TiB|KB|MB|GB|TB|Ki|Mi|Gi|Ti|B)$", check_size},
    {Type::path, "path", "a path", "", check_path},
    {Type::user, "login name", "a login name such as root", "^[A-Za-z0-9_.][A-Za-z0-9_.-]{0,31}$", check_user},
    {Type::jump, "[user@]host[:port]", "[user@]host[:port]", "^([A-Za-z0-9_.-]+@)?[a-z0-9.-]+(:[0-9]{1,5})?$|^$",
     check_jump},
    {Type::url, "URL", "a URL", "^https?://[^\\s]+$", check_url},
    {Type::registry, "registry", "host[:port]", "^(_default|[a-z0-9.-]+(:[0-9]{1,5})?)$", check_registry},
    {Type::fingerprint, "fingerprint", "SHA256:…", "^(SHA256:[A-Za-z0-9+/]{43}=?)?$", check_fingerprint},
    {Type::label_key, "label key", "a Kubernetes label key",
     "^([a-z0-9]([a-z0-9.-]*[a-z0-9])?/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$", check_label_key},
    {Type::label_value, "label value", "text, as Kubernetes' labels and taints are",
     "^([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?$", check_label_value},
    {Type::flag_name, "flag name", "a flag's name", "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$", check_flag_name},
}};

}  // namespace

const Format* format_of(Type type) {
  const auto found =
      std::find_if(formats.begin(), formats.end(), [&](const Format& format) { return format.type == type; });
  return found == formats.end() ? nullptr : &*found;
}

std::string supported_versions() {
  return join({minors.begin(), minors.end() - 1}, ", ") + " or " + std::string(minors.back());
}

}  // namespace slipway
