#pragma once
#include <string>
#include <string_view>

namespace slipway::playbook {

/// The text of shell/NAME.sh without comments and indentation. REQUIRES: there is such a file.
std::string shell_library(std::string_view name);

}  // namespace slipway::playbook
