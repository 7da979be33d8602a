#include "ssh/resolve.h"

#include <cstring>
#include <memory>
#include <netdb.h>

namespace slipway::ssh {
namespace {

using AddressList = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

int look_up(const std::string& address, const std::string& port, int flags, AddressList& list) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags | AI_NUMERICSERV;
  addrinfo* first = nullptr;
  const int status = getaddrinfo(address.c_str(), port.c_str(), &hints, &first);
  list.reset(first);
  return status;
}

}  // namespace

std::string label_of(const std::string& user, const std::string& address, uint16_t port) {
  const bool brackets = address.find(':') != std::string::npos;
  return user + "@" + (brackets ? "[" + address + "]" : address) + ":" + std::to_string(port);
}

bool is_numeric_address(const std::string& address) {
  AddressList list(nullptr, freeaddrinfo);
  return look_up(address, "22", AI_NUMERICHOST, list) == 0;
}

Result<std::vector<SocketAddress>> resolve(const std::string& address, uint16_t port) {
  AddressList list(nullptr, freeaddrinfo);
  const int status = look_up(address, std::to_string(port), 0, list);
  if (status != 0)
    return fail(ErrorKind::unavailable, "the host's name has no address",
                {.found = gai_strerror(status),
                 .expected = "a name that DNS or /etc/hosts knows, or an IP address",
                 .advice = "getent hosts " + address,
                 .where = address});
  std::vector<SocketAddress> found;
  for (const addrinfo* entry = list.get(); entry != nullptr; entry = entry->ai_next) {
    SocketAddress one;
    std::memcpy(&one.bytes, entry->ai_addr, entry->ai_addrlen);
    one.size = entry->ai_addrlen;
    found.push_back(one);
  }
  return found;
}

}  // namespace slipway::ssh
