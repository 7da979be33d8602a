#include "tests/opennebula/server.h"

namespace slipway::testing_support::one {

void furnish(World& world) {
  world.users[2] = {.id = 2, .gid = 100, .name = "prov", .password = "s3cr:et", .group = "tenants"};
  world.users[3] = {.id = 3, .gid = 101, .name = "bare", .password = "pw", .group = "bare", .may_create = false};
  world.hosts[0] = {.id = 0, .name = "host1"};
  world.hosts[1] = {.id = 1, .name = "host2"};
  SimImage image;
  image.id = 0;
  image.name = "debian12";
  image.size_mb = 2048;
  image.registered = world.wall_seconds();
  image.permissions.other_u = 1;
  set(image.attributes, "DESCRIPTION", "base");
  set(image.attributes, "DEV_PREFIX", "sd");
  world.images[0] = image;
  world.next_image = 1;
  SimNetwork network;
  network.id = 0;
  network.name = "private";
  network.permissions.other_u = 1;
  for (const auto& [key, value] :
       std::initializer_list<std::pair<const char*, const char*>>{{"BRIDGE", "br0"},
                                                                  {"BRIDGE_TYPE", "linux"},
                                                                  {"DNS", "10.10.0.2"},
                                                                  {"GATEWAY", "10.10.0.1"},
                                                                  {"NETWORK_ADDRESS", "10.10.0.0"},
                                                                  {"NETWORK_MASK", "255.255.255.0"},
                                                                  {"OUTER_VLAN_ID", ""},
                                                                  {"PHYDEV", ""},
                                                                  {"SECURITY_GROUPS", "0"},
                                                                  {"VLAN_ID", ""},
                                                                  {"VN_MAD", "dummy"}})
    set(network.attributes, key, value);
  SimRange range;
  range.first = parse_address("10.10.0.100").value();
  range.size = 40;
  network.ranges.push_back(range);
  world.networks[0] = network;
  world.next_network = 1;
  SimTemplate node;
  node.id = 0;
  node.name = "k8s-node";
  node.permissions.other_u = 1;
  node.registered = world.wall_seconds();
  node.attributes = std::get<Template>(parse_template(
      "CPU=\"1\" VCPU=\"2\" MEMORY=\"1024\" DISK=[IMAGE_ID=\"0\",SIZE=\"4096\"] NIC=[NETWORK_ID=\"0\"] "
      "CONTEXT=[NETWORK=\"YES\",SSH_PUBLIC_KEY=\"$USER[SSH_PUBLIC_KEY]\",SET_HOSTNAME=\"$NAME\",START_SCRIPT_BASE64="
      "\"IyEvYmluL3NoCmVjaG8gaGkK\"] GRAPHICS=[TYPE=\"VNC\",LISTEN=\"127.0.0.1\"] LABELS=\"k8s\""));
  world.templates[0] = node;
  world.next_template = 1;
}

}  // namespace slipway::testing_support::one
