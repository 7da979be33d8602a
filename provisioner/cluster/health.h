#pragma once
// What may be wrong with a cluster that its spec does not speak of: clocks, disks, packet sizes, names, pods, leaders,
// versions. Pure: `doctor` asks, these judge. Every problem names the next command.

#include <map>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "base/time.h"

namespace slipway {

/// A script that reads what host_problems judges, for every host alike. `dns_address`: the cluster's name server.
std::string health_script(const std::string& dns_address);

/// What the hosts answered, and between which two moments here.
struct HostAnswers {
  std::map<std::string, std::string> text;  ///< By machine.
  WallTime asked, answered;
};
std::vector<Error> host_problems(const HostAnswers& answers, const std::string& spec_path);

/// Pods that wait, crash or end for too long; ten at most, and how many more.
std::vector<Error> pod_problems(const std::vector<Value>& pods, WallTime now, const std::string& spec_path);
/// The controllers' leases: one that nobody renews has no leader.
std::vector<Error> leader_problems(const std::vector<Value>& leases, WallTime now, const std::string& spec_path);
/// Nodes whose kubelet is of another version than the spec's, and the API server's own.
std::vector<Error> version_problems(const std::vector<Value>& nodes, const std::string& api_version,
                                    const std::string& wanted, const std::string& spec_path);

}  // namespace slipway
