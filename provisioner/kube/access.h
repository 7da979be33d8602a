#pragma once
#include <functional>
#include <string>
#include <vector>

#include "base/secret.h"

namespace slipway {

/// How a cluster's API is reached, and as whom: by a client certificate. Values; any thread.
struct KubeAccess {
  std::string server;                           ///< "https://10.99.0.10:6443"
  std::vector<std::string> fallback_servers{};  ///< Each control plane's own address; tried while `server` is away.
  /// "api.demo.internal" in a fallback server stands for the address that `outside_address` answers when it is tried:
  /// one that a cloud gives only while the cluster is being made. Empty: not known yet.
  std::string outside_name{};
  std::function<std::string()> outside_address{};
  /// The name that the server's certificate must carry; empty: the host of the URL that is used.
  std::string tls_name{};
  std::string ca_pem{};
  std::string client_certificate_pem{};
  Secret client_key_pem{};
};

}  // namespace slipway
