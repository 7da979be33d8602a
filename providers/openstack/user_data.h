#pragma once
#include <string>

#include "providers/provider.h"

namespace slipway::openstack {

struct UserDataWish {
  std::string login_user = "root";
  std::string data_volume{};  ///< Id of the volume to format once and mount, or empty.
};

/// What cloud-init does at the first boot: host name, our host key, the login key. Holds the private host key: a
/// secret.
std::string user_data(const MachineOrder& order, const UserDataWish& wish);

}  // namespace slipway::openstack
