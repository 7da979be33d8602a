#pragma once
// Clusters of provider `opennebula` against the simulator: a front-end, a user and a folder of their own.

#include "providers/opennebula/opennebula_provider.h"

#include "tests/contract/provider_bench.h"
#include "tests/opennebula/server.h"

namespace slipway::testing_support {

class OpenNebulaBench final : public ProviderBench {
 public:
  /// `from_template`: machines are made of a VM template, else of an image.
  explicit OpenNebulaBench(bool from_template = true);
  ~OpenNebulaBench() override;
  OpenNebulaBench(const OpenNebulaBench&) = delete;
  OpenNebulaBench& operator=(const OpenNebulaBench&) = delete;

  std::string skip_reason() const override { return {}; }
  std::string cluster() const override { return spec.name; }
  std::unique_ptr<Provider> open() override;
  std::vector<MachineOrder> orders(size_t count) override;

  one::Server server;
  Spec spec;
  std::map<std::string, std::vector<std::string>> held;  ///< Machine -> the addresses that it alone answers for.

 private:
  std::string folder_;
};

}  // namespace slipway::testing_support
