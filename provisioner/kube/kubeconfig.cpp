#include "kube/kubeconfig.h"

#include "base/digest.h"
#include "base/json.h"
#include "spec/yaml.h"

namespace slipway {

std::string kubeconfig_text(const KubeAccess& access, const std::string& cluster, const std::string& name_space) {
  const std::string user = "slipway-" + cluster, context = "slipway@" + cluster;
  Value endpoint = {{"server", access.server}, {"certificate-authority-data", base64_encode(access.ca_pem)}};
  if (!access.tls_name.empty()) endpoint["tls-server-name"] = access.tls_name;
  Value place = {{"cluster", cluster}, {"user", user}};
  if (!name_space.empty()) place["namespace"] = name_space;
  const Value config = {
      {"apiVersion", "v1"},
      {"kind", "Config"},
      {"clusters", Value::array({{{"name", cluster}, {"cluster", endpoint}}})},
      {"contexts", Value::array({{{"name", context}, {"context", std::move(place)}}})},
      {"current-context", context},
      {"users", Value::array({{{"name", user},
                               {"user",
                                {{"client-certificate-data", base64_encode(access.client_certificate_pem)},
                                 {"client-key-data", base64_encode(access.client_key_pem.reveal())}}}}})}};
  return emit_yaml(config);
}

}  // namespace slipway
