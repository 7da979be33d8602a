#pragma once
// What this machine is and has, as far as builds ask.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace slipway {

/// "amd64" or "arm64" as Go and Debian name them; any other machine's own word for itself.
std::string machine_architecture();

/// Errors: quota, with what is free and what is needed.
Result<void> require_space(const std::string& directory, uint64_t bytes, const std::string& purpose);

/// What a failed build tool's output says about the reason: unavailable (it could not reach its registry), quota (disk
/// full), verification (a checksum), otherwise internal.
ErrorKind kind_of_build_failure(std::string_view output);

/// `error` with the kind that its output speaks of, and the tool's last lines kept.
Error explain_build_failure(Error error);

}  // namespace slipway
