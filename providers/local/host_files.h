#pragma once
#include <string>

#include "base/result.h"
#include "providers/provider.h"

namespace slipway::local {

/// What makes a host this host and no other, as files of its own layer over the base image: name, machine id, addresses
/// of itself, name servers, its SSH host key, and the key that may log in. Written while the host does not run.
/// Files that exist are kept where they carry identity (machine id), and written anew where the order decides.
Result<void> write_host_files(const std::string& upper, const MachineOrder& order, const std::string& address);

/// Name servers of this machine that a host on a bridge can reach, as a resolv.conf.
std::string resolv_conf_for_hosts(const std::string& machine_text, const std::string& systemd_resolved_text);

}  // namespace slipway::local
