#pragma once
#include <string>
#include <string_view>

namespace slipway {

/// What `--help` ends with, and the man page shows: examples of a verb, simplest first, and a note where one is needed.
/// `path` without the program's name: "node add"; empty: the program's own.
std::string examples_of(std::string_view path);

}  // namespace slipway
