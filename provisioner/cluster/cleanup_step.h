#pragma once
#include <memory>
#include <string>

#include "cluster/shelf.h"

namespace slipway {

/// Takes the cluster off a host that is not ours to delete: kubeadm reset, our files and rules out, packages stay
/// (playbooks/cleanup.yaml). `access`: the HostAccess that state recorded. Errors: corrupt, not_found, bad_input.
Result<std::unique_ptr<Step>> make_cleanup_step(Shelf& shelf, const std::string& cluster, const Value& access);

}  // namespace slipway
