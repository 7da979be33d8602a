#include "artifacts/archive.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "artifacts/tar_writer.h"

#include "tests/unit/artifacts/site.h"

namespace slipway {
namespace {

using testing::Site;

std::string tar_of(const std::function<void(TarWriter&)>& fill) {
  std::string bytes;
  TarWriter tar([&](std::string_view piece) -> Result<void> {
    bytes += piece;
    return {};
  });
  fill(tar);
  EXPECT_TRUE(tar.finish().ok());
  return bytes;
}

std::map<std::string, std::string> listed(const std::string& path) {
  std::map<std::string, std::string> entries;
  const Result<void> read =
      read_archive(path, [&](const ArchiveEntry& entry, const ReadEntry& content) -> Result<Walk> {
        std::string text = std::to_string(entry.mode) + " " + entry.target;
        if (entry.kind == ArchiveEntry::Kind::file) {
          Result<void> got = content([&](std::string_view piece) -> Result<void> {
            text += piece;
            return {};
          });
          if (!got) return std::move(got).error();
        }
        entries[entry.path] = text;
        return Walk::on;
      });
  EXPECT_TRUE(read.ok()) << describe(read.error());
  return entries;
}

TEST(TarWriter, GivesTheSameBytesForTheSameCalls) {
  const auto fill = [](TarWriter& tar) {
    ASSERT_TRUE(tar.add_directory("usr", 0755).ok());
    ASSERT_TRUE(tar.add_text("usr/x", 0755, "content").ok());
    ASSERT_TRUE(tar.add_link("y", "usr/x").ok());
  };
  EXPECT_EQ(tar_of(fill), tar_of(fill));
}

TEST(TarWriter, KeepsLongNamesAndLettersBeyondAscii) {
  Site site;
  const std::string longest = std::string(120, 'd') + "/" + std::string(150, 'f');
  site.write("a.tar", tar_of([&](TarWriter& tar) {
               ASSERT_TRUE(tar.add_text("etc/F\u0151tan\u00fas\u00edtv\u00e1ny.crt", 0644, "x").ok());
               ASSERT_TRUE(tar.add_text(longest, 0600, "y").ok());
               ASSERT_TRUE(tar.add_directory("tmp", 01777).ok());
             }));
  const auto entries = listed(site.path("data/a.tar"));
  EXPECT_EQ(entries.at("etc/F\u0151tan\u00fas\u00edtv\u00e1ny.crt"), "420 x");
  EXPECT_EQ(entries.at(longest), "384 y");
  EXPECT_EQ(entries.at("tmp"), "1023 ");
}

TEST(TarWriter, PassesOnTheSinksError) {
  TarWriter tar([](std::string_view) -> Result<void> { return fail(ErrorKind::quota, "disk full"); });
  Result<void> added = tar.add_text("x", 0644, std::string(4 << 20, 'x'));
  if (added) added = tar.finish();
  ASSERT_FALSE(added.ok());
  EXPECT_EQ(added.error().kind, ErrorKind::quota);
}

TEST(TarWriter, RefusesAStreamOfAnotherSizeThanAnnounced) {
  for (const char* text : {"short", "much longer than that"}) {
    TarWriter tar([](std::string_view) -> Result<void> { return {}; });
    EXPECT_FALSE(tar.add_stream("x", 0644, 10, [&](const TarWriter::Sink& sink) { return sink(text); }).ok());
  }
}

TEST(ExtractMember, FindsItWithOrWithoutLeadingDot) {
  Site site;
  site.write("a.tar", tar_of([](TarWriter& tar) { ASSERT_TRUE(tar.add_text("./bin/tool", 0755, "program").ok()); }));
  ASSERT_TRUE(extract_member(site.path("data/a.tar"), "bin/tool", site.path("tool")).ok());
  EXPECT_EQ(*read_file(site.path("tool")), "program");
  ASSERT_TRUE(extract_member(site.path("data/a.tar"), "./bin/tool", site.path("tool2")).ok());
}

TEST(ExtractMember, NamesWhatTheArchiveHoldsInstead) {
  Site site;
  site.write("a.tar", tar_of([](TarWriter& tar) { ASSERT_TRUE(tar.add_text("bin/tool", 0755, "program").ok()); }));
  const Result<void> none = extract_member(site.path("data/a.tar"), "bin/other", site.path("x"));
  ASSERT_FALSE(none.ok());
  EXPECT_EQ(none.error().kind, ErrorKind::not_found);
  EXPECT_EQ(none.error().found, "bin/tool");
}

TEST(ExtractMember, RefusesWhatIsNoArchive) {
  Site site;
  site.write("a.tar", "<html>sign in first</html>");
  const Result<void> none = extract_member(site.path("data/a.tar"), "x", site.path("x"));
  ASSERT_FALSE(none.ok());
  EXPECT_EQ(none.error().kind, ErrorKind::corrupt);
}

class Escapes : public ::testing::TestWithParam<const char*> {};
TEST_P(Escapes, AreRefused) {
  Site site;
  site.write("a.tar", tar_of([](TarWriter& tar) { ASSERT_TRUE(tar.add_text(GetParam(), 0644, "x").ok()); }));
  const Result<void> unpacked = extract_tree(site.path("data/a.tar"), "m/", site.path("out/inner"));
  ASSERT_FALSE(unpacked.ok());
  EXPECT_EQ(unpacked.error().kind, ErrorKind::corrupt);
  EXPECT_FALSE(std::filesystem::exists(site.path("out/evil")));
}
INSTANTIATE_TEST_SUITE_P(Paths, Escapes, ::testing::Values("m/../evil", "m/a/../../evil", "m/.."));

TEST(ExtractTree, RefusesLinksThatLeadOutside) {
  Site site;
  for (const char* target : {"/etc", "../../x"}) {
    site.write("a.tar", tar_of([&](TarWriter& tar) { ASSERT_TRUE(tar.add_link("m/link", target).ok()); }));
    EXPECT_FALSE(extract_tree(site.path("data/a.tar"), "m/", site.path("out")).ok());
  }
}

TEST(ExtractTree, LeavesOutWhatIsNotBelowThePrefix) {
  Site site;
  site.write("a.tar", tar_of([](TarWriter& tar) {
               ASSERT_TRUE(tar.add_text("m/bin/go", 0644, "go").ok());
               ASSERT_TRUE(tar.add_text("n/x", 0644, "x").ok());
             }));
  ASSERT_TRUE(extract_tree(site.path("data/a.tar"), "m/", site.path("out")).ok());
  EXPECT_EQ(*read_file(site.path("out/bin/go")), "go");
  EXPECT_FALSE(std::filesystem::exists(site.path("out/x")));
}

}  // namespace
}  // namespace slipway
