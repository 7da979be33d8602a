#pragma once
// What may stand in an upgrade's way, told before anything is touched. Pure: the verb asks, these judge. Every problem
// names what to do; one of kind approval_needed may be gone past with the named option.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "base/time.h"
#include "cluster/etcd_seats.h"
#include "cluster/release.h"

namespace slipway {

/// The names of --accept.
inline const std::vector<std::string> upgrade_concessions = {"backup", "bare-pods", "deprecated-apis"};

struct UpgradeQuestion {
  ClusterRelease release;  ///< From `running` to `to`.
  /// It was begun before: nodes that carry its cordon may be in any condition, and what was asked once at the beginning
  /// is not asked again.
  bool begun = false;
  int backup_hours = 6;  ///< How old etcd's newest backup may be.
  std::string spec_path;
};

/// The nodes of `machines`: there, Ready, of a kubelet that goes with the API server of `api_release` and with the
/// next.
std::vector<Error> node_problems(const UpgradeQuestion& question, const std::vector<std::string>& machines,
                                 const std::vector<Value>& nodes, const std::string& api_release);

/// Every member of etcd answers, one for each control plane; of an upgrade that was begun more than half of them.
std::vector<Error> etcd_problems(const UpgradeQuestion& question, const std::vector<EtcdSeat>& seats,
                                 size_t control_planes);
/// `newest`: of etcd's backups. Errors in it: approval_needed.
std::vector<Error> backup_age_problems(const UpgradeQuestion& question, std::optional<WallTime> newest, WallTime now);

/// Pods that would not leave their nodes: budgets that never let one go, or not for want of another node; pods that
/// nobody makes again (approval_needed). None in a cluster of one node, which is not drained.
std::vector<Error> drain_problems(const UpgradeQuestion& question, const std::vector<Value>& nodes,
                                  const std::vector<Value>& pods, const std::vector<Value>& budgets);

/// A script for every host that tells its room and, on a control plane, which deprecated APIs were asked for. Changes
/// nothing.
std::string upgrade_script();
/// What the hosts answered to it, by machine; `images`: bytes of the archive that each is sent.
std::vector<Error> room_problems(const std::map<std::string, std::string>& answers,
                                 const std::map<std::string, uint64_t>& images);
/// APIs that the next release lacks and that somebody asked for since an API server began (approval_needed). `later`
/// takes those that a release after it lacks: "flowschemas.flowcontrol.apiserver.k8s.io/v1beta3 (gone with 1.38)".
std::vector<Error> deprecation_problems(const UpgradeQuestion& question,
                                        const std::map<std::string, std::string>& answers,
                                        std::vector<std::string>& later);

}  // namespace slipway
