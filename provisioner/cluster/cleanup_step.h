#pragma once
#include <memory>
#include <string>

#include "cluster/shelf.h"

namespace slipway {

/// Takes the cluster off a host that is not ours to delete: kubeadm reset, our files and rules out, packages stay
/// (playbooks/cleanup.yaml). `access`: the HostAccess that state recorded. Errors: corrupt, not_found, bad_input.
Result<std::unique_ptr<Step>> make_cleanup_step(Shelf& shelf, const std::string& cluster, const Value& access);

/// Deletes one folder of a host that stays. Errors: corrupt (the access).
Result<std::unique_ptr<Step>> make_folder_removal(Shelf& shelf, const std::string& cluster, const std::string& path,
                                                  const Value& access);

/// A playbook of `shelf` on a host as state recorded it, for what leaves. Errors: corrupt, not_found, bad_input.
Result<std::unique_ptr<Step>> make_recorded_step(Shelf& shelf, const std::string& cluster, const std::string& playbook,
                                                 const Value& variables, const Value& access);

}  // namespace slipway
