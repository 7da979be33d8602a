#pragma once
// The catalogue of a token: which service answers where.

#include <map>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace slipway::openstack {

enum class Service { compute, network, image, volume };
/// "compute", "network", "image", "block storage"
std::string_view name(Service service);

class Catalogue {
 public:
  /// `token`: the member `token` of Keystone's answer. `region` empty: the only one.
  /// Errors: bad_input (several regions and none chosen, or no such region; they are named).
  static Result<Catalogue> read(const Value& token, const std::string& region, const std::string& interface);

  /// The service's base URL with its version, without a slash at the end. Errors: not_found.
  Result<std::string> base(Service service) const;
  const std::string& region() const { return region_; }

 private:
  std::map<std::string, std::string> urls_;  ///< Type -> URL as the catalogue has it.
  std::string region_, interface_, project_;
};

/// Keystone's URL for tokens, whatever ending `auth_url` has.
std::string token_url(std::string auth_url);

}  // namespace slipway::openstack
