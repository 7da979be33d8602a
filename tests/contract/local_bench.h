#pragma once
// Clusters of provider `local` for tests: own name, own folder, own subnet, own keys.

#include <string>

#include "providers/local/local_provider.h"

#include "tests/contract/provider_bench.h"

namespace slipway::testing_support {

class LocalBench final : public ProviderBench {
 public:
  explicit LocalBench(std::string subnet);
  ~LocalBench() override;
  LocalBench(const LocalBench&) = delete;
  LocalBench& operator=(const LocalBench&) = delete;

  std::string skip_reason() const override;
  std::string cluster() const override { return spec_.name; }
  std::unique_ptr<Provider> open() override;
  std::vector<MachineOrder> orders(size_t count) override;

  std::string directory() const { return folder_ + "/local"; }
  std::string login_key() const { return folder_ + "/login"; }
  const Spec& spec() const { return spec_; }

 private:
  std::string make_key(const std::string& name);

  std::string folder_;
  Spec spec_;
};

}  // namespace slipway::testing_support
