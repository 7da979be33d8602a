#include "kube/kubeconfig.h"

#include "base/digest.h"
#include "base/json.h"
#include "spec/yaml.h"

namespace slipway {

std::string kubeconfig_text(const KubeAccess& access, const std::string& cluster) {
  const std::string user = "slipway-" + cluster, context = "slipway@" + cluster;
  Value endpoint = {{"server", access.server}, {"certificate-authority-data", base64_encode(access.ca_pem)}};
  if (!access.tls_name.empty()) endpoint["tls-server-name"] = access.tls_name;
  const Value config = {
      {"apiVersion", "v1"},
      {"kind", "Config"},
      {"clusters", Value::array({{{"name", cluster}, {"cluster", endpoint}}})},
      {"contexts", Value::array({{{"name", context}, {"context", {{"cluster", cluster}, {"user", user}}}}})},
      {"current-context", context},
      {"users", Value::array({{{"name", user},
                               {"user",
                                {{"client-certificate-data", base64_encode(access.client_certificate_pem)},
                                 {"client-key-data", base64_encode(access.client_key_pem.reveal())}}}}})}};
  return emit_yaml(config);
}

}  // namespace slipway
