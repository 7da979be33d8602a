#include "ssh/remote_command.h"

#include <cstdio>

#include "base/ids.h"
#include "base/text.h"

namespace slipway::ssh {

RemoteCommand remote_command(std::string_view script, bool sudo) {
  const std::string mark = "#slipway-" + random_hex(8);
  RemoteCommand made;
  made.preamble = std::string(script) + "\n" + mark;
  made.begin_line = mark + "\n";
  // One line in single quotes, which every login shell reads alike. `head -c` takes not one byte too many.
  const std::string shell = "_in=$(head -c " + std::to_string(made.preamble.size()) + "); case $_in in *\"" + mark +
                            "\") echo \"" + mark + "\"; eval \"$_in\";; *) exit " + std::to_string(cut_short_status) +
                            ";; esac";
  made.command = std::string("exec ") + (sudo ? "sudo -n " : "") + "/bin/sh -c '" + shell + "'";
  return made;
}

std::string put_script(const std::string& path, uint64_t size, int mode) {
  char octal[16];
  std::snprintf(octal, sizeof octal, "%04o", static_cast<unsigned>(mode) & 07777);
  std::string script = "umask 022\npath=" + shell_quote(path) + "\nsize=" + std::to_string(size) + "\nmode=" + octal;
  script += R"(
folder=${path%/*}
case $folder in "$path") folder=. ;; '') folder=/ ;; esac
[ -d "$folder" ] || mkdir -p -- "$folder" || exit 71
temp=$path.slipway-tmp.$$
trap 'rm -f -- "$temp"' EXIT
trap 'exit 72' HUP INT TERM PIPE
(umask 077 && cat >"$temp") || exit 72
found=$(wc -c <"$temp") || exit 72
[ "$found" -eq "$size" ] || { echo "$found bytes came instead of $size" >&2; exit 73; }
chmod -- "$mode" "$temp" && sync -- "$temp" || exit 72
mv -fT -- "$temp" "$path" || exit 74
)";
  return script;
}

}  // namespace slipway::ssh
