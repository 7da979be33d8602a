#include <filesystem>
#include <unistd.h>

#include "base/ids.h"
#include "providers/simulated/simulated_provider.h"

#include "tests/contract/provider_contract.h"

namespace slipway::testing_support {
namespace {

class SimulatedBench final : public ProviderBench {
 public:
  SimulatedBench() {
    char name[] = "/tmp/slipway-simulated-bench-XXXXXX";
    folder_ = ::mkdtemp(name);
    spec_.name = "bench-" + random_hex(3);
    spec_.provider = "simulated";
    spec_.provider_settings = {{"machines", 100}, {"seed", 1}, {"latency_ms", 20}};
  }
  ~SimulatedBench() override {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  SimulatedBench(const SimulatedBench&) = delete;
  SimulatedBench& operator=(const SimulatedBench&) = delete;

  std::string skip_reason() const override { return ""; }
  std::string cluster() const override { return spec_.name; }
  std::unique_ptr<Provider> open() override {
    Result<std::unique_ptr<Provider>> provider = make_simulated_provider(spec_, {.directory = folder_ + "/world"});
    EXPECT_TRUE(provider.ok()) << describe(provider.error());
    return provider.ok() ? std::move(*provider) : nullptr;
  }
  std::vector<MachineOrder> orders(size_t count) override {
    std::vector<MachineOrder> orders(count);
    for (size_t i = 0; i < count; ++i) {
      orders[i].name = MachineName("w-" + std::to_string(i + 1));
      orders[i].pool = "workers";
      orders[i].size = {.cpus = 1, .memory_bytes = uint64_t{1} << 30, .disk_bytes = uint64_t{10} << 30};
      orders[i].host_public_key = "ssh-ed25519 KEY" + std::to_string(i);
    }
    return orders;
  }

 private:
  std::string folder_;
  Spec spec_;
};

INSTANTIATE_TEST_SUITE_P(Providers, ProviderContract,
                         ::testing::Values(BenchMaker{"simulated", [] { return std::make_unique<SimulatedBench>(); }}),
                         bench_name);

}  // namespace
}  // namespace slipway::testing_support
