#pragma once
#include <string>
#include <vector>

namespace slipway {

/// The lines ("deb URI SUITE main") of this machine's own apt configuration for a suite, its updates and its security
/// fixes, so that packages come from the mirror that its owner chose. Empty where the machine does not use the suite.
/// `directory` holds sources.list and sources.list.d/.
std::vector<std::string> apt_lines_for(const std::string& suite, const std::string& directory = "/etc/apt");

}  // namespace slipway
