#include "tests/contract/local_bench.h"
#include "tests/contract/provider_contract.h"

namespace slipway::testing_support {
namespace {

std::unique_ptr<ProviderBench> make_local_bench() { return std::make_unique<LocalBench>("10.213.71.0/24"); }

INSTANTIATE_TEST_SUITE_P(Providers, ProviderContract, ::testing::Values(BenchMaker{"local", make_local_bench}),
                         bench_name);

}  // namespace
}  // namespace slipway::testing_support
