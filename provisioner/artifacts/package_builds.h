#pragma once
// Programs out of a Debian package, and small ones of our own in C.

#include <string>

#include "artifacts/cache.h"
#include "artifacts/catalogue.h"
#include "base/result.h"
#include "base/time.h"

namespace slipway {

/// Takes one file out of the package that this machine's apt offers, which apt has verified by its signed index.
/// Answers the package's version. REQUIRES: binary.debian.
/// Errors: not_found (no apt, no such package or member, another architecture), unavailable, verification, timeout.
Result<std::string> take_from_debian(const Binary& binary, const std::string& architecture,
                                     const std::string& work_folder, const std::string& destination, Deadline deadline);

/// Compiles one C file with the first C compiler found. Answers the compiler's name. REQUIRES: binary.c.
/// Errors: not_found (no compiler; what to install), timeout, internal.
Result<std::string> compile_c(const Binary& binary, const Catalogue& catalogue, const std::string& destination,
                              Deadline deadline);

}  // namespace slipway
