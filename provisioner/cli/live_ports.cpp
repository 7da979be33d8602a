#include "cli/live_ports.h"

#include <algorithm>

#include "cli/artifact_access.h"
#include "cli/counting_hosts.h"
#include "kube/client.h"
#include "kube/observed.h"
#include "providers/existing/existing_provider.h"
#include "providers/local/local_provider.h"
#include "providers/opennebula/opennebula_provider.h"
#include "providers/openstack/openstack_provider.h"
#include "ssh/hosts.h"

namespace slipway {
namespace {

SshOptions ssh_options(const Spec& spec, const Identity& identity) {
  return {.private_key_pem = identity.login.private_key_pem,
          .private_key_path = spec.ssh.key,
          .known_hosts_path = spec.ssh.known_hosts};
}

}  // namespace

Result<std::unique_ptr<Provider>> open_provider(const Spec& spec, const std::string& state_directory) {
  if (spec.provider == "local") return make_local_provider(spec, {.data_directory = state_directory + "/local"});
  if (spec.provider == "existing") return make_existing_provider(spec);
  if (spec.provider == "openstack") return make_openstack_provider(spec);
  if (spec.provider == "opennebula") return make_opennebula_provider(spec);
  return fail(ErrorKind::bad_input, "this provider cannot make machines yet",
              {.found = spec.provider, .expected = "local, existing, openstack or opennebula", .where = spec.path});
}

struct LivePorts::Parts {
  std::string provider_name;
  std::unique_ptr<Provider> provider;
  std::unique_ptr<SshHosts> ssh;
  std::unique_ptr<CountingHosts> hosts;
  KubeAccess access;
  std::unique_ptr<KubeClient> kube;
  std::unique_ptr<ObservedCluster> observed;
  std::unique_ptr<ArtifactAccess> artifacts;
  SystemClock clock;
  std::unique_ptr<Reader> reader;
  std::unique_ptr<Writer> writer;
};

LivePorts::LivePorts() : parts_(std::make_unique<Parts>()) {}
LivePorts::~LivePorts() = default;

Result<std::unique_ptr<LivePorts>> LivePorts::open(const Spec& spec, const Identity& identity,
                                                   const std::vector<std::string>& control_plane_addresses,
                                                   const std::string& state_directory,
                                                   const std::string& data_directory) {
  std::unique_ptr<LivePorts> ports(new LivePorts());
  Parts& parts = *ports->parts_;
  Result<std::unique_ptr<Provider>> provider = open_provider(spec, state_directory);
  if (!provider) return std::move(provider).error();
  parts.provider = std::move(*provider);
  parts.provider_name = spec.provider;
  Result<std::unique_ptr<SshHosts>> ssh = SshHosts::open(ssh_options(spec, identity));
  if (!ssh) return std::move(ssh).error();
  parts.ssh = std::move(*ssh);
  parts.hosts = std::make_unique<CountingHosts>(*parts.ssh, *parts.ssh);
  Result<KubeAccess> access = cluster_access(identity, spec, control_plane_addresses);
  if (!access) return std::move(access).error();
  parts.access = std::move(*access);
  const Value floating = spec.provider_settings.is_object()
                             ? spec.provider_settings.value("floating_addresses", Value::array())
                             : Value::array();
  if (std::find(floating.begin(), floating.end(), "api") != floating.end()) {
    parts.access.outside_name = spec.network.endpoint_name;
    parts.access.outside_address = [&provider = *parts.provider] { return provider.outside_api_address(); };
    parts.access.fallback_servers.push_back("https://" + spec.network.endpoint_name + ":6443");
  }
  parts.kube = std::make_unique<KubeClient>(parts.access);
  parts.observed = std::make_unique<ObservedCluster>(*parts.kube, *parts.kube);
  Result<std::unique_ptr<ArtifactAccess>> artifacts = ArtifactAccess::open(data_directory);
  if (!artifacts) return std::move(artifacts).error();
  parts.artifacts = std::move(*artifacts);
  ArtifactStore& store = parts.artifacts->store();
  parts.reader =
      std::make_unique<Reader>(Reader{*parts.hosts, parts.provider->reader(), *parts.observed, store, parts.clock});
  // Writes go through the observed lists, so that what they change is asked for again.
  parts.writer = std::make_unique<Writer>(
      Writer{Reader{*parts.hosts, parts.provider->fresh_reader(), *parts.kube, store, parts.clock}, *parts.hosts,
             parts.provider->writer(), *parts.observed, store, parts.clock});
  return ports;
}

Provider& LivePorts::provider() { return *parts_->provider; }
Reader& LivePorts::reader() { return *parts_->reader; }
Writer& LivePorts::writer() { return *parts_->writer; }
const KubeAccess& LivePorts::kube_access() const { return parts_->access; }

Value LivePorts::api_calls() const {
  Value calls = {{"kubernetes", parts_->kube->calls()}, {"hosts", parts_->hosts->calls()}};
  if (const std::optional<uint64_t> cloud = parts_->provider->calls()) calls[parts_->provider_name] = *cloud;
  return calls;
}

}  // namespace slipway
