#pragma once
#include "cli/options.h"

namespace slipway {

/// "0.1.0"; plans are bound to it.
const char* version();
/// The verb: version, compiler, build type.
int print_version(const Options& options);

}  // namespace slipway
