#include "cluster/recover.h"

#include <algorithm>
#include <map>

#include "base/certificate.h"
#include "base/text.h"
#include "cluster/encryption.h"
#include "cluster/orphans.h"
#include "cluster/release.h"

namespace slipway {
namespace {

/// The secrets that a control plane holds, by the name that identity.cpp seals them under.
struct KeptPair {
  const char* name;
  const char* secret_path;
  const char* open_path;
};
constexpr KeptPair kept_pairs[] = {
    {"ca", "/etc/kubernetes/pki/ca.key", "/etc/kubernetes/pki/ca.crt"},
    {"front-proxy-ca", "/etc/kubernetes/pki/front-proxy-ca.key", "/etc/kubernetes/pki/front-proxy-ca.crt"},
    {"etcd-ca", "/etc/kubernetes/pki/etcd/ca.key", "/etc/kubernetes/pki/etcd/ca.crt"},
    {"service-account", "/etc/kubernetes/pki/sa.key", "/etc/kubernetes/pki/sa.pub"}};

Result<void> keep_pair(StateStore& store, const std::string& name, const std::string& secret, std::string open) {
  if (Result<void> kept = store.set_fact("public/" + name, std::move(open)); !kept) return kept;
  return store.set_secret(name, Secret(secret));
}

/// Takes the cluster's keys off `machine`; not_found where it does not have them all.
Result<void> take_cluster_keys(StateStore& store, const MachineLook& look, const RecoveredMachine& machine) {
  std::map<std::string, std::pair<std::string, std::string>> found;
  for (const KeptPair& pair : kept_pairs) {
    Result<std::string> secret = look.read(machine, pair.secret_path);
    if (!secret) return std::move(secret).error();
    Result<std::string> open = look.read(machine, pair.open_path);
    if (!open) return std::move(open).error();
    if (secret->find("PRIVATE KEY-----") == std::string::npos || open->find("-----BEGIN ") == std::string::npos)
      return fail(ErrorKind::corrupt, "a key on the control plane cannot be used",
                  {.found = "no PEM", .where = machine.name.text() + ":" + pair.secret_path});
    found[pair.name] = {*std::move(secret), *std::move(open)};
  }
  // A cluster from before there were encryption keys has none; any other error must not make one in their place.
  const Result<std::string> encryption = look.read(machine, "/etc/kubernetes/slipway/encryption.yaml");
  if (!encryption && encryption.error().kind != ErrorKind::not_found) return encryption.error();
  for (auto& [name, pair] : found)
    if (Result<void> kept = keep_pair(store, name, pair.first, std::move(pair.second)); !kept) return kept;
  return encryption ? recover_encryption(store, *encryption) : Result<void>();
}

Result<void> record_pools(StateStore& store, const Recovery& recovery) {
  std::map<std::string, PoolMembers> pools;
  std::map<std::string, std::vector<std::pair<int, std::string>>> by_ordinal;
  for (const RecoveredMachine& machine : recovery.machines) {
    PoolMembers& pool = pools[machine.pool];
    pool.role = name(machine.role);
    const int ordinal = ordinal_of(machine.name.text(), machine.pool);
    pool.next_ordinal = std::max(pool.next_ordinal, ordinal + 1);
    by_ordinal[machine.pool].emplace_back(ordinal, machine.name.text());
    if (!machine.address.empty())
      if (Result<void> set = store.set_address("machine/" + machine.name.text(), machine.address); !set) return set;
  }
  for (auto& [pool, members] : pools) {
    std::stable_sort(by_ordinal[pool].begin(), by_ordinal[pool].end(),
                     [](const auto& left, const auto& right) { return left.first < right.first; });
    for (const auto& [ordinal, machine] : by_ordinal[pool]) members.names.push_back(machine);
    if (Result<void> set = store.set_pool(pool, members); !set) return set;
  }
  return {};
}

/// Host keys stay what they are: they are pinned, so another one would be refused.
Result<void> take_host_key(StateStore& store, const MachineLook& look, const RecoveredMachine& machine) {
  Result<std::string> secret = look.read(machine, "/etc/ssh/ssh_host_ed25519_key");
  if (!secret) return std::move(secret).error().while_doing("reading the host key of " + machine.name.text());
  Result<std::string> open = look.read(machine, "/etc/ssh/ssh_host_ed25519_key.pub");
  if (!open) return std::move(open).error().while_doing("reading the host key of " + machine.name.text());
  if (parse_public_key(trim(*open)).blob.empty())
    return fail(ErrorKind::corrupt, "the host key of a machine cannot be used",
                {.found = "no public key", .where = machine.name.text()});
  return keep_pair(store, "ssh-host/" + machine.name.text(), *secret, std::string(trim(*open)));
}

Result<void> renew_login_key(StateStore& store, const Spec& spec, const MachineLook& look, const Recovery& recovery) {
  const State state = store.snapshot();
  Result<SshKeyPair> key = generate_ssh_key("slipway-" + spec.name);
  if (!key) return std::move(key).error();
  if (state.sealed.contains("ssh-login")) {
    Result<Secret> kept = store.secret("ssh-login");
    if (!kept) return std::move(kept).error();
    *key = {*std::move(kept), text_at(state.facts, "public/ssh-login")};
  } else if (Result<void> kept = keep_pair(store, "ssh-login", key->private_key_pem.reveal(), key->public_key); !kept) {
    return kept;
  }
  for (const RecoveredMachine& machine : recovery.machines)
    if (Result<void> let_in = look.authorise(machine, *key); !let_in)
      return std::move(let_in).error().while_doing("giving " + machine.name.text() + " the new login key");
  return {};
}

/// Which release the cluster runs, by its API servers' own manifests. Of two the older runs and the newer is on its
/// way.
Result<void> recover_release(StateStore& store, const MachineLook& look, const Recovery& recovery) {
  std::optional<Release> oldest, newest;
  for (const RecoveredMachine& machine : recovery.machines) {
    if (machine.role != Role::control_plane) continue;
    const Result<std::string> manifest = look.read(machine, "/etc/kubernetes/manifests/kube-apiserver.yaml");
    const size_t at = manifest ? manifest->find("/kube-apiserver:v") : std::string::npos;
    if (at == std::string::npos) continue;
    const size_t begin = at + std::string_view("/kube-apiserver:").size();
    const std::optional<Release> release =
        parse_release(manifest->substr(begin, manifest->find_first_of("\"'\r\n ", begin) - begin));
    if (!release) continue;
    oldest = std::min(oldest.value_or(*release), *release);
    newest = std::max(newest.value_or(*release), *release);
  }
  if (!oldest) return {};
  ClusterRelease found{.running = to_string(*oldest), .to = {}, .run = {}};
  if (*newest != *oldest)
    found = {.running = to_string(*oldest), .to = to_string(*newest), .run = "upgrade-" + to_string(*newest)};
  return record_release(store, found);
}

}  // namespace

Result<Recovery> find_machines(const Spec& spec, Provider& provider) {
  Recovery recovery;
  if (spec.provider == "existing") {
    for (const Pool& pool : spec.pools)
      for (const ExistingHost& host : pool.hosts)
        recovery.machines.push_back({MachineName(host.name), pool.name, pool.role, host.address});
  } else {
    Result<std::vector<CloudObject>> owned = provider.list_owned();
    if (!owned) return std::move(owned).error();
    for (const CloudObject& object : *owned) {
      if (object.kind != "machine") continue;
      const auto pool = std::find_if(spec.pools.begin(), spec.pools.end(), [&](const Pool& candidate) {
        return ordinal_of(object.name, candidate.name) > 0;
      });
      if (pool == spec.pools.end())
        recovery.strangers.push_back(object.name);
      else
        recovery.machines.push_back(
            {MachineName(object.name), pool->name, pool->role, text_at(object.fields, "address")});
    }
  }
  std::stable_sort(recovery.machines.begin(), recovery.machines.end(),
                   [](const RecoveredMachine& left, const RecoveredMachine& right) {
                     return left.role == Role::control_plane && right.role != Role::control_plane;
                   });
  if (!recovery.machines.empty() && recovery.machines.front().role == Role::control_plane) return recovery;
  return fail(ErrorKind::not_found, "no control plane of this cluster was found",
              {.found = std::to_string(recovery.machines.size()) + " machines that carry the mark of cluster '" +
                        spec.name + "'",
               .expected = "one control plane at least",
               .advice = "check the cluster's name, the provider's project and credentials; where there is no cluster, "
                         "slipway bootstrap makes one",
               .where = spec.path});
}

Result<void> recover_state(StateStore& store, const Spec& spec, const MachineLook& look, Recovery& recovery) {
  if (Result<void> recorded = record_pools(store, recovery); !recorded) return recorded;
  std::optional<Error> first_problem;
  for (const RecoveredMachine& machine : recovery.machines) {
    if (machine.role != Role::control_plane) continue;
    Result<void> taken = take_cluster_keys(store, look, machine);
    if (taken) {
      recovery.source = machine.name;
      break;
    }
    if (!first_problem)
      first_problem = taken.error().while_doing("reading the cluster's keys on " + machine.name.text());
  }
  if (recovery.source.empty()) return *std::move(first_problem);
  if (spec.provider != "existing")
    for (const RecoveredMachine& machine : recovery.machines)
      if (Result<void> taken = take_host_key(store, look, machine); !taken) return taken;
  if (spec.ssh.key.empty())
    if (Result<void> renewed = renew_login_key(store, spec, look, recovery); !renewed) return renewed;

  // Machines that were made ready and never became a cluster: the next run makes it.
  bool etcd_was_here = false;
  for (const RecoveredMachine& machine : recovery.machines)
    if (machine.role == Role::control_plane && look.read(machine, "/etc/kubernetes/manifests/etcd.yaml"))
      etcd_was_here = true;
  if (!etcd_was_here) return {};
  if (Result<void> told = recover_release(store, look, recovery); !told) return told;
  // Init is a fact of the cluster: no run may make a second one.
  const Value public_ca = store.fact("public/ca");
  const Result<std::string> hash =
      public_key_hash(public_ca.is_string() ? public_ca.get<std::string>() : std::string());
  if (!hash) return hash.error();
  if (Result<void> set = store.set_fact("initialised", {{"ca_hash", *hash}}); !set) return set;
  StepRecord init;
  init.id = StepId("kubernetes/init");
  init.machine = recovery.source.text();
  init.layer = "cluster";
  init.carries_data = true;
  init.updated = format_time(std::chrono::system_clock::now());
  return store.record_result(init);
}

}  // namespace slipway
