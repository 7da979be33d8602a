#include "cluster/gifts.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "base/digest.h"
#include "base/file.h"
#include "base/password.h"
#include "base/text.h"

namespace slipway {
namespace {

const std::string volume_prefix = "volume/";

/// A leaf with less than this left is made again: a twelfth of its year.
constexpr Seconds renew_before{30 * 24 * 3600};

/// "volume/postgres/data-0" -> "postgres"
std::string add_on_of(const std::string& fact) {
  const std::string rest = fact.substr(volume_prefix.size());
  return rest.substr(0, rest.find('/'));
}

}  // namespace

GiftMaker::GiftMaker(StateStore& store, const Membership& membership, const CertificateKeyPair& authority, bool record)
    : store_(store), membership_(membership), authority_(authority), record_(record), state_(store.snapshot()) {
  for (const auto& [fact, value] : state_.facts.items()) {
    if (!fact.starts_with(volume_prefix) || !value.is_string()) continue;
    ++load_[value.get<std::string>()];
    ++by_add_on_[add_on_of(fact)][value.get<std::string>()];
  }
}

Result<void> GiftMaker::keep_fact(const std::string& name, Value value) {
  if (!record_) return {};
  return store_.set_fact(name, value);
}

Result<std::map<std::string, std::string>> GiftMaker::addresses(const Spec& spec, const std::string& add_on,
                                                                const std::vector<std::string>& names) {
  std::map<std::string, std::string> given;
  for (const std::string& name : names) {
    if (!spec.network.load_balancers)
      return fail(ErrorKind::bad_input, "the add-on " + add_on + " needs a fixed address",
                  {.expected = "network.load_balancers: FIRST-LAST",
                   .advice = "add a range of free addresses of the machines' network",
                   .where = spec.path});
    const AddressRange& range = *spec.network.load_balancers;
    const std::string key = "load-balancer/" + name;
    if (const auto found = state_.addresses.find(key); found != state_.addresses.end())
      if (Result<Address> address = parse_address(found->second); address && range.contains(*address)) {
        given[name] = found->second;
        continue;
      }
    std::set<std::string> taken;
    for (const auto& [other, address] : state_.addresses)
      if (other != key) taken.insert(address);
    Address next = range.first;
    while (next <= range.last && taken.contains(to_string(next))) ++next.bits;
    if (next > range.last)
      return fail(ErrorKind::bad_input, "network.load_balancers has no address left",
                  {.found = to_string(range), .advice = "a larger range", .where = spec.path});
    given[name] = state_.addresses[key] = to_string(next);
    if (record_)
      if (Result<void> kept = store_.set_address(key, given[name]); !kept) return std::move(kept).error();
  }
  return given;
}

Result<AddOnGifts> GiftMaker::gifts(const AddOn& add_on) {
  const std::string prefix = "addon/" + add_on.name + "/";
  AddOnGifts made;
  for (const SecretWish& wish : add_on.secrets) {
    Result<Secret> found = secret(prefix + wish.name, wish, made);
    if (!found) return std::move(found).error().while_doing("making the secret " + wish.name + " of " + add_on.name);
    made.secrets.emplace(wish.name, std::move(*found));
  }
  for (const CertificateWish& wish : add_on.certificates) {
    Result<CertificateKeyPair> found = certificate(prefix + "certificate/" + wish.name, wish);
    if (!found) return std::move(found).error().while_doing("making a certificate of " + add_on.name);
    made.certificates.emplace(wish.name, std::move(*found));
  }
  for (const FactWish& wish : add_on.facts) {
    Result<std::string> found = fact(add_on, wish);
    if (!found) return std::move(found).error();
    made.facts.emplace(wish.name, std::move(*found));
  }
  for (const VolumeWish& wish : add_on.volumes) {
    const auto other = made.volumes.find(wish.apart);
    Result<MachineName> found = machine(volume_prefix + add_on.name + "/" + wish.name, add_on.name,
                                        other == made.volumes.end() ? MachineName() : other->second);
    if (!found) return std::move(found).error().while_doing("choosing a machine for a volume of " + add_on.name);
    made.volumes.emplace(wish.name, std::move(*found));
  }
  return made;
}

Result<std::string> GiftMaker::fact(const AddOn& add_on, const FactWish& wish) const {
  const std::string now = text_at(state_.facts, add_on_fact(add_on.name, wish.name).c_str(), wish.first);
  const Value limit = add_on.values.value(wish.below, Value());
  if (!limit.is_number_integer() || std::atoi(now.c_str()) < limit.get<int>()) return now;
  return fail(ErrorKind::bad_input, "addons." + add_on.name + "." + wish.below + " is too small",
              {.found = limit.dump() + ", while " + wish.name + " is number " + now + ", counted from 0",
               .expected = "more than " + now,
               .advice = wish.turn});
}

Result<Secret> GiftMaker::secret(const std::string& key, const SecretWish& wish, const AddOnGifts& made) {
  if (!wish.basic.empty()) return Secret(base64_encode(wish.user + ":" + made.secrets.at(wish.basic).reveal()));
  Result<Secret> kept = store_.secret(key);
  if (kept || kept.error().kind != ErrorKind::not_found) return kept;
  Result<Secret> fresh =
      wish.bcrypt.empty() ? Result<Secret>(random_password(wish.length)) : bcrypt_hash(made.secrets.at(wish.bcrypt));
  if (fresh && record_)
    if (Result<void> sealed = store_.set_secret(key, *fresh); !sealed) return std::move(sealed).error();
  return fresh;
}

Result<Secret> GiftMaker::given(const std::string& add_on, const GivenSecret& wish, const std::string& folder) {
  const std::string key = "addon/" + add_on + "/given/" + wish.name;
  const std::string path = (std::filesystem::path(folder) / wish.file).string();
  std::string now;
  if (!wish.file.empty()) {
    Result<std::string> text = read_file(path);
    if (text) now = trim(*text);
    if (!text && text.error().kind != ErrorKind::not_found) return std::move(text).error();
  } else if (const char* value = std::getenv(wish.environment.c_str())) {
    now = trim(value);
  }
  Result<Secret> kept = store_.secret(key);
  if (!kept && kept.error().kind != ErrorKind::not_found) return kept;
  if (now.empty() && !kept)
    return fail(
        ErrorKind::bad_input, "a secret is missing",
        {.found = wish.file.empty() ? "the variable " + wish.environment + " is not set" : "there is no file " + path,
         .expected = "the secret for addons." + add_on + "." + replace_all(wish.name, "/", "."),
         .advice = "set it for this run; later runs take it out of the sealed state"});
  if (now.empty()) return kept;
  Secret fresh(now);
  if (record_ && (!kept || !(*kept == fresh)))
    if (Result<void> sealed = store_.set_secret(key, fresh); !sealed) return std::move(sealed).error();
  return fresh;
}

Result<CertificateKeyPair> GiftMaker::certificate(const std::string& key, const CertificateWish& wish) {
  const std::string fact = "public/" + key;
  // What it was made for: other names, or another authority, want another certificate.
  const std::string purpose = sha256(Value({wish.names, wish.addresses, authority_.certificate_pem}).dump());
  Result<Secret> kept = store_.secret(key);
  if (!kept && kept.error().kind != ErrorKind::not_found) return std::move(kept).error();
  const Value open = state_.facts.value(fact, Value());
  if (kept && text_at(open, "for") == purpose) {
    const std::string pem = text_at(open, "certificate");
    const Result<WallTime> end = not_after(pem);
    if (end && *end - std::chrono::system_clock::now() > renew_before) return CertificateKeyPair{pem, *kept};
  }
  Result<CertificateKeyPair> fresh = issue(authority_, {.common_name = wish.names.front(),
                                                        .dns_names = wish.names,
                                                        .addresses = wish.addresses,
                                                        .client = true,
                                                        .server = true});
  if (!fresh || !record_) return fresh;
  // The public half last: a pair counts as whole once it names what the key was made for.
  if (Result<void> sealed = store_.set_secret(key, fresh->key_pem); !sealed) return std::move(sealed).error();
  if (Result<void> written = keep_fact(fact, {{"certificate", fresh->certificate_pem}, {"for", purpose}}); !written)
    return std::move(written).error();
  return fresh;
}

/// The worker other than `apart` with the fewest volumes of this add-on, then of all, then the first.
Result<MachineName> GiftMaker::machine(const std::string& key, const std::string& add_on, const MachineName& apart) {
  if (const std::string kept = text_at(state_.facts, key.c_str()); !kept.empty())
    if (membership_.find(MachineName(kept))) return MachineName(kept);
  const Member* best = nullptr;
  const auto better = [&](const Member& one, const Member& other) {
    const auto rank = [&](const Member& member) {
      return std::tuple(member.pool->role != Role::worker, member.name == apart, by_add_on_[add_on][member.name.text()],
                        load_[member.name.text()]);
    };
    return rank(one) < rank(other);
  };
  for (const Member& member : membership_.members)
    if (!best || better(member, *best)) best = &member;
  if (!best) return fail(ErrorKind::bad_input, "no machine for a volume", {.expected = "a pool with a machine"});
  ++load_[best->name.text()];
  ++by_add_on_[add_on][best->name.text()];
  if (Result<void> written = keep_fact(key, best->name.text()); !written) return std::move(written).error();
  return best->name;
}

}  // namespace slipway
