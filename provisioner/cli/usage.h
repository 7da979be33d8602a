#pragma once
// What is wrong with a command line that the parser refuses, and what may have been meant.

#include <string>
#include <vector>

#include "base/error.h"
#include "cli/command_help.h"

namespace slipway {

/// `words` as typed, without the program's name; `problem` are the parser's own words, shown where it is none of the
/// usual slips: a verb or an option that there is not, or no verb at all. Pure; always bad_input.
Error usage_error(const CommandHelp& program, const std::vector<std::string>& words, const std::string& problem);

}  // namespace slipway
