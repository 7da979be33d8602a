#include "cli/places.h"

#include <cstdlib>
#include <filesystem>

namespace slipway {
namespace fs = std::filesystem;

std::string spec_path(const Options& options) {
  if (!options.spec.empty()) return options.spec;
  if (const char* given = std::getenv("SLIPWAY_SPEC"); given && *given) return given;
  return "slipway.yaml";
}

std::string state_directory_for(const Options& options, const std::string& spec_file, const std::string& cluster) {
  if (!options.state_dir.empty()) return options.state_dir;
  const fs::path folder = fs::absolute(spec_file).parent_path();
  return (folder / ".slipway" / cluster).string();
}

std::string data_directory() {
  if (const char* given = std::getenv("SLIPWAY_DATA"); given && *given) return given;
  std::error_code ignored;
  const fs::path installed = fs::read_symlink("/proc/self/exe", ignored).parent_path().parent_path() / "share/slipway";
  if (fs::exists(installed / "playbooks", ignored)) return installed.string();
  // A packaged binary knows no checkout: where its data is missing, errors name the place where it ought to be.
  const std::string checkout = SLIPWAY_SOURCE;
  return checkout.empty() ? installed.string() : checkout;
}

}  // namespace slipway
