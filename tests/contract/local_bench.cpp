#include "tests/contract/local_bench.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/file.h"
#include "base/ids.h"
#include "base/process.h"
#include "providers/local/mounts.h"

namespace slipway::testing_support {

LocalBench::LocalBench(std::string subnet) {
  char name[] = "/tmp/slipway-local-bench-XXXXXX";
  folder_ = ::mkdtemp(name);
  spec_.name = "bench-" + random_hex(3);
  spec_.provider = "local";
  spec_.provider_settings = {{"subnet", std::move(subnet)}, {"release", "bookworm"}};
  Pool pool;
  pool.name = "workers";
  pool.count = 2;
  pool.size = {.cpus = 1, .memory_bytes = uint64_t{256} << 20, .disk_bytes = uint64_t{1} << 30};
  spec_.pools = {pool};
}

LocalBench::~LocalBench() { (void)local::remove_tree(folder_); }

std::string LocalBench::skip_reason() const { return ::geteuid() == 0 ? "" : "it needs root"; }

std::unique_ptr<Provider> LocalBench::open() {
  Result<std::unique_ptr<Provider>> provider = make_local_provider(spec_, {.data_directory = directory()});
  EXPECT_TRUE(provider.ok()) << describe(provider.error());
  return provider.ok() ? std::move(*provider) : nullptr;
}

std::string LocalBench::make_key(const std::string& name) {
  const std::string path = folder_ + "/" + name;
  if (::access(path.c_str(), F_OK) != 0) {
    const Result<std::string> made =
        run_or_fail({.arguments = {"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", path}});
    EXPECT_TRUE(made.ok()) << describe(made.error());
  }
  return path;
}

std::vector<MachineOrder> LocalBench::orders(size_t count) {
  std::vector<MachineOrder> orders;
  const std::string login = make_key("login");
  for (size_t i = 1; i <= count; ++i) {
    MachineOrder order;
    order.name = MachineName("w-" + std::to_string(i));
    order.pool = "workers";
    order.size = spec_.pools[0].size;
    const std::string key = make_key("host-" + order.name.text());
    order.host_private_key = read_file(key).value();
    // The comment is no part of what is pinned.
    const std::string line = read_file(key + ".pub").value();
    order.host_public_key = line.substr(0, line.find(' ', line.find(' ') + 1));
    order.login_public_key = read_file(login + ".pub").value();
    orders.push_back(order);
  }
  return orders;
}

}  // namespace slipway::testing_support
