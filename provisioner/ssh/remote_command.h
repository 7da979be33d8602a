#pragma once
// How a script reaches a host: one constant command line for the login shell, everything else on standard input.

#include <cstdint>
#include <string>
#include <string_view>

namespace slipway::ssh {

/// One script as it travels. The remote shell reads exactly `preamble` from standard input and runs it as a script,
/// which finds the rest of standard input untouched. Before the script starts, `begin_line` is written to standard
/// output: what came earlier is noise of the login shell, and where it never comes the script never ran. A preamble
/// that arrives cut short is not run.
struct RemoteCommand {
  std::string command;
  std::string preamble;
  std::string begin_line;  ///< With its end of line.
};

/// Exit status of a shell that got only a part of the preamble.
inline constexpr int cut_short_status = 125;

RemoteCommand remote_command(std::string_view script, bool sudo);

/// A script that writes standard input to `path.slipway-tmp.PID` beside `path`, checks that all `size` bytes came,
/// sets the mode, flushes to disk and renames. Missing folders are made. Exits with a status of PutStatus, the reason
/// on standard error; what it began is removed.
std::string put_script(const std::string& path, uint64_t size, int mode);

enum PutStatus { put_done = 0, put_no_folder = 71, put_not_written = 72, put_cut_short = 73, put_not_renamed = 74 };

}  // namespace slipway::ssh
