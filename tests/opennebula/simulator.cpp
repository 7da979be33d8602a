// The simulator as a process, with each running machine paired to a local host:
//   one_simulator SUBNET DIRECTORY [filtered]     writes DIRECTORY/url when it serves; ends with SIGTERM, and takes its
//   hosts along

#include <atomic>
#include <csignal>
#include <iostream>
#include <thread>

#include "base/file.h"

#include "tests/opennebula/paired_hosts.h"
#include "tests/opennebula/server.h"

namespace slipway::testing_support::one {
namespace {

std::atomic<bool> stopping{false};

/// The lab, moved into the subnet: machines' addresses are its range.
void furnish_in(World& world, const Cidr& subnet, bool filtered) {
  furnish(world);
  world.hosts[2] = {.id = 2, .name = "host3"};
  SimNetwork& network = world.networks.at(0);
  network.ranges[0].first = Address{subnet.base.bits + 10};
  network.ranges[0].size = 200;
  set(network.attributes, "NETWORK_ADDRESS", to_string(subnet.base));
  for (const char* filter : {"FILTER_IP_SPOOFING", "FILTER_MAC_SPOOFING"})
    set(network.attributes, filter, filtered ? "YES" : "NO");
  set(network.attributes, "GATEWAY", to_string(Address{subnet.base.bits + 1}));
  set(network.attributes, "DNS", to_string(Address{subnet.base.bits + 1}));
}

int serve(const std::string& subnet_text, const std::string& directory, bool filtered) {
  const Result<Cidr> subnet = parse_cidr(subnet_text);
  if (!subnet) {
    std::cerr << describe(subnet.error()) << "\n";
    return 3;
  }
  std::signal(SIGTERM, [](int) { stopping = true; });
  std::signal(SIGINT, [](int) { stopping = true; });
  Server server({.step = Milliseconds(300), .scheduler = Milliseconds(2000)});
  server.with_world([&](World& world) { furnish_in(world, *subnet, filtered); });
  PairedHosts hosts("pair-" + std::to_string(subnet->base.bits >> 8 & 255), subnet_text, directory + "/pairs");
  if (!write_file_atomically(directory + "/url", server.url() + "\n").ok()) return 1;
  while (!stopping) {
    hosts.follow(server.with_world([](World& world) { return world.vms; }));
    std::this_thread::sleep_for(Milliseconds(100));
  }
  hosts.remove_all();
  return 0;
}

}  // namespace
}  // namespace slipway::testing_support::one

int main(int count, char** words) {
  const bool filtered = count == 4 && std::string(words[3]) == "filtered";
  if (count != 3 && !filtered) {
    std::cerr << "usage: one_simulator SUBNET DIRECTORY [filtered]\n";
    return 3;
  }
  return slipway::testing_support::one::serve(words[1], words[2], filtered);
}
