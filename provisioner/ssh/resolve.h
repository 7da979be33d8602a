#pragma once
#include <cstdint>
#include <string>
#include <sys/socket.h>
#include <vector>

#include "base/result.h"

namespace slipway::ssh {

struct SocketAddress {
  sockaddr_storage bytes{};
  socklen_t size = 0;
};

/// How errors call a place: "root@10.0.0.5:22", "root@[fe80::1]:22".
std::string label_of(const std::string& user, const std::string& address, uint16_t port);

/// True for "10.0.0.5" and "fe80::1", which need no name server.
bool is_numeric_address(const std::string& address);

/// Every stream address of a name or a numeric address, in the system's order of preference. A name may take as long
/// as the system's resolver allows itself. Errors: unavailable. Any thread.
Result<std::vector<SocketAddress>> resolve(const std::string& address, uint16_t port);

}  // namespace slipway::ssh
