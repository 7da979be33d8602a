#pragma once
#include <string>

#include "kube/access.h"

namespace slipway {

/// A kubeconfig that plain kubectl uses, with certificate and key inside: keep it 0600. Cluster, context and user are
/// named `cluster`, "slipway@CLUSTER", "slipway-CLUSTER", so that several files can be merged.
/// `name_space`: what kubectl looks into where nothing is said; empty: default.
std::string kubeconfig_text(const KubeAccess& access, const std::string& cluster, const std::string& name_space = "");

}  // namespace slipway
