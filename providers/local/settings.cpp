#include "providers/local/settings.h"

#include <array>
#include <cstdio>
#include <filesystem>

#include "base/digest.h"
#include "base/file.h"

namespace slipway::local {
namespace {

constexpr std::array releases = {"bookworm", "trixie"};

std::string known_releases() {
  std::string text;
  for (const char* release : releases) text += (text.empty() ? "" : " or ") + std::string(release);
  return text;
}

/// A folder that was moved keeps the names that its living hosts have.
std::string recorded_id(const std::string& network_file) {
  const Result<std::string> text = read_file(network_file);
  if (!text) return {};
  const Value record = Value::parse(*text, nullptr, false);
  const std::string id = text_at(record, "id");
  const bool good = id.size() == 6 && id.find_first_not_of("0123456789abcdef") == std::string::npos;
  return good ? id : std::string();
}

}  // namespace

std::string Settings::cable(Address address) const {
  char number[8];
  std::snprintf(number, sizeof number, "%x", (address.bits - subnet.base.bits) & 0xffff);
  return bridge() + "-" + number;
}

Result<Settings> settings_from(const Spec& spec, const LocalOptions& options) {
  Settings settings;
  settings.cluster = spec.name;
  std::error_code ignored;
  settings.directory = std::filesystem::weakly_canonical(options.data_directory, ignored).string();
  if (settings.directory.empty() || settings.directory.front() != '/')
    return fail(ErrorKind::bad_input, "unusable data folder for local hosts",
                {.found = options.data_directory, .expected = "a path that can be made"});
  const std::string subnet = text_at(spec.provider_settings, "subnet", "10.99.0.0/24");
  Result<Cidr> cidr = parse_cidr(subnet);
  if (!cidr) return std::move(cidr).error().while_doing("reading local.subnet");
  // The upper bound keeps a host's number within an interface name.
  if (cidr->prefix < 16 || cidr->prefix > 29)
    return fail(ErrorKind::bad_input, "local.subnet has an unusable size",
                {.found = subnet, .expected = "a prefix from /16 to /29", .where = spec.path});
  settings.subnet = *cidr;
  settings.release = text_at(spec.provider_settings, "release", releases.front());
  bool known = false;
  for (const char* release : releases) known = known || settings.release == release;
  if (!known)
    return fail(ErrorKind::bad_input, "unknown Debian release in local.release",
                {.found = settings.release, .expected = known_releases(), .where = spec.path});
  settings.mirror = text_at(spec.provider_settings, "mirror");
  settings.id = recorded_id(settings.network_file());
  if (settings.id.empty()) settings.id = sha256(settings.cluster + '\n' + settings.directory).substr(0, 6);
  return settings;
}

}  // namespace slipway::local
