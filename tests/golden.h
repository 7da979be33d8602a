#pragma once
// Texts that are compared as a whole with a file in the repository. SLIPWAY_ACCEPT=1 rewrites the file and skips, so
// that a test cannot pass by writing what it expects; whoever accepts looks at the difference.

#include <cstdlib>
#include <gtest/gtest.h>
#include <string>

#include "base/file.h"

namespace slipway::testing_support {

inline void expect_golden(const std::string& path, const std::string& text) {
  if (std::getenv("SLIPWAY_ACCEPT")) {
    ASSERT_TRUE(write_file_atomically(path, text));
    GTEST_SKIP() << "wrote " << path;
  }
  const Result<std::string> golden = read_file(path);
  ASSERT_TRUE(golden) << describe(golden.error());
  EXPECT_EQ(*golden, text) << "if this is meant: SLIPWAY_ACCEPT=1, then look at the difference in " << path;
}

}  // namespace slipway::testing_support
