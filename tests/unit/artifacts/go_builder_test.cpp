#include "artifacts/go_builder.h"

#include <gtest/gtest.h>

#include "artifacts/go_toolchain.h"
#include "artifacts/tar_writer.h"
#include "base/process.h"

#include "tests/unit/artifacts/site.h"
#include "tests/unit/http/test_server.h"

namespace slipway {
namespace {

using namespace slipway::testing;  // NOLINT: the fixtures.

constexpr const char* minimum = "1.20";

bool have_go() {
  Command command{.arguments = {"go", "env", "GOVERSION"}};
  const Result<std::string> version = run_or_fail(command);
  return version && go_is_at_least(*version, minimum);
}

#define NEEDS_GO() \
  if (!have_go()) GTEST_SKIP() << "SKIPPED: no Go " << minimum << " or newer on this machine, so nothing was built"

/// Two commands of one module, and one of another, out of the standard library alone.
void write_modules(const Site& site) {
  site.share_go_cache(SLIPWAY_TEST_GO_CACHE);
  const std::string main =
      "package main\nimport \"fmt\"\nvar version = \"unset\"\nfunc main() { fmt.Println(name, version) }\n";
  site.write("builds/tools/go.mod", "module example.org/tools\n\ngo 1.20\n");
  site.write("builds/tools/cmd/one/v2/main.go", main + "const name = \"one\"\n");
  site.write("builds/tools/cmd/two/main.go", main + "const name = \"two\"\n");
  site.write("builds/lone/go.mod", "module example.org/lone\n\ngo 1.20\n");
  site.write("builds/lone/main.go", main + "const name = \"lone\"\n");
  site.write("builds/broken/go.mod", "module example.org/broken\n\ngo 1.20\n");
  site.write("builds/broken/main.go", "package main\nfunc main() { undefined_thing() }\n");
  const std::string stamp = "ldflags: [\"-X main.version=v{version}\"]";
  site.write(
      "versions.yaml",
      std::string("go: {minimum: \"") + minimum +
          "\", flags: [-mod=readonly, -trimpath, -buildvcs=false], ldflags: [-s, -w, \"-buildid=\"]}\nbinaries:\n"
          "  one: {version: 1.2.3, go: {module: tools, package: example.org/tools/cmd/one/v2, " +
          stamp +
          "}}\n"
          "  two: {version: 1.2.3, go: {module: tools, package: example.org/tools/cmd/two, " +
          stamp +
          "}}\n"
          "  tagged: {version: 1.2.3, go: {module: tools, package: example.org/tools/cmd/two, tags: [x], " +
          stamp +
          "}}\n"
          "  lone: {version: 4.5.6, go: {module: lone, package: ., " +
          stamp +
          "}}\n"
          "  broken: {version: \"1\", go: {module: broken, package: .}}\n");
}

std::string output_of(const std::string& program) {
  const Result<std::string> said = run_or_fail({.arguments = {program}});
  return said ? *said : describe(said.error());
}

TEST(GoIsAtLeast, ComparesNumbersNotText) {
  EXPECT_TRUE(go_is_at_least("go1.26.8", "1.26.3"));
  EXPECT_TRUE(go_is_at_least("go1.26.3", "1.26.3"));
  EXPECT_TRUE(go_is_at_least("go1.100", "1.26.3"));
  EXPECT_TRUE(go_is_at_least("go1.27rc1", "1.26.3"));
  EXPECT_TRUE(go_is_at_least("go2.0", "1.26"));
  EXPECT_FALSE(go_is_at_least("go1.26.2", "1.26.3"));
  EXPECT_FALSE(go_is_at_least("go1.9", "1.26"));
  EXPECT_FALSE(go_is_at_least("devel", "1.26"));
  EXPECT_FALSE(go_is_at_least("", "1.26"));
}

TEST(GoBuilder, OneCallMakesAllCommandsBuiltAlike) {
  NEEDS_GO();
  Site site;
  write_modules(site);
  const auto store = site.open();
  const Result<ArtifactFile> one = store->acquire("binary/one", quietly, soon());
  ASSERT_TRUE(one.ok()) << describe(one.error());
  EXPECT_EQ(one->source, "go modules");
  EXPECT_EQ(output_of(one->path), "one v1.2.3\n");
  const std::optional<ArtifactFile> two = store->find("binary/two");
  ASSERT_TRUE(two);
  EXPECT_EQ(output_of(two->path), "two v1.2.3\n");
  EXPECT_FALSE(store->find("binary/tagged"));
  EXPECT_FALSE(store->find("binary/lone"));
}

TEST(GoBuilder, BuildsTheFolderItself) {
  NEEDS_GO();
  Site site;
  write_modules(site);
  const Result<ArtifactFile> lone = site.open()->acquire("binary/lone", quietly, soon());
  ASSERT_TRUE(lone.ok()) << describe(lone.error());
  EXPECT_EQ(output_of(lone->path), "lone v4.5.6\n");
}

TEST(GoBuilder, GivesTheSameBytesInAnotherPlace) {
  NEEDS_GO();
  Site here, there;
  write_modules(here);
  write_modules(there);
  const Result<ArtifactFile> one = here.open()->acquire("binary/lone", quietly, soon());
  const Result<ArtifactFile> other = there.open()->acquire("binary/lone", quietly, soon());
  ASSERT_TRUE(one.ok() && other.ok());
  EXPECT_EQ(one->sha256, other->sha256);
}

TEST(GoBuilder, TheUsersOwnGoSettingsChangeNothing) {
  NEEDS_GO();
  Site plain, odd;
  write_modules(plain);
  write_modules(odd);
  const Result<ArtifactFile> one = plain.open()->acquire("binary/lone", quietly, soon());
  ::setenv("GOFLAGS", "-ldflags=-X=main.version=hijacked -tags=odd", 1);
  ::setenv("GOWORK", "/no/such/go.work", 1);
  const Result<ArtifactFile> other = odd.open()->acquire("binary/lone", quietly, soon());
  ::unsetenv("GOFLAGS");
  ::unsetenv("GOWORK");
  ASSERT_TRUE(one.ok());
  ASSERT_TRUE(other.ok()) << describe(other.error());
  EXPECT_EQ(one->sha256, other->sha256);
}

TEST(GoBuilder, BrokenSourceIsToldInTheCompilersWords) {
  NEEDS_GO();
  Site site;
  write_modules(site);
  const Result<ArtifactFile> broken = site.open()->acquire("binary/broken", quietly, soon());
  ASSERT_FALSE(broken.ok());
  EXPECT_EQ(broken.error().kind, ErrorKind::internal);
  EXPECT_NE(broken.error().output.value_or("").find("undefined_thing"), std::string::npos);
  EXPECT_TRUE(std::filesystem::is_empty(site.cache() + "/work"));
}

TEST(GoBuilder, ModuleWithoutItsChecksumIsNotTaken) {
  NEEDS_GO();
  Site site;
  write_modules(site);
  site.write("builds/lone/go.mod", "module example.org/lone\n\ngo 1.20\n\nrequire golang.org/x/text v0.14.0\n");
  site.write("builds/lone/main.go",
             "package main\nimport \"golang.org/x/text/language\"\nfunc main() { _ = language.English }\n");
  const Result<ArtifactFile> lone = site.open()->acquire("binary/lone", quietly, soon());
  ASSERT_FALSE(lone.ok());
  EXPECT_NE(lone.error().output.value_or("").find("go.sum"), std::string::npos) << describe(lone.error());
}

TEST(BuildFailure, KindFollowsFromTheToolsWords) {
  EXPECT_EQ(kind_of_build_failure("go: dial tcp: lookup modules.example.org: no such host"), ErrorKind::unavailable);
  EXPECT_EQ(kind_of_build_failure("verifying x: checksum mismatch\nSECURITY ERROR"), ErrorKind::verification);
  EXPECT_EQ(kind_of_build_failure("write /tmp/x: no space left on device"), ErrorKind::quota);
  EXPECT_EQ(kind_of_build_failure("main.go:2: undefined: x"), ErrorKind::internal);
}

/// A module proxy that serves a toolchain whose "compiler" writes a script in place of each program.
class ToolchainTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string go =
        "#!/bin/sh\n"
        "while [ $# -gt 0 ]; do case \"$1\" in -o) out=$2; shift;; *) package=$1;; esac; shift; done\n"
        "[ \"$GOTOOLCHAIN $GOENV $CGO_ENABLED\" = 'local off 0' ] || exit 7\n"
        "printf '#!/bin/sh\\necho made by 99.0.0\\n' >\"$out/${package##*/}\"\n";
    TarWriter tar([&](std::string_view piece) -> Result<void> {
      archive += piece;
      return {};
    });
    const std::string root = "golang.org/toolchain@v0.0.1-go99.0.0.linux-" + machine_architecture() + "/";
    ASSERT_TRUE(tar.add_text(root + "bin/go", 0644, go).ok());
    ASSERT_TRUE(tar.add_text(root + "pkg/tool/compile", 0644, "").ok());
    ASSERT_TRUE(tar.finish().ok());
    site.write("builds/tools/go.mod", "module example.org/tools\n");
  }
  void TearDown() override { ::unsetenv("GOPROXY"); }
  void write_versions(const std::string& sum) {
    site.write("versions.yaml",
               "go: {minimum: \"99.0.0\", toolchain: {version: \"99.0.0\", sha256: {" + machine_architecture() + ": " +
                   sum +
                   "}}}\nbinaries:\n  one: {version: \"1\", go: {module: tools, package: example.org/tools/one}}\n");
  }
  Site site;
  std::string archive;
};

