#pragma once
// Who we are to an OpenStack cloud, found where its users keep it: clouds.yaml with secure.yaml, or OS_* variables.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/secret.h"

namespace slipway::openstack {

struct Credentials {
  std::string origin;  ///< "cloud 'lab' of /etc/openstack/clouds.yaml": for messages.
  std::string auth_url;
  std::string auth_type;  ///< "password", "v3applicationcredential" or "token".
  std::string user_id{}, user_name{}, user_domain_id{}, user_domain_name{};
  Secret password{};
  std::string application_credential_id{}, application_credential_name{};
  Secret application_credential_secret{};
  Secret token{};
  std::string project_id{}, project_name{}, project_domain_id{}, project_domain_name{};
  std::string region{};
  std::string interface = "public";
  std::string ca_file{}, certificate_file{}, key_file{};
  bool insecure = false;
};

/// Where to look. Tests hand in their own.
struct Surroundings {
  std::function<std::optional<std::string>(const std::string& variable)> variable;
  /// Searched in this order for clouds.yaml and secure.yaml; the first that holds the file is taken.
  std::vector<std::string> folders;
};
/// The process's environment; `.`, ~/.config/openstack, /etc/openstack.
Surroundings real_surroundings();

/// `cloud` empty: OS_CLOUD, else the OS_* variables where OS_AUTH_URL is set, else the only cloud of clouds.yaml.
/// With a cloud, OS_* variables other than OS_CLOUD and OS_CLIENT_CONFIG_FILE are not looked at.
/// Errors: not_found (no such file or cloud; candidates named), bad_input (unreadable, a needed value is missing, an
/// authentication type we do not know).
Result<Credentials> find_credentials(const std::string& cloud, const Surroundings& where);

}  // namespace slipway::openstack
