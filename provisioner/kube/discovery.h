#pragma once
#include <map>
#include <string>
#include <utility>

#include "base/result.h"
#include "ports/cluster.h"

namespace slipway {

/// Where the objects of one kind live in the API.
struct ApiResource {
  std::string prefix;  ///< "/api/v1", "/apis/apps/v1"
  std::string plural;  ///< "deployments"
  bool namespaced = false;
};

/// Which kinds a cluster's API serves, read from its aggregated discovery documents (apidiscovery.k8s.io/v2).
class Discovery {
 public:
  /// The value of the Accept header that asks for such a document.
  static constexpr const char* accept =
      "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";

  /// Adds the kinds of one document, the answer to GET /api or /apis. Errors: corrupt.
  Result<void> add(const std::string& document);
  /// Null for a kind that is not served.
  const ApiResource* find(const std::string& api_version, const std::string& kind) const;
  size_t size() const { return resources_.size(); }

 private:
  std::map<std::pair<std::string, std::string>, ApiResource> resources_;
};

/// "/apis/apps/v1/namespaces/kube-system/deployments/coredns"; without a name the collection, without a namespace the
/// collection of all namespaces. Errors: bad_input (a namespaced object without a namespace).
Result<std::string> path_of(const ApiResource& resource, const ObjectKey& key);

}  // namespace slipway
