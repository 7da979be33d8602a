#pragma once
#include <memory>
#include <string>

#include "http/message.h"
#include "kube/access.h"

namespace slipway {

/// How a request reaches an API server. Tests answer from memory.
/// Errors: as HttpClient; an answer of any status is a value. Threads: any.
class ApiTransport {
 public:
  virtual ~ApiTransport() = default;
  virtual Result<HttpResponse> send(const HttpRequest& request) = 0;
};

/// Over HTTPS with the access' certificate authority and client certificate. Connections stay open between requests.
/// Private and loopback addresses are reached directly, whatever the environment says of proxies.
std::unique_ptr<ApiTransport> make_http_transport(const KubeAccess& access);

}  // namespace slipway
