#include "providers/openstack/user_data.h"

#include "base/json.h"
#include "base/text.h"

namespace slipway::openstack {
namespace {

/// Where a virtio disk of that volume appears in the guest.
std::string device_of(const std::string& volume) { return "/dev/disk/by-id/virtio-" + volume.substr(0, 20); }

}  // namespace

std::string user_data(const MachineOrder& order, const UserDataWish& wish) {
  Value user = {{"name", wish.login_user},
                {"ssh_authorized_keys", Value::array({std::string(trim(order.login_public_key))})}};
  if (wish.login_user != "root") {
    user["sudo"] = "ALL=(ALL) NOPASSWD:ALL";
    user["shell"] = "/bin/bash";
    user["lock_passwd"] = true;
  }
  Value config = {{"hostname", order.name.text()},
                  {"preserve_hostname", false},
                  {"disable_root", wish.login_user != "root"},
                  {"ssh_pwauth", false},
                  {"users", Value::array({std::move(user)})}};
  if (!order.host_private_key.empty()) {
    config["ssh_deletekeys"] = true;
    config["ssh_keys"] = {{"ed25519_private", order.host_private_key}, {"ed25519_public", order.host_public_key}};
  }
  if (!wish.data_volume.empty()) {
    config["fs_setup"] = Value::array({{{"device", device_of(wish.data_volume)},
                                        {"filesystem", "ext4"},
                                        {"label", "slipway-data"},
                                        {"overwrite", false}}});
    config["mounts"] = Value::array(
        {Value::array({device_of(wish.data_volume), "/var/lib/slipway/volumes", "ext4", "defaults,nofail", "0", "2"})});
  }
  // JSON is YAML, and quotes itself.
  return "#cloud-config\n" + config.dump(1) + "\n";
}

}  // namespace slipway::openstack
