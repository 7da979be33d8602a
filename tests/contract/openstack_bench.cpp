#include "tests/contract/openstack_bench.h"

#include <cstdlib>
#include <gtest/gtest.h>

#include "base/ids.h"
#include "spec/network.h"

namespace slipway::testing_support {
namespace {

constexpr const char* login_key =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEb1b7PTrQ0Z2gQRGl4dZt5yYh7nJZ5h4e1q2m9Qm0fV slipway-bench";

}  // namespace

OpenstackBench::OpenstackBench(std::string subnet_prefix) : prefix_(std::move(subnet_prefix)) {
  spec.name = "bench-" + random_hex(3);
  spec.path = "bench.yaml";
  spec.provider = "openstack";
  spec.provider_settings = {{"image", "debian-12"},           {"external_network", "public"},
                            {"subnet", prefix_ + ".0/24"},    {"floating_addresses", {"api", "bastion"}},
                            {"data_disk", uint64_t{1} << 30}, {"anti_affinity", "none"}};
  spec.network.endpoint = parse_address(prefix_ + ".10").value();
  spec.network.load_balancers = parse_range(prefix_ + ".200-" + prefix_ + ".219").value();
  spec.ssh.user = "debian";
  spec.ssh.sudo = true;
  spec.ssh.port = 22;
  Pool pool;
  pool.name = "workers";
  pool.count = 2;
  pool.size = {.cpus = 1, .memory_bytes = uint64_t{1} << 30, .disk_bytes = uint64_t{10} << 30};
  spec.pools = {pool};
}

std::unique_ptr<Provider> OpenstackBench::open() {
  Result<std::unique_ptr<Provider>> provider = make_openstack_provider(spec, options);
  EXPECT_TRUE(provider.ok()) << describe(provider.error());
  return provider.ok() ? std::move(*provider) : nullptr;
}

std::vector<MachineOrder> OpenstackBench::orders(size_t count) {
  std::vector<MachineOrder> orders;
  for (size_t i = 1; i <= count; ++i) {
    MachineOrder order;
    order.name = MachineName("w-" + std::to_string(i));
    order.pool = "workers";
    order.size = spec.pools[0].size;
    order.address = prefix_ + "." + std::to_string(10 + i);
    order.host_private_key = "-----BEGIN OPENSSH PRIVATE KEY-----\nnot a key " + std::to_string(i) + "\n";
    order.host_public_key = "ssh-ed25519 AAAAhost" + std::to_string(i);
    order.login_public_key = login_key;
    orders.push_back(std::move(order));
  }
  return orders;
}

RecordedOpenstack::RecordedOpenstack()
    : OpenstackBench("10.77.0"), cloud(std::string(SLIPWAY_SOURCE) + "/tests/openstack/recorded") {
  const std::map<std::string, std::string> variables = {{"OS_AUTH_URL", cloud.auth_url()},
                                                        {"OS_USERNAME", "demo"},
                                                        {"OS_PASSWORD", "not-a-password"},
                                                        {"OS_PROJECT_NAME", "demo"}};
  options.surroundings = {.variable = [variables](const std::string& name) -> std::optional<std::string> {
                            const auto found = variables.find(name);
                            return found == variables.end() ? std::nullopt : std::optional(found->second);
                          },
                          .folders = {}};
  options.first_poll = Milliseconds(5);
  options.in_use_limit = Milliseconds(100);
  options.list_lag = Milliseconds(200);
}

RealOpenstack::RealOpenstack() : OpenstackBench("10.99.91") {
  if (const char* cloud = std::getenv("SLIPWAY_OPENSTACK_CLOUD")) spec.provider_settings["cloud"] = cloud;
}

std::string RealOpenstack::skip_reason() const {
  const char* cloud = std::getenv("SLIPWAY_OPENSTACK_CLOUD");
  return cloud && *cloud ? "" : "SLIPWAY_OPENSTACK_CLOUD names no cloud (tests/run openstack sets it)";
}

}  // namespace slipway::testing_support
