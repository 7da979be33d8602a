#pragma once
#include <CLI/CLI.hpp>

#include "cli/command_help.h"

namespace slipway {

/// The parser's own tables as data; hidden verbs (group "") are left out.
CommandHelp command_help(const CLI::App& app);

}  // namespace slipway
