#pragma once
// Where a verb finds its spec, its state, and what was installed with the program.

#include <string>

#include "cli/options.h"

namespace slipway {

/// The spec's path as the user means it: the argument, SLIPWAY_SPEC, ./slipway.yaml.
std::string spec_path(const Options& options);
/// The state's folder for a spec.
std::string state_directory_for(const Options& options, const std::string& spec_file, const std::string& cluster);
/// Where playbooks/ and manifests/ lie: SLIPWAY_DATA, beside the installed program, or the source tree it was built
/// from.
std::string data_directory();

}  // namespace slipway
