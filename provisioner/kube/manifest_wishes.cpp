#include "kube/manifest_wishes.h"

#include <algorithm>
#include <filesystem>

#include "base/quantity.h"
#include "base/text.h"
#include "spec/network.h"

namespace slipway {
namespace {

Error fault(const std::string& where, std::string summary, const Value& found, std::string expected) {
  return fail(ErrorKind::bad_input, std::move(summary),
              {.found = found.is_null() ? "" : found.dump(), .expected = std::move(expected), .where = where});
}

/// The value is a map of known keys only.
Result<void> check_map(const std::string& where, const Value& value, const std::vector<std::string>& known) {
  if (!value.is_object()) return fault(where, "not a map", value, "a map of " + join(known, ", "));
  for (const auto& [key, ignored] : value.items())
    if (std::find(known.begin(), known.end(), key) == known.end())
      return fault(where, "unknown key '" + key + "'", Value(), join(known, ", "));
  return {};
}

Result<std::vector<std::string>> texts(const std::string& where, const Value& list) {
  std::vector<std::string> found;
  if (list.is_null()) return found;
  if (!list.is_array()) return fault(where, "not a list", list, "a list of texts");
  for (const Value& item : list) {
    if (!item.is_string()) return fault(where, "not text", item, "text");
    // A name that a setting leaves empty is none.
    if (!item.get<std::string>().empty()) found.push_back(item);
  }
  return found;
}

bool is_owner(const std::string& text) {
  const size_t colon = text.find(':');
  const auto number = [](const std::string& part) {
    return !part.empty() && part.size() < 8 && part.find_first_not_of("0123456789") == std::string::npos;
  };
  return colon != std::string::npos && number(text.substr(0, colon)) && number(text.substr(colon + 1));
}

Result<SecretWish> secret_wish(const std::string& where, const std::string& name, const Value& value) {
  SecretWish wish{.name = name, .bcrypt = {}, .basic = {}, .user = {}};
  if (value.is_null()) return wish;
  if (Result<void> checked = check_map(where, value, {"length", "bcrypt", "basic"}); !checked)
    return std::move(checked).error();
  if (value.contains("length")) {
    if (!value["length"].is_number_integer() || value["length"] < 12 || value["length"] > 128)
      return fault(where, "length of a secret", value["length"], "12 to 128");
    wish.length = value["length"];
  }
  wish.bcrypt = text_at(value, "bcrypt");
  if (value.contains("basic")) {
    wish.basic = text_at(value["basic"], "password");
    wish.user = text_at(value["basic"], "user");
    if (wish.basic.empty() || wish.user.empty())
      return fault(where, "not a login", value["basic"], "basic: {user: NAME, password: NAME-OF-A-SECRET}");
  }
  return wish;
}

}  // namespace

Result<std::vector<SecretWish>> secret_wishes(const Value& section) {
  std::vector<SecretWish> random, derived;
  if (section.is_null()) return random;
  if (!section.is_object()) return fault("/secrets", "not a map", section, "NAME: {length: 24}");
  for (const auto& [name, value] : section.items()) {
    Result<SecretWish> wish = secret_wish("/secrets/" + name, name, value);
    if (!wish) return std::move(wish).error();
    (wish->bcrypt.empty() && wish->basic.empty() ? random : derived).push_back(std::move(*wish));
  }
  for (SecretWish& wish : derived) {
    const std::string& source = wish.bcrypt.empty() ? wish.basic : wish.bcrypt;
    if (std::none_of(random.begin(), random.end(), [&](const SecretWish& other) { return other.name == source; }))
      return fault("/secrets/" + wish.name, "a secret follows from one that is not there", Value(source),
                   "a random secret of this add-on");
  }
  random.insert(random.end(), derived.begin(), derived.end());
  return random;
}

Result<std::vector<CertificateWish>> certificate_wishes(const Value& section) {
  std::vector<CertificateWish> wishes;
  if (section.is_null()) return wishes;
  if (!section.is_object()) return fault("/certificates", "not a map", section, "NAME: {names: […], addresses: […]}");
  for (const auto& [name, value] : section.items()) {
    const std::string where = "/certificates/" + name;
    if (Result<void> checked = check_map(where, value, {"names", "addresses"}); !checked)
      return std::move(checked).error();
    Result<std::vector<std::string>> names = texts(where, value.value("names", Value()));
    if (!names) return std::move(names).error();
    Result<std::vector<std::string>> addresses = texts(where, value.value("addresses", Value()));
    if (!addresses) return std::move(addresses).error();
    if (names->empty()) return fault(where, "a certificate for nobody", value, "names: [DNS names]");
    for (const std::string& address : *addresses)
      if (!parse_address(address)) return fault(where, "not an address", Value(address), "an IPv4 address");
    wishes.push_back({name, std::move(*names), std::move(*addresses)});
  }
  return wishes;
}

Result<std::vector<VolumeWish>> volume_wishes(const Value& section) {
  std::vector<VolumeWish> wishes;
  if (section.is_null()) return wishes;
  if (!section.is_array()) return fault("/volumes", "not a list", section, "- {name, size, claim: NAMESPACE/NAME}");
  for (size_t i = 0; i < section.size(); ++i) {
    const std::string where = "/volumes/" + std::to_string(i);
    const Value& value = section[i];
    if (Result<void> checked = check_map(where, value, {"name", "size", "claim", "owner", "mode", "apart"}); !checked)
      return std::move(checked).error();
    const std::string claim = text_at(value, "claim");
    const size_t slash = claim.find('/');
    VolumeWish wish{.name = text_at(value, "name"),
                    .size = text_at(value, "size"),
                    .name_space = claim.substr(0, slash),
                    .claim = slash == std::string::npos ? "" : claim.substr(slash + 1),
                    .owner = text_at(value, "owner", "0:0"),
                    .mode = text_at(value, "mode", "0700"),
                    .apart = text_at(value, "apart")};
    if (wish.name.empty() || wish.claim.empty() || wish.name_space.empty())
      return fault(where, "not a volume", value, "{name, size, claim: NAMESPACE/NAME}");
    if (!parse_quantity(wish.size)) return fault(where, "not a size", Value(wish.size), "a size such as 2Gi");
    if (!is_owner(wish.owner)) return fault(where, "not an owner", Value(wish.owner), "UID:GID in numbers, in quotes");
    if (wish.mode.size() != 4 || wish.mode.find_first_not_of("01234567") != std::string::npos)
      return fault(where, "not a mode", Value(wish.mode), "four octal digits such as 0700");
    wishes.push_back(std::move(wish));
  }
  return wishes;
}

Result<std::vector<FactWish>> fact_wishes(const Value& section) {
  std::vector<FactWish> wishes;
  if (section.is_null()) return wishes;
  if (!section.is_object()) return fault("/facts", "not a map", section, "NAME: {first: TEXT}");
  for (const auto& [name, value] : section.items()) {
    const std::string where = "/facts/" + name;
    if (Result<void> checked = check_map(where, value, {"first", "below", "turn"}); !checked)
      return std::move(checked).error();
    FactWish wish{.name = name,
                  .first = text_at(value, "first"),
                  .below = text_at(value, "below"),
                  .turn = text_at(value, "turn")};
    if (wish.first.empty()) return fault(where, "a fact without its first value", value, "first: TEXT, in quotes");
    wishes.push_back(std::move(wish));
  }
  return wishes;
}

Result<std::vector<Part>> parts_from(const Value& section) {
  std::vector<Part> parts;
  if (section.is_null()) return parts;
  if (!section.is_array()) return fault("/parts", "not a list", section, "- {file: NAME.yaml, with: ADD-ON}");
  for (size_t i = 0; i < section.size(); ++i) {
    const std::string where = "/parts/" + std::to_string(i);
    if (Result<void> checked = check_map(where, section[i], {"file", "with"}); !checked)
      return std::move(checked).error();
    Part part{.name = {}, .file = text_at(section[i], "file"), .with = text_at(section[i], "with")};
    if (part.file.empty() || part.file.find('/') != std::string::npos)
      return fault(where, "not a file of the add-on's folder", section[i], "file: NAME.yaml");
    part.name = std::filesystem::path(part.file).stem().string();
    if (!part.with.empty()) part.name = "with-" + part.with;
    if (std::any_of(parts.begin(), parts.end(), [&](const Part& other) { return other.name == part.name; }))
      return fault(where, "two parts of one name", Value(part.name), "one file for each add-on");
    parts.push_back(std::move(part));
  }
  return parts;
}

Result<std::vector<std::string>> object_artifacts(const Value& section) {
  std::vector<std::string> names;
  if (section.is_null()) return names;
  if (!section.is_array()) return fault("/objects", "not a list", section, "- artifact: NAME");
  for (size_t i = 0; i < section.size(); ++i) {
    const std::string name = text_at(section[i], "artifact");
    if (name.empty() || section[i].size() != 1)
      return fault("/objects/" + std::to_string(i), "not objects of an artifact", section[i], "artifact: NAME");
    names.push_back(name);
  }
  return names;
}

}  // namespace slipway
