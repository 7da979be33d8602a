#include "cluster/platform.h"

#include <algorithm>
#include <filesystem>

#include "base/digest.h"
#include "base/file.h"
#include "base/text.h"
#include "cluster/gifts.h"
#include "cluster/variables.h"

namespace slipway {
namespace {

/// Those that every cluster has, whatever the spec says.
const std::vector<std::string> own_add_ons = {"flannel", "coredns", "storage"};
/// On as soon as anything else is: a policy that nobody enforces would be a lie.
const std::string enforcer = "network_policy";

bool is_enabled(const Value& settings) { return settings.value("enabled", Value(true)) != Value(false); }

struct Chosen {
  std::string name, folder;
  Value settings = Value::object();
};

std::vector<Chosen> choose(const Spec& spec, const std::string& data_directory) {
  const std::string manifests = data_directory + "/manifests/";
  std::vector<Chosen> chosen;
  for (const std::string& name : own_add_ons) chosen.push_back({name, manifests + name});
  bool any = false;
  for (const auto& [name, settings] : spec.addons) {
    if (!is_enabled(settings)) continue;
    const std::string path = text_at(settings, "path");
    chosen.push_back({name, path.empty() ? manifests + name : resolve_path(path, spec.path), settings});
    any = true;
  }
  if (any && !spec.addons.contains(enforcer)) chosen.push_back({enforcer, manifests + enforcer});
  return chosen;
}

/// Add-on -> whether it is on: each that Slipway brings, and each that the spec names.
Value switches(const Spec& spec, const std::vector<Chosen>& chosen, const std::string& data_directory) {
  Value on = Value::object();
  std::error_code none;
  for (const auto& folder : std::filesystem::directory_iterator(data_directory + "/manifests", none))
    on[folder.path().filename().string()] = false;
  for (const auto& [name, settings] : spec.addons) on[name] = false;
  for (const Chosen& one : chosen) on[one.name] = true;
  return on;
}

Result<void> check_needs(const Platform& platform, const Spec& spec) {
  for (const AddOn& add_on : platform.add_ons)
    for (const std::string& need : add_on.needs) {
      if (platform.find(need)) continue;
      return fail(
          ErrorKind::bad_input, "the add-on " + add_on.name + " needs the add-on " + need,
          {.found = "addons." + need + " is not enabled",
           .advice = "add addons." + need + ": {enabled: true}, or set addons." + add_on.name + ": {enabled: false}",
           .where = spec.path});
    }
  return {};
}

/// A circle of needs, told by name; the graph would only see steps.
Result<void> check_circles(const Platform& platform, const Spec& spec) {
  std::vector<std::string> done;
  const auto ready = [&](const AddOn& add_on) {
    return std::all_of(add_on.needs.begin(), add_on.needs.end(), [&](const std::string& need) {
      return std::find(done.begin(), done.end(), need) != done.end();
    });
  };
  std::vector<const AddOn*> open;
  for (const AddOn& add_on : platform.add_ons) open.push_back(&add_on);
  while (!open.empty()) {
    const auto next = std::find_if(open.begin(), open.end(), [&](const AddOn* add_on) { return ready(*add_on); });
    if (next == open.end()) {
      std::vector<std::string> names;
      for (const AddOn* add_on : open) names.push_back(add_on->name);
      return fail(ErrorKind::bad_input, "add-ons need each other in a circle",
                  {.found = join(names, ", "), .where = spec.path});
    }
    done.push_back((*next)->name);
    open.erase(next);
  }
  return {};
}

std::string short_digest_of(const std::string& text) { return sha256(text).substr(0, 16); }

/// What an add-on of one provider is given to talk to its API.
Result<void> offer_cloud(const AddOn& add_on, const Provider& provider, const Spec& spec, Platform& platform) {
  if (add_on.provider.empty()) return {};
  const InsideAccess* inside = provider.inside_access();
  if (add_on.provider != spec.provider || !inside)
    return fail(ErrorKind::bad_input, "the add-on " + add_on.name + " is for provider " + add_on.provider + " only",
                {.found = "provider: " + spec.provider,
                 .expected = "provider: " + add_on.provider,
                 .advice = "take addons." + add_on.name + " out of the spec, or set addons." + add_on.name +
                           ": {enabled: false}",
                 .where = spec.path});
  if (!platform.cloud.is_null()) return {};
  Result<std::map<std::string, std::string>> files = inside->files();
  if (!files) return std::move(files).error().while_doing("preparing add-on " + add_on.name);
  platform.cloud = {{"files", *files}, {"digest", short_digest_of(Value(*files).dump())}};
  return {};
}

Value to_value(const AddOnGifts& gifts, const std::string& authority_pem) {
  Value secrets = Value::object(), certificates = Value::object();
  std::string all;
  for (const auto& [name, secret] : gifts.secrets) {
    secrets[name] = secret.reveal();
    all += name + "=" + secret.reveal() + "\n";
  }
  for (const auto& [name, pair] : gifts.certificates)
    certificates[name] = {{"certificate", pair.certificate_pem},
                          {"key", pair.key_pem.reveal()},
                          {"authority", authority_pem},
                          {"authority_base64", base64_encode(authority_pem)},
                          {"digest", short_digest_of(pair.certificate_pem)}};
  return {{"secrets", std::move(secrets)}, {"certificates", std::move(certificates)}, {"digest", short_digest_of(all)}};
}

}  // namespace

const AddOn* Platform::find(const std::string& name) const {
  const auto found =
      std::find_if(add_ons.begin(), add_ons.end(), [&](const AddOn& add_on) { return add_on.name == name; });
  return found == add_ons.end() ? nullptr : &*found;
}

Value Platform::variables_of(const AddOn& add_on) const {
  Value seen = variables;
  const Value own = to_value(gifts.at(add_on.name), authority_pem);
  seen["secrets"] = own["secrets"];
  seen["certificates"] = own["certificates"];
  seen["facts"] = gifts.at(add_on.name).facts;
  seen["digests"] = {{"secrets", own["digest"]}, {"values", short_digest_of(add_on.values.dump())}};
  if (!add_on.provider.empty()) seen["cloud"] = cloud;
  Value needs = Value::object();
  std::vector<std::string> names = add_on.needs;
  for (const Part& part : add_on.parts)
    if (!part.with.empty()) names.push_back(part.with);
  for (const std::string& name : names) {
    const AddOn* need = find(name);
    if (!need) continue;
    needs[name] = to_value(gifts.at(name), authority_pem);
    needs[name]["values"] = need->values;
  }
  seen["needs"] = std::move(needs);
  return seen;
}

Result<Platform> load_platform(StateStore& store, const Spec& spec, const Membership& membership,
                               const CertificateKeyPair& authority, const Provider& provider,
                               const std::string& data_directory, bool record, const RenderingTools& tools,
                               const Versions* versions) {
  Platform platform;
  const bool read_already = versions && versions->kubernetes == spec.kubernetes.version;
  Result<Versions> known = read_already ? Result<Versions>(*versions)
                                        : load_versions(data_directory + "/playbooks", spec.kubernetes.version);
  if (!known) return std::move(known).error();
  platform.versions = std::move(*known);
  platform.authority_pem = authority.certificate_pem;
  platform.variables = manifest_variables(spec, membership, platform.versions);
  platform.variables["platform"] = {{"authority", authority.certificate_pem},
                                    {"authority_base64", base64_encode(authority.certificate_pem)}};
  platform.variables["tools"] = {{"kubectl", tools.kubectl}, {"helm", tools.helm}};
  GiftMaker maker(store, membership, authority, record);
  const std::vector<Chosen> chosen = choose(spec, data_directory);
  Value& addresses = platform.variables["addresses"] = Value::object();
  for (const Chosen& one : chosen) {
    Result<std::vector<std::string>> names = wanted_addresses(one.folder);
    if (!names) return std::move(names).error();
    Result<std::map<std::string, std::string>> given = maker.addresses(spec, one.name, *names);
    if (!given) return std::move(given).error();
    for (const auto& [name, address] : *given) addresses[name] = address;
  }
  platform.variables["enabled"] = switches(spec, chosen, data_directory);
  for (const Chosen& one : chosen) {
    Result<AddOn> add_on = read_add_on(one.folder, one.name, one.settings, platform.variables);
    if (!add_on) return std::move(add_on).error();
    if (Result<void> offered = offer_cloud(*add_on, provider, spec, platform); !offered)
      return std::move(offered).error();
    platform.add_ons.push_back(std::move(*add_on));
  }
  if (Result<void> there = check_needs(platform, spec); !there) return std::move(there).error();
  if (Result<void> straight = check_circles(platform, spec); !straight) return std::move(straight).error();
  const std::string folder = std::filesystem::path(spec.path).parent_path().string();
  for (AddOn& add_on : platform.add_ons) {
    for (const GivenSecret& wish : add_on.given) {
      Result<Secret> secret = maker.given(add_on.name, wish, folder);
      if (!secret) return std::move(secret).error();
      add_on.values[Value::json_pointer(wish.at)] = secret->reveal();
    }
    Result<AddOnGifts> gifts = maker.gifts(add_on);
    if (!gifts) return std::move(gifts).error();
    platform.gifts.emplace(add_on.name, std::move(*gifts));
  }
  // What another program makes brings no gates: its workloads are ready when they are.
  for (AddOn& add_on : platform.add_ons) {
    if (add_on.render.is_null() || !add_on.gates.empty()) continue;
    const Result<std::vector<Value>> objects = load_objects(add_on, platform.variables_of(add_on));
    if (!objects) return objects.error();
    Result<std::vector<Gate>> gates = workload_gates(*objects);
    if (!gates) return std::move(gates).error();
    add_on.gates = std::move(*gates);
  }
  return platform;
}

std::string add_on_fact(const std::string& add_on, const std::string& fact) { return "addon/" + add_on + "/" + fact; }

std::string volume_path(const AddOn& add_on, const VolumeWish& volume) {
  return "/var/lib/slipway/volumes/" + add_on.name + "-" + volume.name;
}

}  // namespace slipway
