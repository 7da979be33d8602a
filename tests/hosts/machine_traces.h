#pragma once
// What a cluster of provider `local` can leave on this machine, looked for by everything it could be known by. Other
// things may come and go on the machine meanwhile, so this asks for traces instead of comparing lists.

#include <string>
#include <vector>

namespace slipway::testing_support {

/// Lines that name interfaces, mounts, network namespaces, control groups, processes, firewall tables and files that
/// belong to the cluster with these names ("slw-1a2b3c" and its data folder).
std::vector<std::string> traces_of(const std::string& kernel_name, const std::string& data_directory);

/// The numbers of the network namespaces in which a process of the host with this control group lives.
std::vector<std::string> network_namespaces_of(const std::string& cgroup_name);
/// True while a process or a mount anywhere holds the network namespace ("net:[4026532177]").
bool namespace_lives(const std::string& network_namespace);

/// Processes in the host's control groups.
std::vector<int> processes_of(const std::string& cgroup_name);

}  // namespace slipway::testing_support
