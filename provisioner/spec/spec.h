#pragma once
// What the user wrote, validated: every default filled in, every reference resolved. See docs/spec.md (generated).

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "spec/fault.h"
#include "spec/network.h"

namespace slipway {

/// What each machine of a pool gets; of existing hosts what each must have at least, 0 where the spec asks for nothing.
struct Size {
  int cpus = 1;
  uint64_t memory_bytes = 0;
  uint64_t disk_bytes = 0;
};

enum class Role { control_plane, worker };
/// "control-plane", "worker"
std::string_view name(Role role);

/// One host of somebody else's, for provider `existing`.
struct ExistingHost {
  std::string name;
  std::string address;
  uint16_t port = 0;        ///< 0: the spec's ssh.port.
  std::string user;         ///< Empty: the spec's ssh.user.
  std::string fingerprint;  ///< "SHA256:…", or empty: known_hosts decides.
};

struct Taint {
  std::string key, value, effect;
};

struct Pool {
  std::string name;
  Role role = Role::worker;
  int count = 0;  ///< With `hosts`: their number.
  Size size;
  std::map<std::string, std::string> labels;
  std::vector<Taint> taints;
  std::vector<ExistingHost> hosts;
  std::string moved_from;  ///< `moved: {from: OLD}`: this pool was called OLD.
  bool protect = false;
  std::optional<double> price_per_hour{};  ///< Of one machine, where the spec tells.
};

struct SshSettings {
  std::string user = "root";
  uint16_t port = 22;
  std::string key;  ///< Path of the private key, as resolve_path; empty: Slipway makes one and keeps it in state.
  bool sudo = false;
  std::string jump;         ///< "[user@]address[:port]"
  std::string known_hosts;  ///< Path, as resolve_path.
};

struct NetworkSettings {
  Cidr pods, services;
  Address endpoint;                            ///< The API's reserved virtual address.
  std::string endpoint_name;                   ///< Its stable name: "api.NAME.slipway.internal".
  std::optional<AddressRange> load_balancers;  ///< For MetalLB.
  bool fixed_holders = false;                  ///< Each of these addresses belongs to one machine.
};

/// How each control plane saves etcd by itself.
struct EtcdBackupPolicy {
  int every_hours = 6;
  int keep = 12;  ///< On the host; as many are kept of those that were fetched.
};

struct KubernetesSettings {
  std::string version;
  EtcdBackupPolicy etcd_backup;
  std::map<std::string, std::map<std::string, std::string>> extra_args;  ///< component -> flag -> value
  std::map<std::string, std::vector<std::string>> registry_mirrors;      ///< registry -> mirror URLs
};

struct Spec {
  std::string path;    ///< As given by the user.
  std::string digest;  ///< sha256 of the file's bytes.
  std::string name;
  std::string provider;     ///< local | openstack | opennebula | existing | simulated
  Value provider_settings;  ///< The provider's own block, defaults filled in; sizes as bytes, paths as written.
  SshSettings ssh;
  NetworkSettings network;
  KubernetesSettings kubernetes;
  std::vector<Pool> pools;              ///< In file order.
  std::map<std::string, Value> addons;  ///< name -> settings, `enabled` included.

  const Pool* find_pool(std::string_view pool) const;
};

/// Reads and checks the whole file. All faults at once, in file order, as one bad_input error whose text lists each as
/// file:line:column. Errors: not_found (no such file), bad_input.
Result<Spec> load_spec(const std::string& path);
/// As load_spec, from memory; `path` is what messages and Spec::path name, and where the search for a base begins
/// (`extends:`, the one file that is read here).
Result<Spec> parse_spec(const std::string& path, const std::string& text);

/// Every fault of the text, in file order: what parse_spec's error tells, as data. Empty: parse_spec succeeds.
std::vector<SpecFault> check_spec(const std::string& text);

/// A path that stands in a spec: `~/` is the user's home, other relative paths start at the spec's folder.
std::string resolve_path(const std::string& path, const std::string& spec_path);

/// The text with the one `count:` scalar of `pool` set to `count`, every other byte kept.
/// Errors: not_found (no such pool), bad_input (the pool lists hosts, or its count is not a plain scalar).
Result<std::string> with_pool_count(const std::string& text, const std::string& pool, int count);

/// The text with `kubernetes.version` set in place, or added where the file has none; every other byte kept.
/// Errors: bad_input (it cannot be told where, or others share the place).
Result<std::string> with_kubernetes_version(const std::string& text, const std::string& version);

/// The JSON Schema (2020-12) of the spec, as published at docs/spec.schema.json, and the reference page docs/spec.md;
/// both are made from the same table that the reader checks against.
std::string spec_json_schema();
std::string spec_reference_markdown();

}  // namespace slipway
