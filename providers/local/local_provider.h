#pragma once
// Provider `local`: real Debian hosts on this machine, as system containers under systemd-nspawn.
//
// A host is its process tree. A keeper process makes a network namespace and a mount namespace, mounts the overlay
// there and runs systemd-nspawn; when its processes die, the namespaces, the mounts and the network cable die with
// them. What remains of a host is a folder and empty cgroups. That is what makes kill -9 and a power cut harmless, and
// destroy exact.
//
//   DATA/network.json                      the cluster's network and its names in the kernel
//   DATA/machines/workers-1/machine.json   written first, with the mark; fields as asked for
//                          /upper /work    the host's own files over the shared base image
//                          /data/…         folders on a real filesystem: containerd, etcd, kubelet
//                          /keeper.json    its process and when that started
//                          /console.log    what its boot printed
//
// Kinds: "image" (fields release, digest), "network" (subnet, state), "machine" (address, release, cpus, memory_bytes,
// disk_bytes, state). A name exists once: creating a living name is a conflict, so there are no twins here.
// cpus is a weight (no quota: a small machine is not slowed down), memory_bytes a limit of the host's cgroup,
// disk_bytes is recorded and not enforced. Programs in a host still see the whole machine's cores and memory in /proc.
// Hosts are logged into as root.

#include <memory>

#include "providers/provider.h"

namespace slipway {

struct LocalOptions {
  std::string data_directory;  ///< ".slipway/demo/local"; made when needed, removed with the last host.
};

/// A spec that holds only a name is enough for listing and removing.
/// Errors: bad_input (settings under `local:`).
Result<std::unique_ptr<Provider>> make_local_provider(const Spec& spec, const LocalOptions& options);

}  // namespace slipway
