#include "artifacts/machine.h"

#include <algorithm>
#include <array>
#include <sys/statvfs.h>
#include <sys/utsname.h>

#include "base/text.h"

namespace slipway {

std::string machine_architecture() {
  utsname names{};
  ::uname(&names);
  const std::string machine(names.machine);
  if (machine == "x86_64") return "amd64";
  if (machine == "aarch64") return "arm64";
  return machine;
}

Result<void> require_space(const std::string& directory, uint64_t bytes, const std::string& purpose) {
  struct statvfs disk {};
  if (::statvfs(directory.c_str(), &disk) != 0) return {};
  const uint64_t free_bytes = static_cast<uint64_t>(disk.f_bavail) * disk.f_frsize;
  if (free_bytes >= bytes) return {};
  return fail(ErrorKind::quota, "not enough disk space for " + purpose,
              {.found = format_bytes(free_bytes) + " free",
               .expected = "at least " + format_bytes(bytes),
               .advice = "free disk space, or set SLIPWAY_CACHE to a folder on a larger disk",
               .where = directory});
}

ErrorKind kind_of_build_failure(std::string_view output) {
  const auto says_one_of = [&](auto... phrases) { return ((output.find(phrases) != std::string_view::npos) || ...); };
  if (says_one_of("No space left on device", "no space left on device")) return ErrorKind::quota;
  if (says_one_of("SECURITY ERROR", "checksum mismatch", "Hash Sum mismatch", "NO_PUBKEY", "is not signed"))
    return ErrorKind::verification;
  if (says_one_of("dial tcp", "i/o timeout", "connection refused", "no such host", "TLS handshake timeout",
                  "connection reset", "unexpected EOF", "proxyconnect", "Bad Gateway", "Service Unavailable", "502 ",
                  "503 ", "Could not resolve", "Could not connect", "Failed to fetch", "Connection failed",
                  "Temporary failure"))
    return ErrorKind::unavailable;
  return ErrorKind::internal;
}

Error explain_build_failure(Error error) {
  if (error.kind == ErrorKind::internal && error.output) error.kind = kind_of_build_failure(*error.output);
  return error;
}

}  // namespace slipway
