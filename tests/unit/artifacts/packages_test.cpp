// Against the real Debian archive: skipped, loudly, where it is not reached.

#include <gtest/gtest.h>

#include "artifacts/archive.h"
#include "artifacts/package_builds.h"
#include "base/process.h"

#include "tests/unit/artifacts/site.h"

namespace slipway {
namespace {

using namespace slipway::testing;  // NOLINT: the fixtures.

bool out_of_reach(const Error& error) {
  return error.kind == ErrorKind::unavailable || error.kind == ErrorKind::timeout ||
         (error.kind == ErrorKind::not_found &&
          error.output.value_or("").find("Unable to locate") != std::string::npos);
}

TEST(DebianPackage, GivesOneProgram) {
  Site site;
  site.write("versions.yaml",
             "binaries:\n  hello: {version: \"2\", debian: {package: hello, member: usr/bin/hello}}\n");
  const auto store = site.open();
  const Result<ArtifactFile> hello = store->acquire("binary/hello", quietly, soon());
  if (!hello && out_of_reach(hello.error()))
    GTEST_SKIP() << "SKIPPED: the Debian archive is out of reach: " << describe(hello.error());
  ASSERT_TRUE(hello.ok()) << describe(hello.error());
  EXPECT_EQ(hello->source, "debian packages");
  EXPECT_NE(hello->version, "2") << "the package's own version is what is told";
  const Result<std::string> said = run_or_fail({.arguments = {hello->path}, .environment = {{"LC_ALL", "C"}}});
  ASSERT_TRUE(said.ok()) << describe(said.error());
  EXPECT_EQ(*said, "Hello, world!\n");
}

TEST(DebianPackage, WithoutTheMemberIsNotFound) {
  Site site;
  site.write("versions.yaml", "binaries:\n  hello: {version: \"2\", debian: {package: hello, member: usr/bin/nope}}\n");
  const Result<ArtifactFile> hello = site.open()->acquire("binary/hello", quietly, soon());
  ASSERT_FALSE(hello.ok());
  if (out_of_reach(hello.error()))
    GTEST_SKIP() << "SKIPPED: the Debian archive is out of reach: " << describe(hello.error());
  EXPECT_EQ(hello.error().kind, ErrorKind::not_found);
  EXPECT_EQ(hello.error().expected, "usr/bin/nope");
}

TEST(DebianPackage, OfAnotherArchitectureIsNotTaken) {
  Site site;
  const Binary binary{.name = "x", .version = "1", .debian = DebianMember{"hello", "usr/bin/hello"}};
  const Result<std::string> taken = take_from_debian(binary, "riscv64", site.path("work"), site.path("x"), soon());
  ASSERT_FALSE(taken.ok());
  EXPECT_EQ(taken.error().kind, ErrorKind::not_found);
}

TEST(DebianLayer, HoldsAPackageAndWhatItNeeds) {
  Site site;
  site.write(
      "versions.yaml",
      "binaries:\n  a: {version: \"1\", c: {source: builds/a.c}}\n"
      "layers:\n  hello: {suite: bookworm, packages: [hello], directories: [/tmp], exclude: [/usr/share, /var]}\n"
      "images:\n  hello: {reference: \"r.example/hello:1\", layer: hello}\n");
  site.write("builds/a.c", c_program("a"));
  const auto store = site.open();
  const Result<ArtifactFile> layer = store->acquire("layer/hello", quietly, Deadline::in(std::chrono::minutes(3)));
  if (!layer && out_of_reach(layer.error()))
    GTEST_SKIP() << "SKIPPED: the Debian archive is out of reach: " << describe(layer.error());
  if (!layer && layer.error().kind == ErrorKind::not_found) GTEST_SKIP() << "SKIPPED: no mmdebstrap on this machine";
  ASSERT_TRUE(layer.ok()) << describe(layer.error());
  std::map<std::string, int> modes;
  const Result<void> read = read_archive(layer->path, [&](const ArchiveEntry& entry, const ReadEntry&) -> Result<Walk> {
    modes[entry.path] = entry.mode;
    return Walk::on;
  });
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(modes.at("usr/bin/hello"), 0755);
  EXPECT_EQ(modes.at("tmp"), 01777);
  EXPECT_FALSE(modes.contains("usr/share"));
  EXPECT_TRUE(
      std::any_of(modes.begin(), modes.end(), [](const auto& entry) { return entry.first.ends_with("/libc.so.6"); }));
  EXPECT_EQ(store->list().back().record->detail.substr(0, 6), "hello ");
  EXPECT_TRUE(store->acquire("image/hello", quietly, soon()).ok());
}

TEST(CCompiler, BuildsOneFileWithItsFlags) {
  Site site;
  site.write("versions.yaml", "binaries:\n  a: {version: \"1\", c: {source: builds/a.c, flags: [-Os, -static, -s]}}\n");
  site.write("builds/a.c", c_program("built here"));
  const Result<ArtifactFile> program = site.open()->acquire("binary/a", quietly, soon());
  ASSERT_TRUE(program.ok()) << describe(program.error());
  EXPECT_EQ(program->source, "built here");
  EXPECT_EQ(*run_or_fail({.arguments = {program->path}}), "built here\n");
}

TEST(CCompiler, AnswersBrokenSourceInItsOwnWords) {
  Site site;
  site.write("versions.yaml", "binaries:\n  a: {version: \"1\", c: {source: builds/a.c}}\n");
  site.write("builds/a.c", "int main(void) { return undefined_thing; }\n");
  const Result<ArtifactFile> program = site.open()->acquire("binary/a", quietly, soon());
  ASSERT_FALSE(program.ok());
  EXPECT_EQ(program.error().kind, ErrorKind::internal);
  EXPECT_NE(program.error().output.value_or("").find("undefined_thing"), std::string::npos);
}

}  // namespace
}  // namespace slipway
