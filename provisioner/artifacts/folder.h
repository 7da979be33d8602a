#pragma once
#include <string>
#include <vector>

namespace slipway {

/// Paths of what lies in a folder, sorted; empty where it cannot be read.
std::vector<std::string> entries_in(const std::string& folder);
/// Paths of the plain files below a folder at any depth, sorted; links are not followed.
std::vector<std::string> files_below(const std::string& folder);

}  // namespace slipway
