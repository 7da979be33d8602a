#pragma once
// Two channels: results on stdout, talk on stderr.

#include <string>

#include "base/error.h"
#include "base/json.h"
#include "cli/options.h"

namespace slipway {

/// Prints to stdout: the document in JSON mode, the text otherwise.
void print_result(const Options& options, const std::string& text, const Value& document);
/// A line to stderr.
void say(const std::string& text);
/// Prints the error (stderr; in JSON mode also a document on stdout) and answers its exit code.
int report_error(const Options& options, const Error& error);
/// Asks on the terminal; without one, or with --yes, answers `options.yes`.
bool confirmed(const Options& options, const std::string& question);

}  // namespace slipway
