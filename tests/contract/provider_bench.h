#pragma once
#include <memory>
#include <string>
#include <vector>

#include "providers/provider.h"

namespace slipway::testing_support {

/// A place in which a provider can be tried.
class ProviderBench {
 public:
  virtual ~ProviderBench() = default;
  /// Why this provider cannot be tried here, or empty.
  virtual std::string skip_reason() const = 0;
  virtual std::string cluster() const = 0;
  /// A provider as a new process would open it: it remembers nothing of earlier ones.
  virtual std::unique_ptr<Provider> open() = 0;
  /// Orders for this many small machines, the same at each call.
  virtual std::vector<MachineOrder> orders(size_t count) = 0;
};

}  // namespace slipway::testing_support
