#include "tests/contract/opennebula_bench.h"
#include "tests/contract/provider_contract.h"

namespace slipway::testing_support {
namespace {

std::unique_ptr<ProviderBench> from_template() { return std::make_unique<OpenNebulaBench>(true); }
std::unique_ptr<ProviderBench> from_image() { return std::make_unique<OpenNebulaBench>(false); }

INSTANTIATE_TEST_SUITE_P(Providers, ProviderContract,
                         ::testing::Values(BenchMaker{"opennebula_template", from_template},
                                           BenchMaker{"opennebula_image", from_image}),
                         bench_name);

}  // namespace
}  // namespace slipway::testing_support
