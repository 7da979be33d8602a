#include "spec/spec_build.h"

#include <filesystem>

#include "base/file.h"

namespace slipway {
namespace {

Size size_of(const SpecDraft& draft, const std::string& pool, const Value& size) {
  // What an existing host must have is only what the user wrote; a default would refuse hosts that nobody asked about.
  const bool stated_only = draft.text({"provider"}) == "existing";
  const auto number = [&](const char* key) -> uint64_t {
    if (stated_only && !draft.written({"pools", pool, "size", key})) return 0;
    return size.at(key).get<uint64_t>();
  };
  return {.cpus = static_cast<int>(number("cpus")), .memory_bytes = number("memory"), .disk_bytes = number("disk")};
}

ExistingHost host_of(const Value& host) {
  return {.name = text_at(host, "name"),
          .address = text_at(host, "address"),
          .port = host.value("port", uint16_t{0}),
          .user = text_at(host, "user"),
          .fingerprint = text_at(host, "fingerprint")};
}

Pool pool_of(const SpecDraft& draft, const std::string& name, const Value& value) {
  Pool pool;
  pool.name = name;
  pool.role = text_at(value, "role") == "control-plane" ? Role::control_plane : Role::worker;
  pool.size = size_of(draft, name, value.at("size"));
  pool.labels = value.at("labels").get<std::map<std::string, std::string>>();
  for (const Value& taint : value.at("taints"))
    pool.taints.push_back({text_at(taint, "key"), text_at(taint, "value"), text_at(taint, "effect")});
  if (value.contains("hosts"))
    for (const Value& host : value.at("hosts")) pool.hosts.push_back(host_of(host));
  pool.count = value.contains("hosts") ? static_cast<int>(pool.hosts.size()) : value.at("count").get<int>();
  if (value.contains("moved")) pool.moved_from = text_at(value.at("moved"), "from");
  pool.protect = value.at("protect").get<bool>();
  if (value.contains("price_per_hour")) pool.price_per_hour = value.at("price_per_hour").get<double>();
  return pool;
}

SshSettings ssh_of(const Value& value, const std::string& path) {
  return {.user = text_at(value, "user"),
          .port = value.at("port").get<uint16_t>(),
          .key = resolve_path(text_at(value, "key"), path),
          .sudo = value.at("sudo").get<bool>(),
          .jump = text_at(value, "jump"),
          .known_hosts = resolve_path(text_at(value, "known_hosts"), path)};
}

NetworkSettings network_of(const Value& value) {
  NetworkSettings network;
  network.pods = parse_cidr(text_at(value, "pods")).value();
  network.services = parse_cidr(text_at(value, "services")).value();
  network.endpoint = parse_address(text_at(value, "endpoint")).value();
  network.endpoint_name = text_at(value, "endpoint_name");
  network.fixed_holders = text_at(value, "address_holders") == "fixed";
  if (value.contains("load_balancers")) network.load_balancers = parse_range(text_at(value, "load_balancers")).value();
  return network;
}

KubernetesSettings kubernetes_of(const Value& value) {
  KubernetesSettings kubernetes;
  kubernetes.version = text_at(value, "version");
  kubernetes.etcd_backup = {.every_hours = value.at("etcd_backup").at("every_hours").get<int>(),
                            .keep = value.at("etcd_backup").at("keep").get<int>()};
  kubernetes.extra_args = value.at("extra_args").get<decltype(kubernetes.extra_args)>();
  kubernetes.registry_mirrors = value.at("registry_mirrors").get<decltype(kubernetes.registry_mirrors)>();
  return kubernetes;
}

}  // namespace

std::string resolve_path(const std::string& path, const std::string& spec_path) {
  if (path.empty() || path.front() == '/') return path;
  if (path == "~") return home_directory();
  if (path.starts_with("~/")) return home_directory() + path.substr(1);
  return (std::filesystem::path(spec_path).parent_path() / path).lexically_normal().string();
}

Spec build_spec(const SpecDraft& draft, const std::string& path) {
  const Value& value = draft.value;
  Spec spec;
  spec.name = text_at(value, "name");
  spec.provider = text_at(value, "provider");
  spec.provider_settings = value.value(spec.provider, Value::object());
  spec.ssh = ssh_of(value.at("ssh"), path);
  spec.network = network_of(value.at("network"));
  spec.kubernetes = kubernetes_of(value.at("kubernetes"));
  for (const YamlEntry& entry : draft.tree.find("pools")->node.entries)
    spec.pools.push_back(pool_of(draft, entry.key, value.at("pools").at(entry.key)));
  for (const auto& [name, settings] : value.at("addons").items()) spec.addons[name] = settings;
  return spec;
}

}  // namespace slipway
