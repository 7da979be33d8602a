#include "tests/contract/openstack_bench.h"
#include "tests/contract/provider_contract.h"

namespace slipway::testing_support {
namespace {

INSTANTIATE_TEST_SUITE_P(
    Providers, ProviderContract,
    ::testing::Values(BenchMaker{"openstack_recorded", [] { return std::make_unique<RecordedOpenstack>(); }},
                      BenchMaker{"openstack_real", [] { return std::make_unique<RealOpenstack>(); }}),
    bench_name);

}  // namespace
}  // namespace slipway::testing_support
