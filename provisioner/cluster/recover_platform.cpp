#include "cluster/recover_platform.h"

#include "base/digest.h"
#include "base/text.h"
#include "cluster/platform.h"
#include "cluster/volumes.h"

namespace slipway {
namespace {

constexpr Seconds call_limit{15};

std::string mark_of(const std::string& name) { return "slipway-mark-" + sha256(name).substr(0, 24); }

/// The live text where the wanted one has the mark.
std::optional<std::string> between(const std::string& wanted, const std::string& live, const std::string& mark) {
  const size_t at = wanted.find(mark);
  if (at == std::string::npos) return std::nullopt;
  const std::string before = wanted.substr(0, at), after = wanted.substr(at + mark.size());
  // Twice in one text: what is in between cannot be told apart.
  if (after.find(mark) != std::string::npos || live.size() < before.size() + after.size()) return std::nullopt;
  if (!live.starts_with(before) || !live.ends_with(after)) return std::nullopt;
  return live.substr(before.size(), live.size() - before.size() - after.size());
}

/// A Secret as its manifest writes it: data as text beside stringData.
Value with_string_data(const Value& live) {
  if (text_at(live, "kind") != "Secret" || !live.contains("data") || !live["data"].is_object()) return live;
  Value shown = live;
  for (const auto& [key, encoded] : live["data"].items()) {
    if (!encoded.is_string()) continue;
    const Result<std::string> text = base64_decode(encoded.get<std::string>());
    if (text) shown["stringData"][key] = *text;
  }
  return shown;
}

std::optional<std::string> find_in(const Value& wanted, const Value& live, const std::string& mark) {
  if (wanted.is_string() && live.is_string()) return between(wanted.get<std::string>(), live.get<std::string>(), mark);
  if (wanted.is_object() && live.is_object())
    for (const auto& [key, value] : wanted.items())
      if (live.contains(key))
        if (std::optional<std::string> found = find_in(value, live[key], mark)) return found;
  if (wanted.is_array() && live.is_array())
    for (size_t i = 0; i < std::min(wanted.size(), live.size()); ++i)
      if (std::optional<std::string> found = find_in(wanted[i], live[i], mark)) return found;
  return std::nullopt;
}

class PlatformRecovery {
 public:
  PlatformRecovery(StateStore& store, const Platform& platform, ClusterReader& cluster)
      : store_(store), platform_(platform), cluster_(cluster), state_(store.snapshot()) {}

  Result<void> run() {
    for (const AddOn& add_on : platform_.add_ons)
      if (Result<void> done = recover(add_on); !done)
        return std::move(done).error().while_doing("reading back what belongs to add-on " + add_on.name);
    return {};
  }

 private:
  Result<void> recover(const AddOn& add_on) {
    for (const VolumeWish& volume : add_on.volumes)
      if (Result<void> done = recover_volume(add_on, volume); !done) return done;
    if (add_on.secrets.empty() && add_on.addresses.empty() && add_on.facts.empty()) return {};
    Value variables = platform_.variables_of(add_on);
    for (const SecretWish& wish : add_on.secrets) variables["secrets"][wish.name] = mark_of("secret " + wish.name);
    for (const std::string& name : add_on.addresses) variables["addresses"][name] = mark_of("address " + name);
    for (const FactWish& wish : add_on.facts) variables["facts"][wish.name] = mark_of("fact " + wish.name);
    Result<std::vector<Value>> objects = load_objects(add_on, variables);
    if (!objects) return std::move(objects).error();
    for (const Part& part : add_on.parts) {
      if (!part.with.empty() && !platform_.find(part.with)) continue;
      Result<std::vector<Value>> more = load_objects(add_on, part, variables);
      if (!more) return std::move(more).error();
      objects->insert(objects->end(), more->begin(), more->end());
    }
    for (const SecretWish& wish : add_on.secrets) {
      // What follows from another secret is not kept, except for a hash, which is salted.
      if (!wish.basic.empty()) continue;
      Result<std::optional<std::string>> value = live_value(*objects, mark_of("secret " + wish.name));
      if (!value) return std::move(value).error();
      if (*value)
        if (Result<void> kept = store_.set_secret("addon/" + add_on.name + "/" + wish.name, Secret(**value)); !kept)
          return kept;
    }
    for (const FactWish& wish : add_on.facts) {
      Result<std::optional<std::string>> value = live_value(*objects, mark_of("fact " + wish.name));
      if (!value) return std::move(value).error();
      if (*value)
        if (Result<void> kept = store_.set_fact(add_on_fact(add_on.name, wish.name), Value(**value)); !kept)
          return kept;
    }
    for (const std::string& name : add_on.addresses) {
      Result<std::optional<std::string>> value = live_value(*objects, mark_of("address " + name));
      if (!value) return std::move(value).error();
      if (*value && parse_address(**value))
        if (Result<void> kept = store_.set_address("load-balancer/" + name, **value); !kept) return kept;
    }
    return {};
  }

  Result<void> recover_volume(const AddOn& add_on, const VolumeWish& volume) {
    const ObjectKey key{"v1", "PersistentVolume", "", add_on.name + "-" + volume.name};
    Result<std::optional<Value>> live = get(key);
    if (!live) return std::move(live).error();
    if (!*live) return {};
    const Value affinity = volume_object(add_on, volume, MachineName(mark_of("machine")));
    const std::optional<std::string> machine = value_at_mark(affinity, **live, mark_of("machine"));
    return machine ? store_.set_fact("volume/" + add_on.name + "/" + volume.name, *machine) : Result<void>();
  }

  Result<std::optional<std::string>> live_value(const std::vector<Value>& objects, const std::string& mark) {
    for (const Value& wanted : objects) {
      if (wanted.dump(-1, ' ', false, Value::error_handler_t::replace).find(mark) == std::string::npos) continue;
      Result<std::optional<Value>> live = get(key_of(wanted));
      if (!live) return std::move(live).error();
      if (!*live) continue;
      if (std::optional<std::string> value = value_at_mark(wanted, **live, mark)) return value;
    }
    return std::optional<std::string>();
  }

  Result<std::optional<Value>> get(const ObjectKey& key) {
    Result<Value> live = cluster_.get(key, Deadline::in(call_limit));
    if (live) return std::optional<Value>(*std::move(live));
    if (live.error().kind == ErrorKind::not_found) return std::optional<Value>();
    return std::move(live).error();
  }

  StateStore& store_;
  const Platform& platform_;
  ClusterReader& cluster_;
  State state_;
};

}  // namespace

std::optional<std::string> value_at_mark(const Value& wanted, const Value& live, const std::string& mark) {
  return find_in(wanted, with_string_data(live), mark);
}

Result<void> recover_platform(StateStore& store, const Spec& spec, const Membership& membership,
                              const Identity& identity, const Provider& provider, ClusterReader& cluster,
                              const std::string& data_directory) {
  // What is made here for want of the true values lives in memory only.
  const Result<Platform> platform =
      load_platform(store, spec, membership, identity.platform_ca, provider, data_directory, false);
  if (!platform) return platform.error();
  return PlatformRecovery(store, *platform, cluster).run();
}

}  // namespace slipway
