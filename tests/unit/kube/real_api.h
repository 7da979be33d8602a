#pragma once
// A real API server for tests that compare the fake with the truth, or that need more kinds than the fake knows: named
// by a kubeconfig in SLIPWAY_TEST_KUBECONFIG. Tests write to a namespace of their own.

#include <cstdlib>
#include <gtest/gtest.h>
#include <string>

#include "base/digest.h"
#include "base/file.h"

#include "fake_api.h"

namespace slipway::testing {

inline const char* real_kubeconfig() { return std::getenv("SLIPWAY_TEST_KUBECONFIG"); }

inline KubeAccess access_from(const std::string& kubeconfig) {
  const auto content = [](const Value& from, const std::string& key) {
    if (from.contains(key + "-data")) return base64_decode(text_at(from, (key + "-data").c_str())).value();
    return read_file(text_at(from, key.c_str())).value();
  };
  const Value config = yaml(read_file(kubeconfig).value());
  const Value cluster = config["clusters"][0]["cluster"], user = config["users"][0]["user"];
  return {.server = text_at(cluster, "server"),
          .tls_name = text_at(cluster, "tls-server-name"),
          .ca_pem = content(cluster, "certificate-authority"),
          .client_certificate_pem = content(user, "client-certificate"),
          .client_key_pem = Secret(content(user, "client-key"))};
}

}  // namespace slipway::testing
