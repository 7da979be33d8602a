#include "artifacts/folder.h"

#include <algorithm>
#include <filesystem>

namespace slipway {
namespace {

namespace fs = std::filesystem;

template <class Iterator>
std::vector<std::string> collect(const std::string& folder, bool files_only) {
  std::vector<std::string> paths;
  std::error_code failed;
  // Not a range-for: that throws where a folder vanishes while it is read.
  for (Iterator entry(folder, failed), end; !failed && entry != end; entry.increment(failed)) {
    std::error_code gone;
    if (!files_only || (entry->is_regular_file(gone) && !entry->is_symlink(gone))) paths.push_back(entry->path());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

}  // namespace

std::vector<std::string> entries_in(const std::string& folder) {
  return collect<fs::directory_iterator>(folder, false);
}

std::vector<std::string> files_below(const std::string& folder) {
  return collect<fs::recursive_directory_iterator>(folder, true);
}

}  // namespace slipway
