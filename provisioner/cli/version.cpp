#include "cli/version.h"

#include "cli/output.h"

namespace slipway {

const char* version() { return SLIPWAY_VERSION; }

int print_version(const Options& options) {
  const std::string compiler = "g++ " __VERSION__;
  print_result(options, std::string("slipway ") + version() + " (" + SLIPWAY_BUILD_TYPE + ", " + compiler + ")\n",
               {{"format", 1}, {"version", version()}, {"build", SLIPWAY_BUILD_TYPE}, {"compiler", compiler}});
  return 0;
}

}  // namespace slipway
