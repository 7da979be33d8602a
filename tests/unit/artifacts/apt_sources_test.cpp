#include "artifacts/apt_sources.h"

#include <gtest/gtest.h>

#include "tests/unit/artifacts/site.h"

namespace slipway {
namespace {

using Lines = std::vector<std::string>;

TEST(AptLines, ComeFromStanzasAndLeaveOthersOut) {
  testing::Site site;
  site.write(
      "sources.list.d/debian.sources",
      "Types: deb deb-src\nURIs: http://mirror.local/debian\nSuites: bookworm\n bookworm-updates\n"
      "Components: main contrib\nSigned-By: /usr/share/keyrings/debian.gpg\n\n"
      "# a comment\nTypes: deb\nURIs: http://mirror.local/security\nSuites: bookworm-security\nComponents: main\n\n"
      "Types: deb\nEnabled: no\nURIs: http://off.local\nSuites: bookworm\nComponents: main\n");
  site.write("sources.list.d/other.list", "deb https://vendor.example/apt stable main\n");
  EXPECT_EQ(apt_lines_for("bookworm", site.path("data")),
            (Lines{"deb [signed-by=/usr/share/keyrings/debian.gpg] http://mirror.local/debian bookworm main",
                   "deb [signed-by=/usr/share/keyrings/debian.gpg] http://mirror.local/debian bookworm-updates main",
                   "deb http://mirror.local/security bookworm-security main"}));
}

TEST(AptLines, ComeFromOneLineSources) {
  testing::Site site;
  site.write("sources.list",
             "# deb http://commented.local bookworm main\n"
             "deb [arch=amd64 signed-by=/k.gpg] http://mirror.local/debian bookworm main non-free # note\n"
             "deb-src http://mirror.local/debian bookworm main\n"
             "deb cdrom:[Debian] bookworm main\n");
  EXPECT_EQ(apt_lines_for("bookworm", site.path("data")),
            (Lines{"deb [signed-by=/k.gpg] http://mirror.local/debian bookworm main"}));
}

TEST(AptLines, AreNoneWhereTheMachineRunsAnotherSuite) {
  testing::Site site;
  site.write("sources.list",
             "deb http://mirror.local/debian trixie main\ndeb http://mirror.local/debian bookworm-updates main\n");
  EXPECT_EQ(apt_lines_for("bookworm", site.path("data")), Lines{});
  EXPECT_EQ(apt_lines_for("bookworm", site.path("nothing-here")), Lines{});
}

}  // namespace
}  // namespace slipway
