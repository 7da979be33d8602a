#include "cli/live_ports.h"

#include <algorithm>

#include "cli/artifact_access.h"
#include "cli/boundary.h"
#include "cli/counting_hosts.h"
#include "kube/client.h"
#include "kube/observed.h"
#include "providers/existing/existing_provider.h"
#include "providers/local/local_provider.h"
#include "providers/opennebula/opennebula_provider.h"
#include "providers/openstack/openstack_provider.h"
#include "providers/simulated/simulated_provider.h"
#include "ssh/hosts.h"

namespace slipway {
namespace {

SshOptions ssh_options(const Spec& spec, const Identity& identity) {
  return {.private_key_pem = identity.login.private_key_pem,
          .private_key_path = spec.ssh.key,
          .known_hosts_path = spec.ssh.known_hosts};
}

/// The simulated cluster's API in the place of a connection.
class SimulatedTransport final : public ApiTransport {
 public:
  explicit SimulatedTransport(Simulation& simulation) : simulation_(simulation) {}
  Result<HttpResponse> send(const HttpRequest& request) override {
    const bool writes = request.method != "GET";
    if (writes) pass_boundary("cluster/write/before");
    Result<HttpResponse> answer = simulation_.api(request);
    if (writes) pass_boundary("cluster/write/after");
    return answer;
  }

 private:
  Simulation& simulation_;
};

}  // namespace

Result<std::unique_ptr<Provider>> open_provider(const Spec& spec, const std::string& state_directory) {
  if (spec.provider == "local") return make_local_provider(spec, {.data_directory = state_directory + "/local"});
  if (spec.provider == "existing") return make_existing_provider(spec);
  if (spec.provider == "openstack") return make_openstack_provider(spec);
  if (spec.provider == "opennebula") return make_opennebula_provider(spec);
  if (spec.provider == "simulated")
    return make_simulated_provider(spec, {.directory = state_directory + "/simulated", .boundary = pass_boundary});
  return fail(
      ErrorKind::bad_input, "this provider cannot make machines yet",
      {.found = spec.provider, .expected = "local, existing, openstack, opennebula or simulated", .where = spec.path});
}

struct LivePorts::Parts {
  std::string provider_name;
  std::unique_ptr<Provider> provider;
  std::unique_ptr<Simulation> simulation;  ///< Of provider `simulated`: its machines, hosts, cluster, artifacts, time.
  std::unique_ptr<WatchedCloud> watched_cloud;
  std::unique_ptr<SshHosts> ssh;
  std::unique_ptr<CountingHosts> hosts;
  KubeAccess access;
  std::unique_ptr<KubeClient> kube;
  std::unique_ptr<ObservedCluster> observed;
  std::unique_ptr<ArtifactAccess> artifacts;
  std::optional<Versions> versions;
  SystemClock system_clock;
  std::unique_ptr<Reader> reader;
  std::unique_ptr<Writer> writer;

  /// Puts the ports together. REQUIRES: `kube` is there.
  void wire(Provider& cloud, HostReader& host_reader, HostWriter& host_writer, ArtifactReader& artifact_reader,
            ArtifactWriter& artifact_writer, Clock& clock) {
    hosts = std::make_unique<CountingHosts>(host_reader, host_writer);
    observed = std::make_unique<ObservedCluster>(*kube, *kube);
    watched_cloud = std::make_unique<WatchedCloud>(cloud.writer());
    reader = std::make_unique<Reader>(Reader{*hosts, cloud.reader(), *observed, artifact_reader, clock});
    // Writes go through the observed lists, so that what they change is asked for again.
    writer = std::make_unique<Writer>(Writer{Reader{*hosts, cloud.fresh_reader(), *kube, artifact_reader, clock},
                                             *hosts, *watched_cloud, *observed, artifact_writer, clock});
  }
};

LivePorts::LivePorts() : parts_(std::make_unique<Parts>()) {}
LivePorts::~LivePorts() = default;

Result<std::unique_ptr<LivePorts>> LivePorts::open(const Spec& spec, const Identity& identity,
                                                   const std::vector<std::string>& control_plane_addresses,
                                                   const std::string& state_directory,
                                                   const std::string& data_directory) {
  std::unique_ptr<LivePorts> ports(new LivePorts());
  Parts& parts = *ports->parts_;
  parts.provider_name = spec.provider;
  Result<KubeAccess> access = cluster_access(identity, spec, control_plane_addresses);
  if (!access) return std::move(access).error();
  parts.access = std::move(*access);
  if (spec.provider == "simulated") {
    Result<std::unique_ptr<Simulation>> simulation =
        Simulation::open(spec, {.directory = state_directory + "/simulated", .boundary = pass_boundary});
    if (!simulation) return std::move(simulation).error();
    parts.simulation = std::move(*simulation);
    Simulation& world = *parts.simulation;
    parts.kube = std::make_unique<KubeClient>(parts.access, std::make_unique<SimulatedTransport>(world));
    parts.wire(world.provider(), world.host_reader(), world.host_writer(), world.artifact_reader(),
               world.artifact_writer(), world.clock());
    return ports;
  }
  Result<std::unique_ptr<Provider>> provider = open_provider(spec, state_directory);
  if (!provider) return std::move(provider).error();
  parts.provider = std::move(*provider);
  Result<std::unique_ptr<SshHosts>> ssh = SshHosts::open(ssh_options(spec, identity));
  if (!ssh) return std::move(ssh).error();
  parts.ssh = std::move(*ssh);
  const Value floating = spec.provider_settings.is_object()
                             ? spec.provider_settings.value("floating_addresses", Value::array())
                             : Value::array();
  if (std::find(floating.begin(), floating.end(), "api") != floating.end()) {
    parts.access.outside_name = spec.network.endpoint_name;
    parts.access.outside_address = [&provider = *parts.provider] { return provider.outside_api_address(); };
    parts.access.fallback_servers.push_back("https://" + spec.network.endpoint_name + ":6443");
  }
  parts.kube = std::make_unique<KubeClient>(parts.access);
  Result<std::unique_ptr<ArtifactAccess>> artifacts = ArtifactAccess::open(data_directory, spec.kubernetes.version);
  if (!artifacts) return std::move(artifacts).error();
  parts.artifacts = std::move(*artifacts);
  ArtifactStore& store = parts.artifacts->store();
  parts.versions = versions_of(store.catalogue());
  parts.wire(*parts.provider, *parts.ssh, *parts.ssh, store, store, parts.system_clock);
  return ports;
}

Provider& LivePorts::provider() { return parts_->simulation ? parts_->simulation->provider() : *parts_->provider; }
Reader& LivePorts::reader() { return *parts_->reader; }
Writer& LivePorts::writer() { return *parts_->writer; }
const KubeAccess& LivePorts::kube_access() const { return parts_->access; }
const Versions* LivePorts::versions() const { return parts_->versions ? &*parts_->versions : nullptr; }

Value LivePorts::api_calls() const {
  Value calls = {{"kubernetes", parts_->kube->calls()}, {"hosts", parts_->hosts->calls()}};
  const Provider& provider = parts_->simulation ? parts_->simulation->provider() : *parts_->provider;
  if (const std::optional<uint64_t> cloud = provider.calls()) calls[parts_->provider_name] = *cloud;
  return calls;
}

}  // namespace slipway
