#include "ports/hosts.h"

namespace slipway {

Value to_value(const HostAccess& access) {
  return {{"machine", access.machine.text()},
          {"address", access.address},
          {"port", access.port},
          {"user", access.user},
          {"sudo", access.sudo},
          {"jump", access.jump},
          {"jump_host_keys", access.jump_host_keys},
          {"host_keys", access.host_keys}};
}

Result<HostAccess> host_access_from(const Value& value) {
  try {
    HostAccess access;
    access.machine = MachineName(value.at("machine").get<std::string>());
    access.address = value.at("address").get<std::string>();
    access.port = value.at("port").get<uint16_t>();
    access.user = value.at("user").get<std::string>();
    access.sudo = value.value("sudo", false);
    access.jump = value.value("jump", "");
    access.jump_host_keys = value.value("jump_host_keys", std::vector<std::string>{});
    access.host_keys = value.value("host_keys", std::vector<std::string>{});
    return access;
  } catch (const Value::exception& problem) {
    return fail(ErrorKind::corrupt, "unreadable host access", {.found = problem.what()});
  }
}

}  // namespace slipway
