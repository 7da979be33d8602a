#pragma once
#include "base/json.h"
#include "cluster/members.h"
#include "cluster/versions.h"
#include "spec/spec.h"

namespace slipway {

inline constexpr int api_port = 6443;
/// Whether add-on cloud_controller tells the cluster what the cloud knows of its nodes: kubelets and Node objects are
/// kept accordingly.
bool has_cloud_controller(const Spec& spec);

/// What every host's playbooks may name: the cluster's settings. No secrets, and nothing about other workers.
Value cluster_variables(const Spec& spec, const Membership& membership, const Versions& versions);
/// What is the member's own: its name, address, role, and, on a control plane, the other control planes.
Value member_variables(const Spec& spec, const Membership& membership, const Member& member);
/// Both in one.
Value host_variables(const Spec& spec, const Membership& membership, const Member& member, const Versions& versions);
/// What manifests may name: ${network.pods}, ${images.flannel}, ${addons.NAME.KEY}, …
Value manifest_variables(const Spec& spec, const Membership& membership, const Versions& versions);

}  // namespace slipway
