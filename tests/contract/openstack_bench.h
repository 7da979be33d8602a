#pragma once
// Provider `openstack` in a place where it can be tried: the recorded cloud, or real services that the environment
// names.

#include <memory>
#include <string>

#include "providers/openstack/openstack_provider.h"

#include "tests/contract/provider_bench.h"
#include "tests/openstack/recorded_cloud.h"

namespace slipway::testing_support {

/// Own cluster name, subnet and keys. What its tests leave is removed by the contract suite.
class OpenstackBench : public ProviderBench {
 public:
  explicit OpenstackBench(std::string subnet_prefix);  ///< "10.99.91"

  std::string skip_reason() const override { return {}; }
  std::string cluster() const override { return spec.name; }
  std::unique_ptr<Provider> open() override;
  std::vector<MachineOrder> orders(size_t count) override;

  Spec spec;
  OpenstackOptions options;

 protected:
  std::string prefix_;
};

class RecordedOpenstack final : public OpenstackBench {
 public:
  RecordedOpenstack();
  RecordedCloud cloud;
};

/// The cloud that SLIPWAY_OPENSTACK_CLOUD names, as clouds.yaml or the variables give it.
class RealOpenstack final : public OpenstackBench {
 public:
  RealOpenstack();
  std::string skip_reason() const override;
};

}  // namespace slipway::testing_support