TEST_F(ToolchainTest, PinnedOneIsTakenFromTheModuleProxyWhereTheMachinesIsTooOld) {
  TestServer proxy([&](Connection& connection, const Received& request) { connection.file(request, archive); });
  ::setenv("GOPROXY", (proxy.url("/mods") + ",direct").c_str(), 1);
  write_versions(sha256(archive));
  const Result<ArtifactFile> one = site.open()->acquire("binary/one", quietly, soon());
  ASSERT_TRUE(one.ok()) << describe(one.error());
  EXPECT_EQ(output_of(one->path), "made by 99.0.0\n");
  EXPECT_EQ(proxy.requests().back().target,
            "/mods/golang.org/toolchain/@v/v0.0.1-go99.0.0.linux-" + machine_architecture() + ".zip");
  EXPECT_EQ(site.open()->list().at(0).record->detail, "go99.0.0");
}

TEST_F(ToolchainTest, AnotherThanThePinnedOneIsRefused) {
  TestServer proxy([&](Connection& connection, const Received& request) { connection.file(request, archive); });
  ::setenv("GOPROXY", proxy.url("").c_str(), 1);
  write_versions(sha256("another"));
  const Result<ArtifactFile> one = site.open()->acquire("binary/one", quietly, soon());
  ASSERT_FALSE(one.ok());
  EXPECT_EQ(one.error().kind, ErrorKind::verification);
}

TEST_F(ToolchainTest, NoProxyAtAllSaysWhatToInstall) {
  ::setenv("GOPROXY", "off", 1);
  write_versions(sha256(archive));
  const Result<ArtifactFile> one = site.open()->acquire("binary/one", quietly, soon());
  ASSERT_FALSE(one.ok());
  EXPECT_EQ(one.error().kind, ErrorKind::not_found);
  EXPECT_NE(one.error().advice.find("install Go 99.0.0 or newer"), std::string::npos) << describe(one.error());
}

}  // namespace
}  // namespace slipway
