#include "tests/contract/opennebula_bench.h"

#include <filesystem>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/file.h"

namespace slipway::testing_support {

OpenNebulaBench::OpenNebulaBench(bool from_template) : server({.step = Milliseconds(4), .scheduler = Milliseconds(8)}) {
  server.with_world([](one::World& world) { one::furnish(world); });
  char name[] = "/tmp/slipway-one-bench-XXXXXX";
  folder_ = ::mkdtemp(name);
  EXPECT_TRUE(write_file_atomically(folder_ + "/one_auth", "prov:s3cr:et\n", 0600).ok());
  spec.name = "bench";
  spec.path = folder_ + "/spec.yaml";
  spec.provider = "opennebula";
  spec.provider_settings = {{"endpoint", server.url()}, {"auth_file", folder_ + "/one_auth"},
                            {"network", "private"},     {"subnet", "10.10.0.0/24"},
                            {"anti_affinity", true},    {"addresses", "10.10.0.100-10.10.0.119"}};
  spec.provider_settings[from_template ? "template" : "image"] = from_template ? "k8s-node" : "debian12";
  spec.network.endpoint = parse_address("10.10.0.120").value();
  spec.network.load_balancers = parse_range("10.10.0.130-10.10.0.133").value();
  Pool pool;
  pool.name = "w";
  pool.count = 2;
  pool.size = {.cpus = 1, .memory_bytes = uint64_t{256} << 20, .disk_bytes = uint64_t{4} << 30};
  spec.pools = {pool};
}

OpenNebulaBench::~OpenNebulaBench() { std::filesystem::remove_all(folder_); }

std::unique_ptr<Provider> OpenNebulaBench::open() {
  Result<std::unique_ptr<Provider>> provider = make_opennebula_provider(spec, {.poll = Milliseconds(3)});
  EXPECT_TRUE(provider.ok()) << describe(provider.error());
  return provider.ok() ? std::move(*provider) : nullptr;
}

std::vector<MachineOrder> OpenNebulaBench::orders(size_t count) {
  std::vector<MachineOrder> orders;
  for (size_t i = 1; i <= count; ++i) {
    const std::string number = std::to_string(i);
    MachineOrder order;
    order.name = MachineName("w-" + number);
    order.pool = "w";
    order.size = spec.pools[0].size;
    order.address = "10.10.0.10" + number;
    order.host_private_key =
        "-----BEGIN OPENSSH PRIVATE KEY-----\nonly-a-test-" + number + "\n-----END OPENSSH PRIVATE KEY-----\n";
    order.host_public_key = "ssh-ed25519 AAAAC3host" + number;
    order.login_public_key = "ssh-ed25519 AAAAC3login slipway";
    if (const auto addresses = held.find(order.name.text()); addresses != held.end())
      order.held_addresses = addresses->second;
    orders.push_back(order);
  }
  return orders;
}

}  // namespace slipway::testing_support
