#include "cluster/encryption.h"

#include <algorithm>
#include <functional>

#include "base/digest.h"
#include "base/ids.h"
#include "base/text.h"
#include "cluster/chapters.h"

namespace slipway {
namespace {

constexpr const char* fact_name = "encryption";
constexpr const char* no_key = "identity";
constexpr const char* stage_line = "# Slipway keeps this file. The change of its key is: ";
const std::vector<std::pair<EncryptionStage, std::string>> stage_names = {{EncryptionStage::settled, "settled"},
                                                                          {EncryptionStage::readable, "readable"},
                                                                          {EncryptionStage::written, "written"}};

std::string secret_name(const std::string& key) { return "encryption/" + key; }

std::string name_of(EncryptionStage stage) {
  for (const auto& [known, name] : stage_names)
    if (known == stage) return name;
  return {};
}

/// What the fact holds: {"stage", "key", "old", "former": [names]}.
Result<Encryption> read_fact(const Value& fact) {
  Encryption found;
  const std::string stage = text_at(fact, "stage");
  const auto known = std::find_if(stage_names.begin(), stage_names.end(),
                                  [&](const auto& candidate) { return candidate.second == stage; });
  found.key = text_at(fact, "key");
  found.old_key = text_at(fact, "old");
  if (known == stage_names.end() || found.key.empty() ||
      (known->first != EncryptionStage::settled) != !found.old_key.empty())
    return fail(ErrorKind::corrupt, "the state does not say how secrets are encrypted",
                {.found = fact.dump(), .advice = "restore STATE.json.1, or an export"});
  found.stage = known->first;
  for (const Value& name : fact.value("former", Value::array()))
    if (name.is_string()) found.known.push_back(name.get<std::string>());
  if (!found.old_key.empty()) found.known.push_back(found.old_key);
  found.known.push_back(found.key);
  return found;
}

Value fact_of(const Encryption& encryption) {
  Value former = Value::array();
  for (const std::string& name : encryption.known)
    if (name != encryption.key && name != encryption.old_key) former.push_back(name);
  return {{"stage", name_of(encryption.stage)},
          {"key", encryption.key},
          {"old", encryption.old_key},
          {"former", std::move(former)}};
}

/// 32 random bytes, as the API server wants them for secretbox.
Secret new_key() {
  const std::string hex = random_hex(32);
  std::string bytes;
  for (size_t at = 0; at < hex.size(); at += 2) bytes += static_cast<char>(std::stoi(hex.substr(at, 2), nullptr, 16));
  return Secret(base64_encode(bytes));
}

Result<Value> provider_of(const std::string& key, const std::function<Result<Secret>(const std::string&)>& secret_of) {
  if (key == no_key) return Value{{"identity", Value::object()}};
  Result<Secret> secret = secret_of(key);
  if (!secret) return std::move(secret).error().while_doing("reading an encryption key from the state");
  return Value{{"secretbox", {{"keys", Value::array({{{"name", key}, {"secret", secret->reveal()}}})}}}};
}

/// The file, on two lines: the lines of a secret are struck out of every text, so none may be an ordinary one. YAML
/// takes JSON.
Result<Secret> configuration_of(const Encryption& encryption,
                                const std::function<Result<Secret>(const std::string&)>& secret_of) {
  std::vector<std::string> order = {encryption.key};
  if (!encryption.old_key.empty())
    order.insert(encryption.stage == EncryptionStage::readable ? order.begin() : order.end(), encryption.old_key);
  Value providers = Value::array();
  for (const std::string& key : order) {
    Result<Value> provider = provider_of(key, secret_of);
    if (!provider) return std::move(provider).error();
    providers.push_back(std::move(*provider));
  }
  const Value document = {
      {"apiVersion", "apiserver.config.k8s.io/v1"},
      {"kind", "EncryptionConfiguration"},
      {"resources", Value::array({{{"resources", Value::array({"secrets"})}, {"providers", std::move(providers)}}})}};
  return Secret(stage_line + name_of(encryption.stage) + "\n" + document.dump() + "\n");
}

struct Key {
  std::string name;
  Secret secret;  ///< Empty for no_key.
};

/// What stands in a control plane's file.
struct Written {
  EncryptionStage stage = EncryptionStage::settled;
  std::vector<Key> keys;  ///< One or two, the one that writes first.
};

Error not_ours() {
  return fail(ErrorKind::corrupt, "the control plane's encryption of secrets cannot be taken over",
              {.found = "not as Slipway writes it", .where = "/etc/kubernetes/slipway/encryption.yaml"});
}

Result<Written> parse_configuration(const std::string& text) {
  const size_t end = text.find('\n');
  if (!text.starts_with(stage_line) || end == std::string::npos) return not_ours();
  const size_t stage_at = std::string_view(stage_line).size();
  const auto stage = std::find_if(stage_names.begin(), stage_names.end(), [&](const auto& candidate) {
    return candidate.second == text.substr(stage_at, end - stage_at);
  });
  const Value document = Value::parse(text.substr(end), nullptr, false);
  if (stage == stage_names.end() || !document.is_object() || !document.contains("resources") ||
      !document["resources"].is_array() || document["resources"].empty())
    return not_ours();
  Written written{.stage = stage->first, .keys = {}};
  for (const Value& provider : document["resources"].front().value("providers", Value::array())) {
    if (!provider.is_object()) return not_ours();
    if (provider.contains("identity")) {
      written.keys.push_back({no_key, Secret()});
      continue;
    }
    const Value keys = provider.value("secretbox", Value::object()).value("keys", Value::array());
    if (keys.size() != 1 || text_at(keys.front(), "name").empty() || text_at(keys.front(), "secret").empty())
      return not_ours();
    written.keys.push_back({text_at(keys.front(), "name"), Secret(text_at(keys.front(), "secret"))});
  }
  if (written.keys.empty() || written.keys.size() > 2) return not_ours();
  return written;
}

std::string fresh_name() { return "key-" + random_hex(4); }

Result<Encryption> current(StateStore& store) { return read_fact(store.fact(fact_name)); }

}  // namespace

Result<Encryption> load_or_make_encryption(StateStore& store, bool record) {
  const State state = store.snapshot();
  if (state.facts.contains(fact_name)) {
    Result<Encryption> found = read_fact(state.facts.at(fact_name));
    if (!found) return found;
    Result<Secret> configuration =
        configuration_of(*found, [&](const std::string& key) { return store.secret(secret_name(key)); });
    if (!configuration) return std::move(configuration).error();
    found->configuration = std::move(*configuration);
    return found;
  }
  Encryption made;
  made.key = fresh_name();
  made.known = {made.key};
  if (was_initialised(state)) {
    made.stage = EncryptionStage::readable;
    made.old_key = no_key;
  }
  const Secret key = new_key();
  Result<Secret> configuration = configuration_of(made, [&](const std::string&) -> Result<Secret> { return key; });
  if (!configuration) return std::move(configuration).error();
  made.configuration = std::move(*configuration);
  if (!record) return made;
  // The fact last: a key counts as there once it names it.
  if (Result<void> sealed = store.set_secret(secret_name(made.key), key); !sealed) return std::move(sealed).error();
  if (Result<void> kept = store.set_fact(fact_name, fact_of(made)); !kept) return std::move(kept).error();
  return made;
}

Result<void> begin_key_change(StateStore& store) {
  Result<Encryption> now = current(store);
  if (!now) return std::move(now).error();
  now->old_key = now->key;
  now->key = fresh_name();
  now->known.push_back(now->key);
  now->stage = EncryptionStage::readable;
  if (Result<void> sealed = store.set_secret(secret_name(now->key), new_key()); !sealed) return sealed;
  return store.set_fact(fact_name, fact_of(*now));
}

Result<void> advance_key_change(StateStore& store) {
  Result<Encryption> now = current(store);
  if (!now) return std::move(now).error();
  if (now->stage == EncryptionStage::readable) {
    now->stage = EncryptionStage::written;
  } else {
    now->stage = EncryptionStage::settled;
    // Its secret stays sealed: a backup of etcd from before needs it.
    if (now->old_key == no_key) std::erase(now->known, no_key);
    now->old_key.clear();
  }
  return store.set_fact(fact_name, fact_of(*now));
}

bool key_change_under_way(const State& state) {
  const auto fact = state.facts.find(fact_name);
  return fact != state.facts.end() && text_at(*fact, "stage") != "settled";
}

Result<bool> begin_key_return(StateStore& store, const Secret& configuration) {
  Result<Encryption> now = current(store);
  if (!now) return std::move(now).error();
  std::vector<Key> needed = {{no_key, Secret()}};
  if (!configuration.empty()) {
    Result<Written> written = parse_configuration(configuration.reveal());
    if (!written) return std::move(written).error().while_doing("reading the encryption key of a backup");
    needed = std::move(written->keys);
    // The second of that stage has written nothing yet.
    if (written->stage == EncryptionStage::readable) needed.resize(1);
  }
  std::erase_if(needed, [&](const Key& key) { return key.name == now->key; });
  if (needed.size() > 1)
    return fail(ErrorKind::world_changed, "the backup is out of the middle of a change of encryption keys",
                {.found = "its Secrets are under two keys, of which the cluster uses neither now",
                 .expected = "a backup under one key",
                 .advice = "restore one that was taken some minutes earlier or later"});
  if (needed.empty()) return false;
  const Key& key = needed.front();
  if (now->old_key == key.name && now->stage == EncryptionStage::readable) return true;
  if (key.name != no_key)
    if (Result<void> sealed = store.set_secret(secret_name(key.name), key.secret); !sealed)
      return std::move(sealed).error();
  if (now->old_key == no_key) std::erase(now->known, no_key);
  if (std::find(now->known.begin(), now->known.end(), key.name) == now->known.end()) now->known.push_back(key.name);
  now->old_key = key.name;
  now->stage = EncryptionStage::readable;
  if (Result<void> kept = store.set_fact(fact_name, fact_of(*now)); !kept) return std::move(kept).error();
  return true;
}

Result<void> recover_encryption(StateStore& store, const std::string& configuration) {
  Result<Written> written = parse_configuration(configuration);
  if (!written) return std::move(written).error();
  for (const Key& key : written->keys)
    if (key.name != no_key)
      if (Result<void> sealed = store.set_secret(secret_name(key.name), key.secret); !sealed) return sealed;
  std::vector<Key>& order = written->keys;
  if (written->stage == EncryptionStage::readable) std::reverse(order.begin(), order.end());
  const Value fact = {{"stage", name_of(written->stage)},
                      {"key", order.front().name},
                      {"old", order.size() == 2 ? order.back().name : ""},
                      {"former", Value::array()}};
  if (Result<Encryption> read = read_fact(fact); !read) return not_ours();
  return store.set_fact(fact_name, fact);
}

}  // namespace slipway
