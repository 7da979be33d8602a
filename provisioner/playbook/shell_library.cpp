#include "playbook/shell_library.h"

#include <cassert>
#include <utility>

#include "base/text.h"

namespace slipway::playbook {

/// Made by the build from shell/*.sh.
extern const std::pair<std::string_view, std::string_view> shell_files[];
extern const size_t shell_file_count;

std::string shell_library(std::string_view name) {
  for (size_t i = 0; i < shell_file_count; ++i) {
    if (shell_files[i].first != name) continue;
    std::string out;
    for (const std::string& line : split(shell_files[i].second, '\n')) {
      const std::string_view bare = trim(line);
      // What every host is sent at every check should be short.
      if (bare.empty() || bare.front() == '#') continue;
      out.append(bare);
      out += '\n';
    }
    return out;
  }
  assert(false && "no such shell library");
  return {};
}

}  // namespace slipway::playbook
